import ArgumentParser
import FettleEvidence
import FettleImages
import FettleModel

struct ImageVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Whether an image is what its signer made.",
        discussion: """
            Needs the image, the files beside it and the signer's public key (`fettle evidence key --to FILE` there); no database and \
            no network. Every byte of the image is read. Ends with 1 if something was altered.
            """)

    @OptionGroup var form: OutputOptions
    @Argument(help: "The image, as `fettle image patch` wrote it.") var image: String
    @Option(help: "A public key that you trust, as a file; may be given several times.") var key: [String]

    private struct Answer: Encodable {
        var signer: Digest
        var provenance: ImageProvenance
    }

    func run() async throws {
        let keys = try EvidenceFile.keys(key)
        let verified = try await Self.verified(image, trusting: keys)
        if form.output == .json {
            return try Output.writeJSON(Answer(signer: verified.signer, provenance: verified.provenance))
        }
        let words = "✓ every byte is what \(verified.signer.short)… signed"
        Output.writeLine(TextStyle.green.apply(words, in: .standard))
        Output.writeLine(ImageView.lines(verified.provenance).joined(separator: "\n"))
    }

    /// - Throws: `CommandFailure` where it does not hold.
    static func verified(
        _ path: String, trusting keys: [VerifyingKey]
    ) async throws -> (provenance: ImageProvenance, signer: Digest) {
        do {
            return try await ImageVerification.verify(path, trusting: keys)
        } catch let error as ImageError {
            throw error.failure
        } catch let error as EvidenceError {
            throw CommandFailure(
                .failure, "\(ImageSidecar.provenance.path(of: path).printable) does not hold: \(error.message)")
        }
    }
}
