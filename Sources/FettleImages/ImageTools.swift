import Foundation

/// The programs of this machine that patching an image needs. Nothing is looked for elsewhere: whoever can alter a folder of PATH must
/// not choose what runs as root.
enum ImageTools {
    private static let folders = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"]

    /// Program and Debian's package of it.
    private static let always = [
        ("unshare", "util-linux"), ("setpriv", "util-linux"), ("mount", "mount"), ("blkid", "util-linux"),
        ("partx", "util-linux"),
        ("mkfs.ext4", "e2fsprogs"), ("e2fsck", "e2fsprogs"), ("systemd-nspawn", "systemd-container"), ("tar", "tar"),
        ("cp", "coreutils"),
    ]

    static func path(of program: String) -> String? {
        folders.map { "\($0)/\(program)" }.first(where: FileManager.default.isExecutableFile)
    }

    /// - Throws: `unavailable`, with everything that is missing at once.
    static func require(format: ImageFormat?, boots: Bool) throws(ImageError) {
        var wanted = always
        if format == .qcow2 { wanted.append(("qemu-img", "qemu-utils")) }
        if boots { wanted.append(("qemu-system-x86_64", "qemu-system-x86")) }
        let missing = wanted.filter { path(of: $0.0) == nil }
        var words: [String] = []
        if geteuid() != 0 {
            words.append(
                "images are patched by root: mounting a file system takes CAP_SYS_ADMIN (docs/image-patching.md)")
        }
        if !missing.isEmpty {
            words.append(
                "programs are missing on this machine: \(missing.map(\.0).joined(separator: ", ")); "
                    + "install \(Set(missing.map(\.1)).sorted().joined(separator: ", "))")
        }
        if boots, machine() != "x86_64" {
            words.append(
                "boot tests are made on x86_64, and this machine is \(machine()); --no-boot-test leaves it out")
        }
        guard words.isEmpty else { throw ImageError(.unavailable, words.joined(separator: "\n")) }
    }

    private static func machine() -> String {
        var name = utsname()
        uname(&name)
        return withUnsafeBytes(of: &name.machine) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
