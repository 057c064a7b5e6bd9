import FettleTestSupport
import Foundation

/// A server in Python with a directory of its own, in which it says which port the system gave it.
final class PythonServer: @unchecked Sendable {
    let directory: URL
    private let process = Process()

    /// - Parameters:
    ///   - program: writes files to the directory that it is started in.
    ///   - prepare: makes what it needs there.
    init(_ program: String, _ arguments: [String] = [], prepare: (URL) throws -> Void = { _ in }) throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "fettle-p\(UInt32.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try prepare(directory)
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", program] + arguments
        process.currentDirectoryURL = directory
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    func port(_ name: String = "port") async throws -> Int { try await number(in: directory.appending(path: name)) }

    func stop() { process.end() }

    deinit {
        stop()
        try? FileManager.default.removeItem(at: directory)
    }
}

extension PythonServer {
    /// One that finds a certificate where it is started.
    convenience init(encrypted program: String, _ arguments: [String] = []) throws {
        try self.init(program, arguments) { directory in
            let made = try ShellScript.run(
                "cd '\(directory.path)'\n{\n\(Self.certificates)\n} 2>&1", input: "", programs: ["openssl", "printf"])
            guard made.status == 0 else { throw TimedOut(description: "openssl made no certificates") }
        }
    }

    /// An authority of its own, a certificate of it (`node.pem`, `node.key`), and an authority that has nothing to do with it.
    private static let certificates = """
        set -e
        key='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
        openssl req -x509 $key -days 5 -keyout ca.key -out ca.pem -subj /CN=cluster
        openssl req -x509 $key -days 5 -keyout other.key -out other.pem -subj /CN=other
        openssl req $key -keyout node.key -out node.csr -subj /CN=localhost
        printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\\n' > names
        openssl x509 -req -in node.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 5 -extfile names -out node.pem
        """
}
