public import FettleEvidence
public import FettleModel
import Foundation

/// Whether an image is what its signer made: needs the image, what lies beside it, and a public key.
public enum ImageVerification {
    /// - Parameters:
    ///   - path: of the image.
    ///   - keys: of those who are trusted.
    /// - Returns: what was signed of it, and whose key signed it.
    /// - Throws: `ImageError` (`altered`, `refused`), `EvidenceError`.
    public static func verify(
        _ path: String, trusting keys: [VerifyingKey]
    ) async throws -> (provenance: ImageProvenance, signer: FettleModel.Digest) {
        let (provenance, signer) = try read(path, trusting: keys)
        let parts: [(ImageSidecar, FettleModel.Digest)] = [
            (.billBefore, provenance.billBefore), (.billAfter, provenance.billAfter), (.log, provenance.log),
        ]
        for (sidecar, digest) in parts {
            let file = sidecar.path(of: path)
            guard try FileDigest.of(file: file).digest == digest else {
                throw ImageError(.altered, "\(file) is not what was signed")
            }
        }
        guard try await digest(of: path, provenance.image.format) == provenance.image.digest else {
            throw ImageError(
                .altered, "\(path) is not what was signed: it was altered since, or another image lies there")
        }
        return (provenance, signer)
    }

    /// Only what was signed; the image itself is not read.
    public static func read(
        _ path: String, trusting keys: [VerifyingKey]
    ) throws -> (provenance: ImageProvenance, signer: FettleModel.Digest) {
        let file = ImageSidecar.provenance.path(of: path)
        guard let handle = FileHandle(forReadingAtPath: file),
            let bytes = try handle.read(upToCount: SignedStatement.maximumBytes + 1)
        else { throw ImageError(.refused, "\(file) is not there: `fettle image patch` writes it beside the image") }
        let statement = try SignedStatement.read(
            ImageProvenance.self, from: [UInt8](bytes), form: ImageProvenance.form, trusting: keys)
        return (statement.value, statement.signer)
    }

    /// Whether what lies beside a path says that the image there is this one. No signature is judged, and the image is not read: it may
    /// be half removed already.
    public static func names(_ digest: FettleModel.Digest, at path: String) -> Bool {
        unjudged(path)?.image.digest == digest
    }

    /// What is told of an image beside it, by whomever: no signature is judged, and the image is not read.
    ///
    /// - Parameter path: of the image.
    /// - Returns: nil where nothing lies there that `fettle image patch` could have written.
    public static func unjudged(_ path: String) -> ImageProvenance? {
        guard let handle = FileHandle(forReadingAtPath: ImageSidecar.provenance.path(of: path)),
            let bytes = try? handle.read(upToCount: SignedStatement.maximumBytes + 1),
            let line = [UInt8](bytes).split(separator: 0x0A).dropFirst().first
        else { return nil }
        return try? CanonicalJSON.decode(ImageProvenance.self, from: Data(line))
    }

    private static func digest(of path: String, _ format: ImageFormat) async throws -> FettleModel.Digest {
        guard format == .tree else { return try FileDigest.of(file: path).digest }
        let workshop = try Workshop(in: FileManager.default.temporaryDirectory.path)
        defer { workshop.remove() }
        return try await SourceImage(path: path, format: .tree, workshop: workshop).digest(limit: .seconds(3_600))
            .digest
    }
}
