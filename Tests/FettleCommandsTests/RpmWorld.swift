import FettleModel
import Foundation
import Testing

/// A host's rpm database and kept packages, in folders of a test: the real programs, and nothing of this machine's own.
struct RpmWorld {
    let folder: TestFolder

    static var isAvailable: Bool {
        ["rpm", "rpmbuild", "rpmsign", "createrepo_c", "gpg"]
            .allSatisfy { FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)") }
    }

    /// Where staging keeps packages on a host.
    var kept: URL { folder.file("cache/fettle/rpms") }
    private var key: [String: String] { ["GNUPGHOME": folder.file("maker").path] }

    /// With a database that knows one maker's key.
    init(_ folder: TestFolder) throws {
        self.folder = folder
        for part in ["cache/fettle/rpms", "database"] {
            try FileManager.default.createDirectory(at: folder.file(part), withIntermediateDirectories: true)
        }
        try FileManager.default.createDirectory(
            at: folder.file("maker"), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try run(
            "gpg --batch --quiet --passphrase '' --quick-generate-key 'Maker <maker@example.org>' rsa2048 sign never")
        try run("gpg --armor --export >\(folder.file("maker.asc").path)")
        let database = folder.file("database").path
        try run("rpm --dbpath \(database) --initdb")
        try run("rpm --dbpath \(database) --import \(folder.file("maker.asc").path)")
    }

    /// Ends what gpg has started.
    func end() throws { try run("gpgconf --kill gpg-agent") }

    /// - Parameter content: two packages with the same name and version differ by it. Without it they may be the same to the byte:
    ///   what else is in them is the second when they were made.
    /// - Returns: the package.
    @discardableResult
    func build(_ package: PackageVersion, content: String = "probe", isSigned: Bool = true) throws -> URL {
        let parts = package.version.split(separator: ":")
        let halves = (parts.last ?? "").split(separator: "-")
        try folder.write(
            """
            Name: \(package.name)
            \(parts.count == 2 ? "Epoch: \(parts[0])" : "")
            Version: \(halves[0])
            Release: \(halves[1])
            Summary: a probe
            License: none
            BuildArch: \(package.architecture)
            Provides: \(content)-of-\(package.name)
            %description
            a probe
            %files

            """, to: "\(package.name).spec")
        let file = "\(package.name)-\(halves[0])-\(halves[1]).\(package.architecture).rpm"
        let top = folder.file("built").path
        try run(
            "rpmbuild --quiet -bb --define '_topdir \(top)' --define '_rpmdir \(kept.path)' "
                + "--define '_rpmfilename \(file)' \(folder.file("\(package.name).spec").path)")
        if isSigned {
            try run(
                "rpmsign --define '_gpg_name maker@example.org' --define '__gpg /usr/bin/gpg' --addsign "
                    + kept.appending(path: file).path)
        }
        return kept.appending(path: file)
    }

    /// - Returns: what it printed.
    @discardableResult
    func run(_ script: String, settings: [String: String] = [:], fails: Bool = false) throws -> String {
        try AptWorld(folder: folder).run(script, settings: key.merging(settings) { $1 }, fails: fails)
    }

    /// The real program, whose own host, this machine, has the database and the packages of the test, in a mount namespace of its own.
    ///
    /// - Parameter before: what else is to be so there.
    /// - Returns: what it printed.
    func fettle(_ line: String, before: String = ":", exits: Int32 = 0) throws -> String {
        let script = """
            mount --bind \(folder.file("database").path) /var/lib/rpm && mount --bind \(folder.file("cache").path) /var/cache &&
            \(before) && exec "$@"
            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
        process.arguments =
            ["-m", "/bin/sh", "-c", script, "fettle", try Program.path()] + line.split(separator: " ").map(String.init)
        process.currentDirectoryURL = folder.url
        process.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("FETTLE_") }
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == exits, "\(line): \(process.terminationStatus)\n\(said)")
        return said
    }
}
