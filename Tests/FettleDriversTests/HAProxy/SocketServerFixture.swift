import FettleTestSupport
import Foundation
import Testing

@testable import FettleDrivers

/// Something at the end of a UNIX socket that is not HAProxy.
final class SocketServerFixture: @unchecked Sendable {
    enum Behaviour: Sendable {
        case never
        case quickly(bytes: Int)
        /// A byte every ten milliseconds.
        case slowly(bytes: Int)
    }

    private static let program = """
        import socket, sys, threading, time
        kind, count = sys.argv[2], int(sys.argv[3])
        server = socket.socket(socket.AF_UNIX)
        server.bind(sys.argv[1])
        server.listen(16)
        def serve(client):
            try:
                client.recv(4096)
                if kind == 'never': time.sleep(600)
                elif kind == 'slowly':
                    for _ in range(count):
                        client.sendall(b'x')
                        time.sleep(0.01)
                else:
                    block = b'x' * 65536
                    while count > 0 and serve.left > 0:
                        client.sendall(block[:serve.left])
                        serve.left -= len(block)
            except OSError: pass
            client.close()
        serve.left = count
        while True:
            client, _ = server.accept()
            threading.Thread(target=serve, args=(client,), daemon=True).start()
        """

    let path: String
    private let process = Process()

    init(_ behaviour: Behaviour) async throws {
        path = FileManager.default.temporaryDirectory.appending(path: "fettle-s\(UInt32.random(in: 0 ... .max))").path
        let arguments =
            switch behaviour {
            case .never: ["never", "0"]
            case .quickly(let bytes): ["quickly", String(bytes)]
            case .slowly(let bytes): ["slowly", String(bytes)]
            }
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", Self.program, path] + arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let path = path
        try await eventually("somebody listens") {
            _ = try await SocketConversation.hold(
                with: .unix(path), sending: [], limit: 0, timeout: .seconds(1))
            return true
        }
    }

    deinit {
        process.end()
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// Runs shell text on this machine with nothing on its `PATH` but what is named.
enum ShellScript {
    static func path(of program: String) -> String? {
        ["/usr/bin/", "/bin/", "/usr/local/bin/"].map { $0 + program }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    static func run(
        _ script: String, input: String, programs: [String], as user: String? = nil
    ) throws -> (status: Int32, output: String) {
        let bin = FileManager.default.temporaryDirectory.appending(path: "fettle-b\(UInt32.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: bin, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: bin) }
        for program in programs {
            guard let target = path(of: program) else { continue }
            try FileManager.default.createSymbolicLink(
                at: bin.appending(path: program), withDestinationURL: URL(filePath: target))
        }
        let process = Process()
        process.executableURL = URL(filePath: user == nil ? "/bin/sh" : "/usr/bin/setpriv")
        let identity = user.map { ["--reuid", $0, "--clear-groups", "/bin/sh"] } ?? []
        process.arguments = identity + ["-c", script]
        process.environment = ["PATH": bin.path, "LC_ALL": "C"]
        let (standardInput, standardOutput) = (Pipe(), Pipe())
        process.standardInput = standardInput
        process.standardOutput = standardOutput
        process.standardError = FileHandle.nullDevice
        try process.run()
        try standardInput.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try standardInput.fileHandleForWriting.close()
        let output = try standardOutput.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}
