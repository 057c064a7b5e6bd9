import Foundation

@testable import FettleImages

/// A real Debian system of the lab's cached base, as a bare file system, with a package source of its own: no network is needed.
///
/// The source offers one package, `fettle-trial`, whose script writes down what a package's script can do while an image is patched.
struct SmallImage {
    let folder: String
    var image: String { "\(folder)/base.raw" }

    /// The lab's base, or a directory that `FETTLE_BASE_ROOT` names.
    static let base: String? = {
        if let named = ProcessInfo.processInfo.environment["FETTLE_BASE_ROOT"] { return named }
        let lab = ProcessInfo.processInfo.environment["FETTLE_LAB_DIR"] ?? "/var/tmp/fettle-lab"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(lab)/cache")) ?? []
        return names.sorted().first { $0.hasPrefix("debian-") && !$0.hasSuffix(".building") }
            .map { "\(lab)/cache/\($0)" }
    }()

    /// Mounting takes root, and the programs that patching takes.
    static var isPossible: Bool {
        base != nil && ["debugfs", "dpkg-deb"].allSatisfy { ImageTools.path(of: $0) != nil }
            && (try? ImageTools.require(format: .raw, boots: false)) != nil
    }

    /// - Parameters:
    ///   - script: lines of the package's script after those that look around.
    ///   - test: lines of what the image has in the place of `/usr/bin/test`, which is the first of its programs that run.
    init(script: String = "", test: ((_ folder: String) -> String)? = nil) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "image-\(UInt32.random(in: 0...(.max)))").path
        try FileManager.default.createDirectory(
            atPath: "\(folder)/package/DEBIAN", withIntermediateDirectories: true)
        try write(
            "Package: fettle-trial\nVersion: 1.0\nArchitecture: all\nMaintainer: Nobody <nobody@example.org>\nDescription: x\n",
            to: "package/DEBIAN/control")
        try write(Self.postinst + script, to: "package/DEBIAN/postinst", mode: 0o755)
        try run("dpkg-deb", "--root-owner-group", "--build", "\(folder)/package", "\(folder)/fettle-trial_1.0_all.deb")
        let archive = "\(folder)/fettle-trial_1.0_all.deb"
        let (digest, bytes) = try FileDigest.of(file: archive)
        try write(
            "Package: fettle-trial\nVersion: 1.0\nArchitecture: all\nMaintainer: Nobody <nobody@example.org>\n"
                + "Filename: ./fettle-trial_1.0_all.deb\nSize: \(bytes)\nSHA256: \(digest)\nDescription: x\n\n",
            to: "Packages")
        try write("deb [trusted=yes] copy:/srv/repository ./\n", to: "sources.list")
        try run("truncate", "--size=700M", image)
        try run("mkfs.ext4", "-q", "-F", "-d", Self.base ?? "/nonexistent", image)
        // Links as images have them, and as nobody should follow them.
        try debugfs(
            "mkdir /srv/repository", "write \(archive) /srv/repository/fettle-trial_1.0_all.deb",
            "write \(folder)/Packages /srv/repository/Packages", "rm /etc/apt/sources.list", "rm /etc/resolv.conf",
            "write \(folder)/sources.list /etc/apt/sources.list",
            "symlink /etc/resolv.conf ../run/systemd/resolve/stub-resolv.conf",
            "symlink /usr/sbin/policy-rc.d \(folder)/victim")
        if let test {
            try write("#!/bin/sh\n\(test(folder))\n[ \"$@\" ]\n", to: "test", mode: 0o755)
            try debugfs("rm /usr/bin/test", "write \(folder)/test /usr/bin/test")
        }
        try write("untouched", to: "victim")
    }

    /// The same system as a directory that only root may enter.
    func tree() throws -> String {
        let path = "\(folder)/tree"
        try run("cp", "-a", Self.base ?? "/nonexistent", path)
        try run("mkdir", "\(path)/srv/repository")
        try run("cp", "\(folder)/fettle-trial_1.0_all.deb", "\(folder)/Packages", "\(path)/srv/repository/")
        try run("cp", "\(folder)/sources.list", "\(path)/etc/apt/sources.list")
        try run("chmod", "700", path)
        return path
    }

    /// A file of this machine that no image has: the program that runs.
    static let outside =
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "/nonexistent"

    private static let postinst = """
        #!/bin/sh
        mkdir -p /var/lib/fettle-trial
        exec >/var/lib/fettle-trial/seen 2>/dev/null
        echo "interfaces: $(sed -n 's/^ *\\([a-z0-9]*\\):.*/\\1/p' /proc/net/dev | sort | paste -sd' ')"
        mknod /disk b 7 0 && echo "made a device"
        mount -t tmpfs none /mnt && echo "mounted"
        # Opened for writing and nothing written: where that is possible, it is enough to know.
        true >>/proc/sys/kernel/core_pattern && echo "opened core_pattern"
        true >>/proc/sysrq-trigger && echo "opened sysrq"
        /usr/sbin/policy-rc.d; echo "policy: $?"
        echo "resolver: $(readlink /etc/resolv.conf)"
        echo "outside: $(ls -d \(outside) 2>/dev/null)"
        echo "processes: $(ls /proc | grep -c '^[0-9]*$' | awk '{ print ($1 < 20) ? "few" : "many" }')"

        """

    private func write(_ text: String, to name: String, mode: Int = 0o644) throws {
        let path = "\(folder)/\(name)"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    func read(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")), as: UTF8.self)
    }

    @discardableResult
    func run(_ program: String, _ words: String...) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: ImageTools.path(of: program) ?? "/nonexistent/\(program)")
        process.arguments = words
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: bytes, as: UTF8.self)
    }

    private func debugfs(_ lines: String...) throws {
        try write(lines.joined(separator: "\n") + "\n", to: "commands")
        try run("debugfs", "-w", "-f", "\(folder)/commands", image)
    }

    /// A file of an image, without mounting it.
    func content(of path: String, in image: String) throws -> String {
        try run("debugfs", "-R", "cat \(path)", image)
    }

    func details(of path: String, in image: String) throws -> String {
        try run("debugfs", "-R", "stat \(path)", image)
    }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }

    /// What holds on to something below the folder: mounts that any process of this machine sees, and loop devices. The kernel takes a
    /// moment after the end of the last process to give them back; asked is until it has, or for half a minute.
    func held() async throws -> [String] {
        for _ in 0..<300 where try !heldNow().isEmpty { try await Task.sleep(for: .milliseconds(100)) }
        return try heldNow()
    }

    private func heldNow() throws -> [String] {
        // The work is done in namespaces of its own: this process sees none of its mounts. A process may end meanwhile.
        let mounts = try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { Int($0) != nil }
            .compactMap { try? String(contentsOfFile: "/proc/\($0)/mountinfo", encoding: .utf8) }
        let lines = (mounts + [try run("losetup", "--all")]).flatMap { $0.split(separator: "\n").map(String.init) }
        return Set(lines.filter { $0.contains(folder) }).sorted()
    }
}
