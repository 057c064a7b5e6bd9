import Foundation

/// The file that `--to` names.
enum DestinationFile {
    /// - Parameter name: what the file would be called in a folder.
    /// - Returns: the path as it was given.
    /// - Throws: a usage failure for a folder. One that is not there would become a file of that name.
    static func path(_ path: String, as name: String) throws -> String {
        var isFolder: ObjCBool = false
        let isThere = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        guard !path.isEmpty else { throw CommandFailure(.usage, "--to names no file\n  such as `--to \(name)`") }
        guard !path.hasSuffix("/"), !(isThere && isFolder.boolValue) else {
            let inside = (path.hasSuffix("/") ? path : path + "/") + name
            throw CommandFailure(
                .usage, "--to names a file, but \(path.printable) is a folder\n  such as `--to \(inside.printable)`")
        }
        return path
    }
}
