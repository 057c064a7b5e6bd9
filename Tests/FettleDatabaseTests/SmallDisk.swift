import Foundation
import Testing

/// A file system of its own, of a few MiB, in memory. Only root can mount one.
final class SmallDisk: Sendable {
    let directory: String
    private let guardian: Guardian

    /// - Parameter options: further ones for mount, such as `ro`.
    init(megabytes: Int, options: String = "rw") throws {
        directory =
            FileManager.default.temporaryDirectory.appendingPathComponent("fettle-disk-\(UUID().uuidString)").path
        guardian = try Guardian(
            script: """
                set -eu
                mkdir "$1"
                trap 'umount -l "$1"; rmdir "$1"' EXIT
                mount -t tmpfs -o "size=$2m,$3" fettle-test "$1"
                echo ready >&3
                exec 3>&-
                read -r end || :
                """, arguments: [directory, "\(megabytes)", options])
    }

    deinit { guardian.end() }

    /// Leaves no block free, and keeps what is free that way.
    func fill() throws {
        let file = open("\(directory)/filler", O_CREAT | O_WRONLY | O_APPEND, 0o600)
        defer { close(file) }
        var size = 1 << 20
        let zeros = [UInt8](repeating: 0, count: size)
        while size >= 4096 {
            if write(file, zeros, size) <= 0 { size /= 2 }
        }
        guard errno == ENOSPC else { throw TestSetupFailure(message: "the disk does not get full") }
    }

    func makeRoom() throws { try FileManager.default.removeItem(atPath: "\(directory)/filler") }
}

extension Trait where Self == ConditionTrait {
    /// In CI these tests run; elsewhere, without root, they are skipped, and say so.
    static var needsRoot: Self {
        .enabled(
            if: geteuid() == 0 || ProcessInfo.processInfo.environment["CI"] == "true",
            "mounting a small file system takes root")
    }
}
