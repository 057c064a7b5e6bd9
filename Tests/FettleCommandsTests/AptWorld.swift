import FettleDriverKit
import FettleDrivers
import FettleModel
import Foundation
import Testing

/// A mirror, and hosts with an apt of their own, in folders of a test: the real programs, and nothing of this machine's own packages.
struct AptWorld {
    let folder: TestFolder

    static var isAvailable: Bool {
        ["/usr/bin/apt-get", "/usr/bin/dpkg-deb", "/usr/bin/apt-ftparchive", "/usr/bin/gpg"]
            .allSatisfy(FileManager.default.isExecutableFile)
    }

    var mirror: URL { folder.file("mirror") }

    /// Publishes one package at one version, and nothing else any more.
    func publish(_ name: String, _ version: String, content: String? = nil) throws {
        let tree = folder.file("tree")
        try? FileManager.default.removeItem(at: tree)
        try folder.write(
            """
            Package: \(name)
            Version: \(version)
            Architecture: all
            Maintainer: a <a@example.org>
            Description: a probe
             more words
             .
             end

            """, to: "tree/DEBIAN/control")
        try folder.write(content ?? version, to: "tree/usr/share/\(name)/version")
        try FileManager.default.createDirectory(at: mirror, withIntermediateDirectories: true)
        for old in try FileManager.default.contentsOfDirectory(at: mirror, includingPropertiesForKeys: nil) {
            try FileManager.default.removeItem(at: old)
        }
        try run(
            "dpkg-deb --root-owner-group -b \(tree.path) \(mirror.path)/\(name).deb && cd \(mirror.path) && "
                + "apt-ftparchive packages . >Packages && apt-ftparchive release . >../Release && mv ../Release .")
    }

    /// A machine whose apt knows these sources alone.
    ///
    /// - Returns: the path of its configuration.
    @discardableResult
    func host(_ name: String, sources: String) throws -> String {
        let root = folder.file(name).path
        for part in ["etc/apt/sources.list.d", "state/lists/partial", "cache/archives/partial", "log", "root"] {
            try FileManager.default.createDirectory(
                at: folder.file("\(name)/\(part)"), withIntermediateDirectories: true)
        }
        try FileManager.default.createDirectory(
            at: folder.file("\(name)/root/var/lib/dpkg/info"), withIntermediateDirectories: true)
        try FileManager.default.createDirectory(
            at: folder.file("\(name)/root/var/lib/dpkg/updates"), withIntermediateDirectories: true)
        try folder.write("", to: "\(name)/root/var/lib/dpkg/status")
        try folder.write(sources, to: "\(name)/etc/apt/sources.list.d/a.sources")
        try folder.write(
            """
            Dir "\(root)"; Dir::Etc "\(root)/etc/apt"; Dir::State "\(root)/state"; Dir::Cache "\(root)/cache";
            Dir::State::status "\(root)/root/var/lib/dpkg/status"; Dir::Log "\(root)/log";
            Dir::Bin::methods "/usr/lib/apt/methods"; APT::Sandbox::User ""; APT::Architecture "amd64";
            APT::Architectures { "amd64"; }; DPkg::Options { "--root=\(root)/root"; "--force-not-root"; "--log=\(root)/log/dpkg"; };

            """, to: "\(name)/apt.conf")
        return folder.file("\(name)/apt.conf").path
    }

    static func trusted(_ mirror: URL) -> String { "Types: deb\nURIs: file:\(mirror.path)\nSuites: ./\nTrusted: yes\n" }

    /// As the host would: `apt-get update`, `apt-get install`.
    @discardableResult
    func apt(_ words: String, on name: String, fails: Bool = false) throws -> String {
        try run("apt-get -q -y \(words)", settings: ["APT_CONFIG": folder.file("\(name)/apt.conf").path], fails: fails)
    }

    /// - Returns: what it printed.
    @discardableResult
    func run(_ script: String, settings: [String: String] = [:], fails: Bool = false) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script]
        process.environment = [
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive",
        ]
        .merging(settings) { $1 }
        let place = folder.file("said-\(UUID().uuidString)")
        try Data().write(to: place)
        let file = try FileHandle(forWritingTo: place)
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = file
        process.standardError = file
        try process.run()
        process.waitUntilExit()
        let told = String(decoding: (try? Data(contentsOf: place)) ?? Data(), as: UTF8.self)
        #expect((process.terminationStatus == 0) != fails, "\(script): \(process.terminationStatus)\n\(told)")
        return told
    }
}

/// The way to a host of `AptWorld`: this machine's shell, with that host's apt.
struct AptWorldChannels: ChannelProvider {
    let inner = LocalConnection()
    let configuration: String
    /// Of what `dd` sends, in bytes; nil: all.
    var longestPiece: Int?

    func channel(to address: ResourceAddress) async throws(AccessError) -> any CommandChannel {
        AptWorldChannel(
            inner: try await inner.channel(to: address), configuration: configuration, longestPiece: longestPiece)
    }
}

private struct AptWorldChannel: CommandChannel {
    let inner: any CommandChannel
    let configuration: String
    let longestPiece: Int?

    func run(_ command: RemoteCommand) async throws(AccessError) -> CommandResult {
        var command = command
        var isPiece = false
        if case .script(let text) = command.program {
            isPiece = text.hasPrefix("dd ")
            command.program = .script("export APT_CONFIG='\(configuration)'\n\(text)")
        }
        var result = try await inner.run(command)
        if let longestPiece, isPiece { result.standardOutput = Array(result.standardOutput.prefix(longestPiece)) }
        return result
    }

    func close() async { await inner.close() }
}
