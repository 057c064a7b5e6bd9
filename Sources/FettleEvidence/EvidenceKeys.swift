import Crypto
public import FettleModel
import FettleStore
import Foundation

/// An Ed25519 key (RFC 8032) that signs. Its text is PKCS #8 in PEM (RFC 8410), as `openssl pkey` reads it.
public struct SigningKey: Sendable {
    private let seed: [UInt8]
    public let verifying: VerifyingKey

    /// A new one, from the system's random numbers.
    public init() throws(EvidenceError) {
        try self.init(seed: [UInt8](Curve25519.Signing.PrivateKey().rawRepresentation))
    }

    private init(seed: [UInt8]) throws(EvidenceError) {
        self.seed = seed
        do {
            let key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
            verifying = VerifyingKey(raw: [UInt8](key.publicKey.rawRepresentation))
        } catch {
            throw EvidenceError(.key, "the signing key is none")
        }
    }

    /// - Throws: `key` for any other text; it is not quoted.
    public init(pem: String) throws(EvidenceError) {
        try self.init(seed: try PEM.read(pem, "PRIVATE KEY", prefix: PEM.privatePrefix))
    }

    /// The secret itself: for its file alone.
    public var pem: String { PEM.write("PRIVATE KEY", PEM.privatePrefix + seed) }

    /// 64 bytes.
    public func signature(of bytes: [UInt8]) throws(EvidenceError) -> [UInt8] {
        do {
            return [UInt8](try Curve25519.Signing.PrivateKey(rawRepresentation: seed).signature(for: bytes))
        } catch {
            throw EvidenceError(.key, "the signing key does not sign")
        }
    }
}

/// The public half of a `SigningKey`: SubjectPublicKeyInfo in PEM, as `openssl pkey -pubin` reads it.
public struct VerifyingKey: Sendable, Equatable {
    let raw: [UInt8]

    init(raw: [UInt8]) { self.raw = raw }

    /// - Throws: `key` for any other text.
    public init(pem: String) throws(EvidenceError) {
        raw = try PEM.read(pem, "PUBLIC KEY", prefix: PEM.publicPrefix)
    }

    public var pem: String { PEM.write("PUBLIC KEY", PEM.publicPrefix + raw) }

    /// By which signatures name their signer: SHA-256 of the key's 32 bytes.
    public var name: FettleModel.Digest { LogChain.sha256.digest(raw) }

    func verifies(_ signature: [UInt8], of bytes: [UInt8]) -> Bool {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: raw) else { return false }
        return key.isValidSignature(signature, for: bytes)
    }
}

/// One form of PEM (RFC 7468), and nothing beside it.
private enum PEM {
    /// The DER before the 32 bytes of an Ed25519 key (RFC 8410, sections 7 and 4).
    static let privatePrefix: [UInt8] = [
        0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    ]
    static let publicPrefix: [UInt8] = [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00]

    static func write(_ label: String, _ bytes: [UInt8]) -> String {
        "-----BEGIN \(label)-----\n\(Data(bytes).base64EncodedString())\n-----END \(label)-----\n"
    }

    static func read(_ text: String, _ label: String, prefix: [UInt8]) throws(EvidenceError) -> [UInt8] {
        let lines = text.split(whereSeparator: \.isNewline)
        guard text.utf8.count <= 1_024, lines.count == 3, lines[0] == "-----BEGIN \(label)-----",
            lines[2] == "-----END \(label)-----", let data = Data(base64Encoded: String(lines[1])),
            data.count == prefix.count + 32, data.starts(with: prefix)
        else {
            throw EvidenceError(
                .key, "it is no Ed25519 \(label.lowercased()) in PEM, as `fettle evidence key` writes it")
        }
        return [UInt8](data.dropFirst(prefix.count))
    }
}

/// The signature of bundles and heads as text: base64 in its one canonical form, so that no two texts are the same signature.
enum SignatureText {
    static func write(_ signature: [UInt8]) -> String { Data(signature).base64EncodedString() }

    /// nil for any other text.
    static func read(_ text: some Sequence<UInt8>) -> [UInt8]? {
        let text = String(decoding: Array(text), as: UTF8.self)
        guard text.utf8.count == 88, let data = Data(base64Encoded: text), data.count == 64,
            data.base64EncodedString() == text
        else { return nil }
        return [UInt8](data)
    }
}
