public import Foundation

/// What others publish and tests read: real feeds, real hosts' lists, tables of versions. It is no part of the project. It lies where
/// `FETTLE_DATA` says, otherwise in `shared/data` beside the repository.
public enum PublishedData {
    public static let folder: URL =
        ProcessInfo.processInfo.environment["FETTLE_DATA"].map { URL(fileURLWithPath: $0) }
        ?? (0..<4).reduce(URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()) { url, _ in
            url.deletingLastPathComponent()
        }.appending(path: "shared/data")

    /// Why a test is left out without it.
    public static let absence = "shared/data is not beside the repository, and FETTLE_DATA names no other folder"

    /// nil: it is not there.
    public static func file(_ path: String) -> URL? {
        let url = folder.appending(path: path)
        return FileManager.default.fileExists(atPath: url.path) ? url : nil
    }

    public static func has(_ path: String) -> Bool { file(path) != nil }

    /// Whether there is any at all.
    public static var isPresent: Bool { FileManager.default.fileExists(atPath: folder.path) }
}
