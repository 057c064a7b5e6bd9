public import FettleModel
import Foundation

/// Something that was said once and can be verified anywhere: three lines of text.
///
///     FORM
///     {what is said: canonical JSON on one line}
///     SIGNER SIGNATURE
///
/// Signed, by Ed25519, are the two lines above with their newlines; the signer is the key's name (`VerifyingKey.name`), the signature
/// base64.
public enum SignedStatement {
    /// A statement beyond it is not read.
    public static let maximumBytes = 16 << 20

    /// - Parameters:
    ///   - value: what is said.
    ///   - form: what kind of statement it is, with its version, such as `fettle-image-v1`.
    ///   - key: signs it.
    public static func write(
        _ value: some Encodable, form: String, key: SigningKey
    ) throws(EvidenceError) -> [UInt8] {
        let line: [UInt8]
        do {
            line = [UInt8](try CanonicalJSON.encode(value))
        } catch {
            throw EvidenceError(.malformed, "the statement cannot be written as JSON: \(error)")
        }
        let signed = Array("\(form)\n".utf8) + line + [0x0A]
        let signature = SignatureText.write(try key.signature(of: signed))
        return signed + Array("\(key.verifying.name) \(signature)\n".utf8)
    }

    /// Reads a stranger's bytes; the signature is judged before what it covers is looked at.
    ///
    /// - Parameters:
    ///   - type: what is said in this form.
    ///   - bytes: all of them; nothing may follow the third line.
    ///   - form: the only one that is taken.
    ///   - keys: of those who are trusted.
    /// - Returns: what is said, and the name of whose key signed it.
    /// - Throws: `malformed`, `unknownSigner` or `altered`.
    public static func read<Value: Decodable>(
        _ type: Value.Type, from bytes: [UInt8], form: String, trusting keys: [VerifyingKey]
    ) throws(EvidenceError) -> (value: Value, signer: FettleModel.Digest) {
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        guard bytes.count <= maximumBytes, lines.count == 4, lines[3].isEmpty, lines[0].elementsEqual(form.utf8) else {
            throw EvidenceError(.malformed, "it is no statement of three lines that begins with \(form)")
        }
        let last = lines[2].split(separator: 0x20, omittingEmptySubsequences: false)
        guard last.count == 2, let signature = SignatureText.read(last[1]) else {
            throw EvidenceError(.malformed, "its third line is no signer and signature")
        }
        let signer = FettleModel.Digest(rawValue: String(decoding: last[0], as: UTF8.self))
        guard signer.isWellFormed else { throw EvidenceError(.malformed, "its third line names no key") }
        guard let key = keys.first(where: { $0.name == signer }) else {
            throw EvidenceError(
                .unknownSigner, "it says that it is signed by \(signer.short)…, which is none of the keys given")
        }
        guard key.verifies(signature, of: Array(lines[0]) + [0x0A] + Array(lines[1]) + [0x0A]) else {
            throw EvidenceError(.altered, "the statement is not what was signed: it or its signature was altered")
        }
        guard let value = try? CanonicalJSON.decode(type, from: Data(lines[1])) else {
            throw EvidenceError(
                .malformed, "its second line is of no form that is known here; a newer Fettle wrote it?")
        }
        return (value, signer)
    }
}
