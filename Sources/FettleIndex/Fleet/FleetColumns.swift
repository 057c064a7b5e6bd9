public import FettleModel
import Foundation
import Synchronization

/// What is installed on all hosts of a fleet, as columns of small numbers in one file that is used where it lies: a column for each
/// package, a row for each host, and in it the number of the build (ecosystem, version, source, module) that the host has. A build is
/// kept once, however many hosts have it, and is judged once.
///
/// One process writes and any number read. What a change does is on disk whole or not at all, whenever the writer or its machine
/// stops. The file is derived from the hosts' facts: one that is damaged is built again from them.
///
/// Not thread-safe, but for `addUp`, which any number of threads may call while nothing else is done.
public final class FleetColumns {
    public enum Access: Sendable {
        /// What another process may be writing: see `consistently`.
        case reading
        /// The only one. A file that is not there is made.
        case writing
        /// Beginning with an empty file, whatever was there.
        case replacing
    }

    public let path: String
    let file: FleetFile
    var store: FleetStore { FleetStore(file: file) }
    private var isChanging = false

    /// - Parameter isSynced: whether each change is on the disk when it returns. If not, it outlives the process but not a loss of
    ///   power, and after one the file may have to be built again.
    /// - Throws: `IndexError` that says what is wrong with the file: not there, another one's, of another version, damaged; or that
    ///   another process writes it.
    public init(path: String, _ access: Access, isSynced: Bool = true) throws(IndexError) {
        self.path = path
        switch access {
        case .reading: file = try FleetOpening.forReading(path)
        case .writing: file = try FleetOpening.forWriting(path, isReplacing: false, isSynced: isSynced)
        case .replacing: file = try FleetOpening.forWriting(path, isReplacing: true, isSynced: isSynced)
        }
    }

    /// Opens a file for writing. One that is damaged, or of another version, is replaced by what `fill` puts in.
    ///
    /// - Returns: with the error that was found, if it was built again.
    public static func open(
        path: String, rebuilding fill: (FleetColumns) throws(IndexError) -> Void
    ) throws(IndexError) -> (columns: FleetColumns, found: IndexError?) {
        do throws(IndexError) {
            return (try FleetColumns(path: path, .writing), nil)
        } catch {
            guard error.code == .damaged || error.code == .version else { throw error }
            let columns = try FleetColumns(path: path, .replacing)
            try fill(columns)
            return (columns, error)
        }
    }

    // MARK: Changing

    /// Makes all changes of `body` one: they are there whole or not at all. Without it each change is one by itself.
    ///
    /// Many hosts in one change cost less than each in its own; what is changed stays in memory until the end.
    public func change<Result>(_ body: () throws(IndexError) -> Result) throws(IndexError) -> Result {
        guard file.isWriter else {
            throw IndexError(.unwritable, path: path, "was opened for reading only")
        }
        guard !isChanging else { return try body() }
        isChanging = true
        defer { isChanging = false }
        do throws(IndexError) {
            try checkUsable()
            let result = try body()
            try file.commit()
            return result
        } catch {
            try? file.rollBack()
            throw error
        }
    }

    /// Says what a host has, in place of whatever it had. The same build twice counts once.
    ///
    /// - Parameters:
    ///   - platform: the ecosystem of packages of the system, such as `debian:12`; empty if it is not known.
    ///   - at: when the list was taken.
    public func setHost(
        _ id: String, packages: [ListedPackage], platform: String, at: Timestamp
    ) throws(IndexError) {
        try change { () throws(IndexError) in
            guard packages.count <= FleetLayout.mostPackagesOfHost else { throw tooManyPackages(id) }
            let number = try store.intern(platform)
            var builds: [UInt32] = []
            builds.reserveCapacity(packages.count)
            for package in packages { builds.append(try store.intern(try store.key(package, platform: number))) }
            try setHost(id, builds: builds, platform: number, at: at)
        }
    }

    /// Says what a host has by the numbers of builds that `intern` gave.
    public func setHost(_ id: String, builds: [UInt32], platform: String, at: Timestamp) throws(IndexError) {
        try change { () throws(IndexError) in
            guard builds.count <= FleetLayout.mostPackagesOfHost else { throw tooManyPackages(id) }
            try setHost(id, builds: builds, platform: try store.intern(platform), at: at)
        }
    }

    /// The number of a build, which stays the same for the life of the file.
    public func intern(_ package: ListedPackage, platform: String) throws(IndexError) -> UInt32 {
        try change { () throws(IndexError) in
            try store.intern(try store.key(package, platform: try store.intern(platform)))
        }
    }

    /// - Returns: whether there was such a host.
    @discardableResult
    public func removeHost(_ id: String) throws(IndexError) -> Bool {
        try change { () throws(IndexError) in
            guard let row = store.row(ofHost: id) else { return false }
            try store.setCells([], ofRow: row, isNew: false)
            try store.removeHost(atRow: row)
            return true
        }
    }

    private func setHost(_ id: String, builds: [UInt32], platform: UInt32, at: Timestamp) throws(IndexError) {
        let distinct = builds.count < 2 ? builds : Array(Set(builds))
        let cells = try store.cells(of: distinct)
        let known = store.row(ofHost: id)
        let row: Int
        if let known { row = known } else { row = try store.addHost(id) }
        try store.setCells(cells, ofRow: row, isNew: known == nil)
        try store.setHost(
            atRow: row, platform: platform, packages: UInt32(distinct.count), collectedAt: at.milliseconds,
            sum: FleetBuildSum(distinct))
    }

    private func tooManyPackages(_ id: String) -> IndexError {
        IndexError(
            .tooLarge, path: path, "host \(id) has more than \(FleetLayout.mostPackagesOfHost) packages")
    }

    /// Syncs the file and empties the journal beside it, which otherwise happens whenever that has 64 MiB.
    public func checkpoint() throws(IndexError) { try file.checkpoint() }

    // MARK: Reading

    /// Reads several things of one state. While another process writes a change, what is read may be torn: it is checked to lie in
    /// the file, thrown away and read again when the change is written.
    ///
    /// - Throws: what `body` throws of a state that is whole; or that there was none for a second or more.
    public func consistently<Result>(_ body: () throws(IndexError) -> Result) throws(IndexError) -> Result {
        if file.isWriter {
            try checkUsable()
            return try body()
        }
        for attempt in 0..<1000 {
            let before: UInt64 = file.load(FleetLayout.generation)
            guard before % 2 == 0 else {
                usleep(attempt < 10 ? 100 : 2000)
                continue
            }
            atomicMemoryFence(ordering: .acquiring)
            var outcome: Swift.Result<Result, IndexError>
            do throws(IndexError) {
                try file.mapWhatIsThere()
                outcome = .success(try body())
            } catch {
                outcome = .failure(error)
            }
            atomicMemoryFence(ordering: .acquiring)
            if file.load(FleetLayout.generation, as: UInt64.self) == before { return try outcome.get() }
        }
        throw IndexError(.unreadable, path: path, "is being changed all the time, or a change of it was broken off")
    }

    private func checkUsable() throws(IndexError) {
        guard !file.isBroken else {
            throw IndexError(.unwritable, path: path, "a change of it was not written to its end: open it again")
        }
    }
}
