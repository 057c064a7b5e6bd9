import FettleModel
import FettleStore
import Foundation
import GRDB

/// Looks at what lies where a database should be, before and while it is opened, and says in words what is wrong with it.
struct SQLiteFile: Sendable {
    let path: String

    /// "Fett": SQLite's `application_id`, by which a file tells whose it is.
    private static let applicationID = 0x4665_7474

    // MARK: Before it is opened

    /// Also as a link that leads nowhere: what it led to is not there now, which is another thing than that nothing was ever kept.
    var exists: Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// Whether somebody's writes are not in the file yet: a write-ahead log, or a journal of a transaction that was broken off.
    var hasLog: Bool {
        ["\(path)-wal", "\(path)-journal"].contains { name in
            let size = try? FileManager.default.attributesOfItem(atPath: name)[.size] as? Int
            return size ?? 0 > 0
        }
    }

    /// The file as SQLite takes one that does not change while it is read.
    var unchangingAddress: String {
        let characters = CharacterSet.urlPathAllowed.subtracting(["?", "#", "%", ";"])
        return "file:\(path.addingPercentEncoding(withAllowedCharacters: characters) ?? path)?immutable=1"
    }

    /// What changes with each write that gets into the file.
    struct Mark: Sendable, Equatable {
        var device: UInt64
        var inode: UInt64
        var size: Int64
        var written: [Int]
        /// Of its rights, too.
        var changed: [Int]
    }

