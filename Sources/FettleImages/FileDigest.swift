import Crypto
import FettleModel
import Foundation

/// SHA-256 of what lies on disk, in pieces.
enum FileDigest {
    /// - Returns: the digest in hexadecimal, and the number of bytes.
    static func of(file path: String) throws(ImageError) -> (digest: FettleModel.Digest, bytes: Int64) {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw ImageError(.failed, "\(path) cannot be read")
        }
        return try of(file, path)
    }

    /// Of everything that can be read; `path` is for messages.
    static func of(
        _ file: FileHandle, _ path: String
    ) throws(ImageError) -> (digest: FettleModel.Digest, bytes: Int64) {
        var (hash, bytes) = (SHA256(), Int64(0))
        do {
            while let piece = try file.read(upToCount: 1 << 22), !piece.isEmpty {
                hash.update(data: piece)
                bytes += Int64(piece.count)
                try Task.checkCancellation()
            }
        } catch {
            throw ImageError(.failed, "\(path) cannot be read to its end: \(error)")
        }
        return (text(hash.finalize()), bytes)
    }

    static func of(_ bytes: some DataProtocol) -> FettleModel.Digest { text(SHA256.hash(data: bytes)) }

    private static func text(_ digest: SHA256.Digest) -> FettleModel.Digest {
        FettleModel.Digest(
            rawValue: digest.map { byte in
                let text = String(byte, radix: 16)
                return text.utf8.count == 1 ? "0\(text)" : text
            }.joined())
    }
}
