import Foundation

/// The files that were named, and all in the folders that were named.
enum FeedFiles {
    /// - Returns: sorted within each folder, so that the same folders give the same index.
    /// - Throws: `FeedError` for a path that leads nowhere.
    static func all(_ paths: [String]) throws(FeedError) -> [String] {
        var files: [String] = []
        for path in paths {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
                throw FeedError(path, "is not there: name a feed's file, or a folder of them")
            }
            guard isFolder.boolValue else {
                files.append(path)
                continue
            }
            let url = URL(fileURLWithPath: path)
            guard let walk = FileManager.default.enumerator(at: url, includingPropertiesForKeys: [.isRegularFileKey])
            else { throw FeedError(path, "cannot be listed") }
            var found: [String] = []
            for case let file as URL in walk
            where (try? file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile) == true {
                found.append(file.path)
            }
            files += found.sorted()
        }
        return files
    }
}
