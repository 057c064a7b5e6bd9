public import FettleModel
import FettleStore
import Foundation

/// The head of the log at one moment, signed: whoever keeps it can later tell whether the log still is a continuation of it.
///
/// One line of text, `fettle-head-v1 SEQUENCE LINK SIGNER SIGNATURE`; signed is the line up to the signature, with the blank before
/// it and no newline.
public struct SignedHead: Sendable, Equatable {
    /// The newest entry's place.
    public var sequence: Int
    public var link: FettleModel.Digest
    public var signer: FettleModel.Digest
    private var signature: [UInt8]

    public init(sequence: Int, link: FettleModel.Digest, key: SigningKey) throws(EvidenceError) {
        self.sequence = sequence
        self.link = link
        signer = key.verifying.name
        signature = []
        signature = try key.signature(of: signed)
    }

    /// - Parameters:
    ///   - line: without its newline.
    ///   - keys: of those who are trusted.
    /// - Throws: `malformed`, `unknownSigner` or `altered`.
    public init(line: String, trusting keys: [VerifyingKey]) throws(EvidenceError) {
        let parts = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard line.utf8.count <= 400, parts.count == 5, parts[0] == Self.form, let sequence = Int(parts[1]),
            sequence > 0, String(sequence) == parts[1], let signature = SignatureText.read(parts[4].utf8)
        else { throw EvidenceError(.malformed, "it is no head as `fettle evidence anchor` writes it") }
        self.sequence = sequence
        link = FettleModel.Digest(rawValue: parts[2])
        signer = FettleModel.Digest(rawValue: parts[3])
        self.signature = signature
        guard link.isWellFormed, signer.isWellFormed else {
            throw EvidenceError(.malformed, "it is no head as `fettle evidence anchor` writes it")
        }
        guard let key = keys.first(where: { $0.name == signer }) else {
            throw EvidenceError(
                .unknownSigner, "the head is signed by \(signer.short)…, which is none of the keys given")
        }
        guard key.verifies(signature, of: signed) else {
            throw EvidenceError(.altered, "the head is not what was signed")
        }
    }

    private static let form = "fettle-head-v1"
    private var signed: [UInt8] { Array("\(Self.form) \(sequence) \(link) \(signer) ".utf8) }

    /// Without a newline.
    public var line: String { String(decoding: signed, as: UTF8.self) + SignatureText.write(signature) }
}
