import FettleModel
import Foundation

/// Room on the disk that is set aside beside the database, so that a full disk never stops a run from bringing back what it
/// took out and recording its end (I11).
///
/// It is a file of allocated, empty blocks. Where a write that a run cannot do without finds the disk full, a piece of it is
/// given up. While it is not whole nothing new is begun: no run, no host taken out. It is filled again once there is room.
struct DiskReserve: Sendable {
    let path: String

    /// An event takes about 16 KiB of the write-ahead log until that is folded into the file, which itself wants room: this is
    /// enough for about a thousand, where twenty hosts under way need some two hundred to get back.
    static let wholeBytes: Int64 = 16 << 20
    private static let pieceBytes: Int64 = 1 << 20

    init(database: String) { path = "\(database)-reserve" }

    /// Fills it up if there is room for it and as much again.
    ///
    /// - Returns: false if the disk has too little room. Where nothing can be set aside for another reason, such as a file
    ///   system that does not allow it, work goes on without.
    func refill() -> Bool {
        let present = size
        guard present < Self.wholeBytes else { return true }
        var space = statvfs()
        let folder = FilePath.folder(of: path)
        guard statvfs(folder.isEmpty ? "." : folder, &space) == 0 else { return true }
        let free = Int64(
            clamping: UInt64(space.f_bavail).multipliedReportingOverflow(by: UInt64(space.f_frsize)).partialValue)
        guard free >= 2 * (Self.wholeBytes - present) else { return false }
        let file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { return errno != ENOSPC && errno != EDQUOT }
        defer { close(file) }
        let failure = posix_fallocate(file, 0, off_t(Self.wholeBytes))
        // A part that was allocated all the same is given back: half a reserve is none.
        if failure != 0 { _ = ftruncate(file, off_t(present)) }
        return failure != ENOSPC && failure != EDQUOT
    }

    /// Gives a piece back to the disk.
    /// - Returns: false if nothing is left.
    func giveUpPiece() -> Bool {
        let present = size
        return present > 0 && truncate(path, off_t(max(0, present - Self.pieceBytes))) == 0
    }

    private var size: Int64 {
        var status = stat()
        // A link, a device or a folder of that name is not ours.
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return 0 }
        return Int64(status.st_size)
    }
}
