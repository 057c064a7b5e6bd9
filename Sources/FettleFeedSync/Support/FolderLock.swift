internal import Foundation

/// Held while a store is written, so that two synchronisations do not collide. The kernel holds it (`flock`) and lets
/// it go when the process ends in whatever way: a lock file that is left behind locks nobody out.
final class FolderLock {
    private let descriptor: Int32

    /// - Throws: at once, if somebody else holds it.
    init(path: String) throws(FeedSyncError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw Disk.failure(path, "open the lock") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            let holder = (try? Disk.read(path, limit: 64)).map { String(decoding: $0, as: UTF8.self) } ?? ""
            close(descriptor)
            guard code == EWOULDBLOCK else { throw Disk.failure(path, "lock the folder", code: code) }
            let process = holder.split(separator: "\n").first.map { ", process \($0)," } ?? ""
            throw FeedSyncError(
                .locked, place: path, "another synchronisation\(process) is at work on these feeds",
                hint: "wait until it is done, and run the same again")
        }
        self.descriptor = descriptor
        // Only for the message above; the lock holds without it.
        ftruncate(descriptor, 0)
        let text = Array("\(getpid())\n".utf8)
        _ = text.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
    }

    deinit {
        // Closing alone would leave it to a child that was forked just now and has not begun its program yet.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}
