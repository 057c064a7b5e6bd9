import FettleModel
public import FettleStore
import Foundation
import GRDB
import Synchronization

/// The embedded default: one SQLite file in WAL mode, no server. One file serves several processes on one machine.
///
/// Every write is one transaction that is synced to disk before it returns (`synchronous = FULL`): an intent that was
/// journaled survives the power cut that follows it (I2). The wall clock comes in with each call, as leases are judged by it.
/// On a full disk, what a running run has to write goes to a reserve (`DiskReserve`). Where the file may only be read, reading works.
public final class SQLiteStore: Store {
    let reserve: DiskReserve
    private let file: SQLiteFile
    private let opening: Mutex<Opening>

    private enum Opening: Sendable {
        /// There is no file yet: who only reads finds nothing, and makes none.
        case absent(empty: DatabaseQueue)
        case open(any DatabaseWriter)
        /// It may only be read, and was opened when it had that mark.
        case readable(DatabaseQueue, SQLiteFile.Mark?)
    }

    /// When a file is made where there is none.
    public enum Making: Sendable {
        case atOnce, withTheFirstWrite
    }

    /// Opens the file, making it and its folder if need be, and brings its tables up to date.
    ///
    /// - Throws: `StoreError` with `unavailable` if it cannot be opened, is damaged or another program's, `tooNew` if a later
    ///   Fettle made it.
    public init(path: String, making: Making = .atOnce) throws(StoreError) {
        let file = SQLiteFile(path: path)
        self.file = file
        reserve = DiskReserve(database: path)
        if making == .withTheFirstWrite, !file.exists {
            try file.requireWhole()
            try file.requirePlace()
            do {
                opening = Mutex(.absent(empty: try SQLiteOpening.empty()))
            } catch {
                throw file.words(for: error)
            }
        } else {
            opening = Mutex(try Self.open(file, reserve))
        }
    }

    /// - Parameter again: it was open before, and may still be read by others of this process: whoever opened the file and closed it again
    ///   now would give up the locks that SQLite has on it.
    private static func open(
        _ file: SQLiteFile, _ reserve: DiskReserve, again: Bool = false
    ) throws(StoreError) -> Opening {
        try file.requireTarget()
        if !again { try file.requireWhole() }
        do {
            if file.mayOnlyBeRead {
                let mark = file.mark()
                return .readable(try SQLiteOpening.toRead(file), mark)
            }
            try file.makeFolder()
            let database = try file.alone {
                file.makeForItsOwner()
                return try usingUp(reserve) { try SQLiteOpening.toWrite(file) }
            }
            _ = reserve.refill()
            return .open(database)
        } catch {
            throw file.words(for: error)
        }
    }

    /// To write to: made if it is not there yet.
    var database: any DatabaseWriter {
        get throws(StoreError) {
            switch try opened(making: true) {
            case .open(let database): database
            case .readable(let database, _), .absent(let database): database
            }
        }
    }

    /// - Parameter makes: whether a file that is not there yet is made.
    private func opened(making makes: Bool) throws(StoreError) -> Opening {
        let result: Result<Opening, StoreError> = opening.withLock { opening in
            switch opening {
            case .open: return .success(opening)
            case .readable(let database, let mark):
                guard file.exists else { return .failure(file.isGone) }
                // Who writes by now has an index of its log beside it, by which it can be read as it is.
                let isRight = database.path == file.path || !file.hasIndex
                if isRight, mark != nil, mark == file.mark(), !makes || file.mayOnlyBeRead { return .success(opening) }
            case .absent:
                // Another process may have made it meanwhile.
                guard makes || file.exists else { return .success(opening) }
            }
            let again = if case .readable = opening { true } else { false }
            do throws(StoreError) {
                opening = try Self.open(file, reserve, again: again)
                return .success(opening)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Runs `body` in one immediate transaction. Where the disk is full it may use up the reserve: for what a run that is
    /// under way has to write.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        let database = try self.database
        while true {
            do {
                return try await database.write(body)
            } catch {
                guard SQLiteFile.isOutOfSpace(error), reserve.giveUpPiece() else { throw file.words(for: error) }
            }
        }
    }

    /// Runs `body` in one immediate transaction that leaves the reserve alone, and what was given up of it too: for what can
    /// wait until there is room.
    func writeNew<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        let database = try self.database
        if let wantOfRoom { throw StoreError(.unavailable, wantOfRoom) }
        do {
            return try await database.write(body)
        } catch {
            throw file.words(for: error)
        }
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        // What may only be read is read again if somebody wrote meanwhile: it would be half of before and half of after. So is what
        // failed then, since a file that changes while it is taken for one that does not looks like a damaged one.
        for attempt in 0..<40 {
            let before = file.state
            do {
                switch try opened(making: false) {
                case .open(let database): return try await database.read(body)
                case .absent(let empty): return try await empty.read(body)
                case .readable(let database, let mark):
                    let value = try await database.read(body)
                    if database.path == file.path || (mark == file.mark() && !file.hasLog) { return value }
                }
            } catch {
                guard file.mayOnlyBeRead, attempt < 39, file.state != before else { throw file.words(for: error) }
            }
            try? await Task.sleep(for: .milliseconds(5))
        }
        throw StoreError(
            .unavailable, "the database \(file.path) is written all the time by another process; try again")
    }

    private static func usingUp<Value>(_ reserve: DiskReserve, _ body: () throws -> Value) throws -> Value {
        while true {
            do {
                return try body()
            } catch {
                guard SQLiteFile.isOutOfSpace(error), reserve.giveUpPiece() else { throw error }
            }
        }
    }

    /// Why nothing new is begun now; nil if there is room.
    var wantOfRoom: String? {
        reserve.refill()
            ? nil
            : "the disk that holds \(file.path) is too full for the journal of a run: make at least 32 MiB of room there"
    }
}

extension SQLiteStore {
    /// SQLite's `synchronous` as the writing connection has it: 2 is FULL.
    func synchronousLevel() async throws(StoreError) -> Int {
        try await write { database in try Int.fetchOne(database, sql: "PRAGMA synchronous") ?? -1 }
    }
}
