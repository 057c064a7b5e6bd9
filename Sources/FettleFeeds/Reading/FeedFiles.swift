import Foundation

/// The files that were named, and all in the folders that were named.
public enum FeedFiles {
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

    /// A name for what the files hold, by their paths, sizes and times of change: the same as long as none of them changes.
    public static func fingerprint(of paths: [String]) throws(FeedError) -> String {
        // FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/), once forwards: a name for a cache, against no enemy.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for file in try all(paths) {
            var status = stat()
            stat(file, &status)
            let text = "\(file)\u{0}\(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)\u{0}"
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        }
        return String(hash, radix: 16)
    }
}
