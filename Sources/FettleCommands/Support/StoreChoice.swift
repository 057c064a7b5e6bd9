import FettleDatabase
import FettleStore
import Foundation

/// Where this command keeps what it knows: `--store`, else FETTLE_STORE, else a SQLite file in the fleet's folder.
enum StoreChoice {
    /// - Throws: `CommandFailure` for an address that is none or holds a password; `StoreError` if it cannot be opened.
    static func open(_ named: String?, _ environment: [String: String], directory: URL) throws -> any Store {
        let text = named ?? environment["FETTLE_STORE"] ?? ""
        // Set to nothing is not set, as for every variable of a shell.
        guard named != nil || !text.isEmpty else {
            try requireFolder(directory)
            return try StoreAddress.sqlite(path: directory.appendingPathComponent(".fettle/fettle.db").path).open()
        }
        let address: StoreAddress
        do throws(StoreAddressError) {
            address = try StoreAddress(text)
        } catch {
            throw CommandFailure(.usage, "\(named == nil ? "FETTLE_STORE" : "--store"): \(error.message)")
        }
        return try address.open()
    }

    /// A name that was mistyped is no new fleet.
    static func requireFolder(_ directory: URL) throws {
        var isFolder: ObjCBool = false
        let isThere = FileManager.default.fileExists(atPath: directory.path, isDirectory: &isFolder)
        guard isThere, isFolder.boolValue else {
            throw CommandFailure(
                .usage,
                "\(directory.path) is \(isThere ? "no folder" : "not there")\n  `fettle init --dir DIR` makes a folder to start "
                    + "from; `--dir` or FETTLE_DIR names one that is there")
        }
    }

    /// Whether whoever runs this owns the store's file, or may write to every file; false of a database on a server.
    static func isOwned(_ named: String?, _ environment: [String: String], directory: URL) -> Bool {
        let text = named ?? environment["FETTLE_STORE"] ?? ""
        let own = StoreAddress.sqlite(path: directory.appendingPathComponent(".fettle/fettle.db").path)
        guard case .sqlite(let path) = text.isEmpty ? own : try? StoreAddress(text) else { return false }
        var status = stat()
        return stat(path, &status) == 0 && (status.st_uid == geteuid() || geteuid() == 0)
    }
}
