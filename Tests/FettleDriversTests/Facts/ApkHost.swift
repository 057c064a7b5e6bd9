import FettleDriverKit
import FettleModel
import Foundation

/// A folder that stands for an Alpine host: its database, its cached list, and a program that answers for `apk`. Scripts run in this
/// machine's shells, with the host's paths put before theirs.
final class ApkHost {
    let root: URL
    private let manager = FileManager.default

    init() throws {
        root = manager.temporaryDirectory.appendingPathComponent("fettle-apk-\(UUID().uuidString)")
        for folder in [
            "bin", "lib/apk/db", "etc/apk/keys", "etc/apk/cache", "var/cache/apk", "tmp", "repository/x86_64",
        ] {
            try manager.createDirectory(at: root.appendingPathComponent(folder), withIntermediateDirectories: true)
        }
        for file in ["lib/apk/db/triggers", "lib/apk/db/scripts.tar"] { try write("", to: file) }
        try write("x86_64\n", to: "etc/apk/arch")
        try write("openssl\nca-certificates\nbusybox\nssl_client\n", to: "etc/apk/world")
        try write("\(root.path)/repository\n", to: "etc/apk/repositories")
    }

    deinit { try? manager.removeItem(at: root) }

    func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: root.appendingPathComponent(path))
    }

    /// What stands where `apk` is called.
    func answer(with script: String) throws {
        try write("#!/bin/sh\n\(script)\n", to: "bin/apk")
        try Program.enable(root.appendingPathComponent("bin/apk").path)
    }

    /// A list of the repository as apk fetches it: a compressed archive, also in the cache.
    func offer(_ index: String) async throws {
        try write(index, to: "APKINDEX")
        let make = "cd '\(root.path)' && tar czf repository/x86_64/APKINDEX.tar.gz APKINDEX"
        let copy = "cp repository/x86_64/APKINDEX.tar.gz var/cache/apk/APKINDEX.0a1b2c3d.tar.gz"
        _ = try await ShellRunner().run(RemoteCommand(script: "\(make) && \(copy)"))
    }

    func channel(shell: [String] = ["/bin/sh"]) -> any ChannelProvider & CommandChannel {
        var runner = ShellRunner(shell: shell)
        runner.environment["PATH"] = "\(root.path)/bin:\(runner.environment["PATH"] ?? "")"
        return Rooted(runner: runner, root: root.path)
    }

    private struct Rooted: ChannelProvider, CommandChannel {
        var runner: ShellRunner
        var root: String

        func channel(to address: ResourceAddress) async throws(AccessError) -> any CommandChannel { self }

        func run(_ command: RemoteCommand) async throws(AccessError) -> CommandResult {
            guard case .script(var text) = command.program else {
                throw AccessError(.spawn, "no script", host: "test")
            }
            for path in ["/lib/apk/db/", "/etc/apk/cache/", "/var/cache/apk/"] {
                text = text.replacing("/usr\(path)", with: "/nowhere/").replacing(path, with: "\(root)\(path)")
            }
            return try await runner.run(
                RemoteCommand(script: text, timeout: command.timeout, outputLimit: command.outputLimit))
        }

        func close() async {}
    }
}

extension ApkHost {
    /// One paragraph of apk's database and of its lists.
    static func paragraph(
        _ name: String, _ version: String, source: String? = nil, needs: String = "", architecture: String = "x86_64",
        bytes: Int = 1_000
    ) -> String {
        // A checksum of its own for each, in the form that apk reads.
        let letters = Array("\(name)-\(version)--------------------".utf8.prefix(20))
        let checksum = "Q1" + Data(letters).base64EncodedString()
        let lines = [
            "C:\(checksum)", "P:\(name)", "V:\(version)", "A:\(architecture)", "S:\(bytes)", "I:\(bytes * 3)", "T:t",
            "U:u", "L:MIT",
        ]
        return (lines + ["o:\(source ?? name)"] + (needs.isEmpty ? [] : ["D:\(needs)"])).joined(separator: "\n") + "\n"
    }

    static let installed =
        [
            paragraph("busybox", "1.36.1-r15"), paragraph("ssl_client", "1.36.1-r15", source: "busybox"),
            paragraph("libcrypto3", "3.1.4-r2", source: "openssl"),
            paragraph("libssl3", "3.1.4-r2", source: "openssl", needs: "libcrypto3=3.1.4-r2"),
            paragraph("openssl", "3.1.4-r2", needs: "libssl3=3.1.4-r2"),
            paragraph("ca-certificates", "20230506-r0", architecture: "noarch"),
        ].joined(separator: "\n") + "\n"

    static let offers =
        [
            paragraph("busybox", "1.36.1-r20", bytes: 508_441),
            paragraph("ssl_client", "1.36.1-r20", source: "busybox", bytes: 4_786),
            paragraph("libcrypto3", "3.1.7-r0", source: "openssl", bytes: 1_711_000),
            paragraph("libssl3", "3.1.7-r0", source: "openssl", needs: "libcrypto3=3.1.7-r0", bytes: 250_100),
            paragraph("openssl", "3.1.7-r0", needs: "libssl3=3.1.7-r0", bytes: 310_000),
            paragraph("openssl", "3.1.4-r2", needs: "libssl3=3.1.4-r2", bytes: 300_000),
            paragraph("bash", "5.2.21-r0", needs: "ncurses", bytes: 600_000),
            paragraph("ncurses", "6.4_p20231125-r0", architecture: "noarch", bytes: 200_000),
        ].joined(separator: "\n") + "\n"
}
