import Foundation

/// The folder in which an image is made: beside its destination, so that the result only has to be renamed.
///
/// Nothing that patching does lives longer than its process, except this folder: mounts, loop devices and programs are in namespaces
/// that end with it. Whoever finds such a folder whose lock nobody holds may remove it, and the next start does.
struct Workshop {
    let path: String
    private let lock: FileHandle

    private static let prefix = ".fettle-image-"

    /// Removes what interrupted work has left in the folder, then makes a new one.
    ///
    /// - Parameter folder: where the result will lie.
    init(in folder: String) throws(ImageError) {
        Self.sweep(folder)
        let path = "\(folder)/\(Self.prefix)\(UUID().uuidString.lowercased())"
        guard mkdir(path, 0o700) == 0 else {
            throw ImageError(.failed, "no work folder can be made in \(folder): \(String(cString: strerror(errno)))")
        }
        let file = open("\(path)/lock", O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0, flock(file, LOCK_EX | LOCK_NB) == 0 else {
            throw ImageError(.failed, "the work folder \(path) cannot be locked: \(String(cString: strerror(errno)))")
        }
        self.path = path
        lock = FileHandle(fileDescriptor: file, closeOnDealloc: true)
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func remove() {
        try? FileManager.default.removeItem(atPath: path)
        try? lock.close()
    }

    /// - Returns: the folders that were removed.
    @discardableResult
    static func sweep(_ folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.sorted().filter { name in
            guard name.hasPrefix(prefix) else { return false }
            var status = stat()
            let path = "\(folder)/\(name)"
            // A link of that name is not ours to follow, nor is another user's folder.
            guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid() else {
                return false
            }
            let file = open("\(path)/lock", O_RDWR | O_CLOEXEC | O_NOFOLLOW)
            // Made a moment ago by somebody who has not locked it yet.
            guard file >= 0 else { return false }
            defer { close(file) }
            guard flock(file, LOCK_EX | LOCK_NB) == 0 else { return false }
            try? FileManager.default.removeItem(atPath: path)
            return true
        }
    }

    /// What a script wrote there, within a limit; empty if it did not.
    func read(_ name: String, limit: Int = 64 << 20) -> Data {
        guard let file = FileHandle(forReadingAtPath: self.file(name)) else { return Data() }
        return (try? file.read(upToCount: limit)) ?? Data()
    }

    func lines(_ name: String, limit: Int = 1 << 20) -> [String] {
        String(decoding: read(name, limit: limit), as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
    }

    /// The last lines of the log.
    var logTail: [String] {
        guard let file = FileHandle(forReadingAtPath: file("log")), let size = try? file.seekToEnd() else { return [] }
        try? file.seek(toOffset: size > 8_192 ? size - 8_192 : 0)
        let text = String(decoding: (try? file.readToEnd()) ?? Data(), as: UTF8.self)
        return text.split(whereSeparator: \.isNewline).suffix(20).map { String($0.prefix(300)) }
    }

    /// Bytes that are free for whoever is not root.
    static func free(_ folder: String) -> Int64? {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return nil }
        return Int64(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize))
    }
}