    /// By the file system alone: who opens the file and closes it again gives up the locks that SQLite has on it
    /// (https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_).
    ///
    /// - Returns: nil if there is no such file.
    func mark() -> Mark? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return Mark(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: Int64(status.st_size),
            written: [status.st_mtim.tv_sec, status.st_mtim.tv_nsec],
            changed: [status.st_ctim.tv_sec, status.st_ctim.tv_nsec])
    }

    /// Everything that tells whether somebody has written since, or writes now.
    struct State: Sendable, Equatable {
        var mark: Mark?
        var hasIndex: Bool
        var hasLog: Bool
    }

    var state: State { State(mark: mark(), hasIndex: hasIndex, hasLog: hasLog) }

    /// One that was there, and is not any more.
    var isGone: StoreError {
        StoreError(
            .unavailable, "the database \(path) is gone: it was there a moment ago\n  is its file system still mounted?"
        )
    }

    /// Whether it is there for this process to read, and neither it nor what belongs beside it to write.
    var mayOnlyBeRead: Bool {
        guard exists, access(path, R_OK) == 0 else { return false }
        return access(path, W_OK) != 0 || (access(folder, W_OK) != 0 && access("\(path)-shm", W_OK) != 0)
    }

    /// Whether a process has it open that writes: then its log and the index of that lie beside it.
    var hasIndex: Bool { FileManager.default.fileExists(atPath: "\(path)-shm") }

    var isLogThere: Bool { FileManager.default.fileExists(atPath: "\(path)-wal") }

    /// Runs `body` while no other process of this machine opens the database, so that no two make its tables.
    ///
    /// - Throws: `unavailable` if another one does for ten seconds; what `body` throws.
    func alone<Value>(_ body: () throws -> Value) throws -> Value {
        // The folder, since SQLite has locks of its own on the file. One that cannot be locked, such as on some network's file system, is
        // no reason not to begin.
        let place = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard place >= 0 else { return try body() }
        defer { close(place) }
        for _ in 0..<200 {
            if flock(place, LOCK_EX | LOCK_NB) == 0 { return try body() }
            guard errno == EWOULDBLOCK || errno == EINTR else { return try body() }
            usleep(50_000)
        }
        throw StoreError(
            .unavailable, "another process opens the database \(path) for too long; `fuser \(folder)` shows which")
    }

    /// - Throws: if it is a link that leads nowhere.
    func requireTarget() throws(StoreError) {
        guard exists, !FileManager.default.fileExists(atPath: path) else { return }
        throw StoreError(
            .unavailable,
            "the database \(path) is a link, and what it leads to is not there\n  "
                + "runs may be under way by it: bring that back (is its file system mounted?), or take the link away")
    }

    private var folder: String {
        let folder = FilePath.folder(of: path)
        return folder.isEmpty ? "." : folder
    }

    /// That the file can be made once there is something to write: what takes long is not done for nothing.
    func requirePlace() throws(StoreError) {
        var place = URL(fileURLWithPath: path).deletingLastPathComponent()
        while !FileManager.default.fileExists(atPath: place.path), place.path != "/" { place.deleteLastPathComponent() }
        var isFolder: ObjCBool = false
        _ = FileManager.default.fileExists(atPath: place.path, isDirectory: &isFolder)
        guard isFolder.boolValue else { throw noFolder(String(cString: strerror(ENOTDIR))) }
        guard access(place.path, W_OK | X_OK) == 0 else { throw noFolder(String(cString: strerror(errno))) }
    }

    /// Makes the folder if need be.
    func makeFolder() throws(StoreError) {
        do {
            try FileManager.default.createDirectory(
                at: URL(fileURLWithPath: path).deletingLastPathComponent(), withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        } catch {
            throw noFolder(Self.systemReason(error) ?? "it cannot be made")
        }
    }

    private func noFolder(_ reason: String) -> StoreError {
        StoreError(
            .unavailable,
            "cannot make the folder \(URL(fileURLWithPath: path).deletingLastPathComponent().path) for the database: \(reason)\n  "
                + "Fettle needs a folder that it may write: --dir, FETTLE_DIR or --store names another")
    }

    /// A new database is for its owner alone, wherever it lies, and so is what SQLite puts beside it. One that is there keeps its mode. What
    /// keeps it from being made is told when it is opened.
    func makeForItsOwner() {
        let file = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if file >= 0 { close(file) }
    }

    /// A file that is shorter than its own header says was cut off. SQLite itself would notice only when it comes to a page
    /// that is missing, and would write to the others until then.
    func requireWhole() throws(StoreError) {
        try requireNotLost()
        guard let file = FileHandle(forReadingAtPath: path) else { return }
        defer { try? file.close() }
        // With a write-ahead log the newest pages need not be in the file yet.
        guard !hasLog, let header = try? file.read(upToCount: 100), let size = try? file.seekToEnd() else {
            return
        }
        // SQLite takes a file of a few bytes for a new one.
        guard size == 0 || header.count == 100 else { throw damaged("it has only \(size) bytes: it was cut off") }
        guard header.starts(with: Array("SQLite format 3\u{0}".utf8)) else { return }
        func number(_ offset: Int, _ length: Int) -> UInt64 {
            header[offset..<offset + length].reduce(0) { $0 << 8 | UInt64($1) }
        }
        let pageSize = number(16, 2) == 1 ? 65_536 : number(16, 2)
        // The count is to be believed only if the last to write knew of it (https://sqlite.org/fileformat2.html#in_header_database_size).
        guard number(24, 4) == number(92, 4), size < number(28, 4) * pageSize else { return }
        throw damaged("it has \(size) bytes, and should have \(number(28, 4) * pageSize): it was cut off")
    }

    /// An empty file, or none, is a new database: not where its reserve of room lies, which is made when a database is there.
    private func requireNotLost() throws(StoreError) {
        let reserve = DiskReserve(database: path).path
        let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
        guard size ?? 0 == 0, FileManager.default.fileExists(atPath: reserve) else { return }
        let isLogLeft = FileManager.default.fileExists(atPath: "\(path)-wal")
        throw StoreError(
            .unavailable,
            "the database \(path) is \(size == nil ? "gone" : "empty"), and there was one: \(isLogLeft ? "\(path)-wal and " : "")"
                + "\(reserve) lie beside it\n  runs may be under way by it, with hosts out of traffic: bring it back from a backup; "
                + "to begin anew all the same, take \(reserve) away")
    }

    // MARK: Once it is open

    /// Puts Fettle's mark on a new database, and refuses one that another program made.
    func markAsOwn(_ database: Database) throws {
        guard try !isMarked(database) else { return }
        try database.execute(sql: "PRAGMA application_id = \(Self.applicationID)")
    }

    func requireOwn(_ database: Database) throws { _ = try isMarked(database) }

    /// - Returns: false for a database that has no mark and may have it.
    private func isMarked(_ database: Database) throws -> Bool {
        let mark = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
        if mark == Self.applicationID { return true }
        let tables = try Set(String.fetchAll(database, sql: "SELECT name FROM sqlite_master WHERE type = 'table'"))
        // Without a mark: new, or from before there was one.
        guard mark == 0, tables.isEmpty || tables.isSuperset(of: ["grdb_migrations", "document", "run", "journal"])
        else {
            throw StoreError(
                .unavailable,
                "\(path) is another program's database; it was not touched\n  --dir, FETTLE_DIR or --store names another place"
            )
        }
        return false
    }

    // MARK: Words

    func words(for error: any Error) -> StoreError {
        if let error = error as? StoreError { return error }
        guard let error = error as? DatabaseError else {
            return StoreError(
                .unavailable, "the database \(path) cannot be read: \(Self.systemReason(error) ?? "\(error)")")
        }
        switch error.resultCode {
        case .SQLITE_FULL:
            return StoreError(
                .unavailable,
                "the disk that holds \(path) is full; nothing was written\n  make room there and do it again")
        case .SQLITE_CONSTRAINT:
            return StoreError(.conflict, "the database refused the write: \(error.message ?? "constraint")")
        case .SQLITE_NOTADB:
            return damaged("it is not a SQLite database")
        case .SQLITE_CORRUPT:
            return damaged(error.message ?? "its pages do not fit together")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return StoreError(
                .unavailable, "another process has held the database \(path) for too long; `fuser \(path)` shows which")
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
            return StoreError(.unavailable, "the database \(path) may not be written\n  \(Self.rightPlace)")
        case .SQLITE_CANTOPEN:
            return StoreError(
                .unavailable, "the database \(path) cannot be opened: \(reasonNotToOpen)\n  \(Self.rightPlace)")
        case .SQLITE_IOERR where Self.isOutOfSpace(error):
            return StoreError(.unavailable, "the disk that holds \(path) is full\n  make room there and do it again")
        default:
            return StoreError(
                .unavailable,
                "the database \(path) cannot be used: \(error.message ?? "SQLite error \(error.resultCode.rawValue)")")
        }
    }

    /// SQLite maps its shared index only once it has its blocks, and calls the want of them an input error.
    static func isOutOfSpace(_ error: any Error) -> Bool {
        guard let error = error as? DatabaseError else { return false }
        return error.resultCode == .SQLITE_FULL || error.extendedResultCode == .SQLITE_IOERR_SHMSIZE
    }

    private static let rightPlace =
        "its folder and its file have to be writable for you; --dir, FETTLE_DIR or --store names another place"

    private func damaged(_ what: String) -> StoreError {
        StoreError(
            .unavailable,
            "the database \(path) is damaged: \(what); it was not touched\n  "
                + "put a copy of it back, or move it away and a new, empty one is made")
    }

    private var reasonNotToOpen: String {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
            return "it is a folder"
        }
        // Asked once more for the reason: SQLite does not hand it on.
        for place in [path, folder] where access(place, W_OK) != 0 && errno != ENOENT {
            return String(cString: strerror(errno))
        }
        return "the system does not say why"
    }

    /// The system's word for it, such as "Permission denied".
    private static func systemReason(_ error: any Error) -> String? {
        var present: (any Error)? = error
        while let error = present {
            if let error = error as? POSIXError { return String(cString: strerror(error.code.rawValue)) }
            let next = (error as NSError).userInfo[NSUnderlyingErrorKey] as? any Error
            if next == nil, (error as NSError).domain == NSPOSIXErrorDomain {
                return String(cString: strerror(Int32((error as NSError).code)))
            }
            present = next
        }
        return nil
    }
}
