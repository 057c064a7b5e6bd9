public import Foundation

/// moto, which answers as AWS does (https://docs.getmoto.org), on a free port of this machine; started by `Tests/Fixtures/aws/serve.py`.
public final class MotoServer {
    public static let product = InstalledProduct("moto")

    /// Where it answers, such as `http://127.0.0.1:4321`.
    public let address: String
    /// A folder of its own that holds AWS's command as `aws`; gone when this is.
    public let folder: URL
    /// For AWS's command: credentials that are moto's alone, and nothing of whoever runs the tests.
    public let settings: [String: String]
    private let server = Process()
    private let input = Pipe()

    /// A secret that must not be seen anywhere.
    public static let secret = "a-secret-of-moto-alone"

    public struct NotStarted: Error {}

    public init() throws {
        guard let product = Self.product else { throw NotStarted() }
        folder = FileManager.default.temporaryDirectory.appending(path: "fettle-aws-\(UInt32.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: folder.appending(path: "aws").path, withDestinationPath: "\(product.folder)/bin/aws")
        let nowhere = folder.appending(path: "nothing").path
        settings = [
            "AWS_ACCESS_KEY_ID": "of-moto", "AWS_SECRET_ACCESS_KEY": Self.secret, "AWS_REGION": "eu-central-1",
            "AWS_CONFIG_FILE": nowhere, "AWS_SHARED_CREDENTIALS_FILE": nowhere, "AWS_EC2_METADATA_DISABLED": "true",
            "PATH": "\(folder.path):/usr/bin:/bin",
        ]
        let output = Pipe()
        server.executableURL = URL(fileURLWithPath: product.python)
        let tree = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        server.arguments = [tree.appending(path: "Tests/Fixtures/aws/serve.py").path]
        server.standardInput = input
        server.standardOutput = output
        server.standardError = FileHandle.nullDevice
        try server.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard let port = Int(line.trimmingCharacters(in: .whitespacesAndNewlines)) else { throw NotStarted() }
        address = "http://127.0.0.1:\(port)"
    }

    public func stop() {
        try? input.fileHandleForWriting.close()
        server.waitUntilExit()
    }

    deinit {
        stop()
        try? FileManager.default.removeItem(at: folder)
    }
}
