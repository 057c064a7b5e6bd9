public import FettleModel

/// A file that belongs to an image and lies beside it, such as its kernel.
public enum ImagePart {
    /// SHA-256 of a file.
    ///
    /// - Parameter path: of the file.
    /// - Throws: `ImageError` if it cannot be read to its end.
    public static func digest(of path: String) throws(ImageError) -> Digest { try FileDigest.of(file: path).digest }
}
