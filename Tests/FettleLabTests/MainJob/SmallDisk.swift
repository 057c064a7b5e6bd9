import Foundation
import Testing

/// A file system of its own, of some MiB, in memory. `lab in` gives these tests a mount namespace of their own, with which it
/// goes at the latest.
final class SmallDisk: Sendable {
    let directory: URL
    /// `MNT_DETACH`: also while somebody has a file of it open.
    private static let detach: Int32 = 2
    private var filler: String { directory.appending(path: "filler").path }

    init(mebibytes: Int) throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "fettle-disk-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let size = "size=\(mebibytes)m"
        guard mount("fettle-test", directory.path, "tmpfs", 0, size) == 0 else {
            throw TestFailure("no disk of its own can be mounted: \(String(cString: strerror(errno)))")
        }
    }

    deinit {
        umount2(directory.path, Self.detach)
        try? FileManager.default.removeItem(at: directory)
    }

    /// Leaves no block free, and keeps what is free that way.
    func fill() throws {
        let file = open(filler, O_CREAT | O_WRONLY | O_APPEND, 0o600)
        defer { close(file) }
        var size = 1 << 20
        let zeros = [UInt8](repeating: 0, count: size)
        while size >= 4_096 {
            if write(file, zeros, size) <= 0 { size /= 2 }
        }
        try #require(errno == ENOSPC, "the disk does not get full")
    }

    func makeRoom() throws { try FileManager.default.removeItem(atPath: filler) }
}
