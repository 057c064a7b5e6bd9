import Foundation

/// The forms of images that are patched, by what they are and not by their names.
public enum ImageFormat: String, Codable, Sendable, CaseIterable {
    /// A disk as it is, partitioned or a bare file system.
    case raw
    /// QEMU's copy-on-write format, without a backing file.
    case qcow2
    /// A directory that holds a root file system.
    case tree
    /// A tar archive of a root file system, such as `docker export` writes; compressed with gzip, xz, zstd or not.
    case archive

    /// Whether a machine can be started from it.
    public var isDisk: Bool { self == .raw || self == .qcow2 }

    /// Tells the format.
    ///
    /// - Parameter path: of a regular file or a directory.
    /// - Throws: `refused` where it is neither.
    public static func of(_ path: String) throws(ImageError) -> ImageFormat {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw ImageError(.refused, "\(path): \(String(cString: strerror(errno)))")
        }
        if status.st_mode & S_IFMT == S_IFDIR { return .tree }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw ImageError(.refused, "\(path) is no regular file and no directory")
        }
        guard let file = FileHandle(forReadingAtPath: path), let head = try? file.read(upToCount: 512) else {
            throw ImageError(.refused, "\(path) cannot be read")
        }
        return of(head: head)
    }

    /// By the first 512 bytes of a file.
    static func of(head: Data) -> ImageFormat {
        let bytes = [UInt8](head)
        func has(_ magic: [UInt8], at offset: Int = 0) -> Bool {
            bytes.count >= offset + magic.count && Array(bytes[offset..<offset + magic.count]) == magic
        }
        if has(Array("QFI".utf8) + [0xFB]) { return .qcow2 }
        let isCompressed = has([0x1F, 0x8B]) || has([0xFD, 0x37, 0x7A, 0x58, 0x5A]) || has([0x28, 0xB5, 0x2F, 0xFD])
        return isCompressed || has(Array("ustar".utf8), at: 257) ? .archive : .raw
    }
}
