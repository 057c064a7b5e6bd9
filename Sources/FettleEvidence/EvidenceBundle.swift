import FettleModel
import FettleStore
public import Foundation

/// The container of a run's evidence: three lines of text, then the parts one behind the other and nothing after them.
///
///     fettle-evidence-v1
///     {the manifest: canonical JSON on one line}
///     the Ed25519 signature of the two lines above, with their newlines, as base64
///
/// The manifest gives each part's size and digest, so every byte is covered, and there is nothing to unpack.
public struct EvidenceBundle: Sendable {
    public let manifest: BundleManifest
    private let parts: [BundlePart: Data]

    public static let form = "fettle-evidence-v1"
    static let maximumManifestBytes = 1 << 20
    /// A bundle beyond it is not read: 1 GiB.
    public static let maximumBytes = 1 << 30

    /// What a part holds; nil if it is absent.
    public func bytes(of part: BundlePart) -> Data? { parts[part] }

    // MARK: Writing

    /// - Parameters:
    ///   - manifest: without parts; they and the signer are filled in.
    ///   - parts: in any order.
    ///   - key: signs it.
    /// - Returns: the file's bytes.
    public static func write(
        _ manifest: BundleManifest, parts: [BundlePart: [UInt8]], key: SigningKey
    ) throws(EvidenceError) -> [UInt8] {
        var manifest = manifest
        manifest.signer = key.verifying.name
        manifest.parts = BundlePart.allCases.compactMap { name in
            parts[name].map { .init(name: name, bytes: $0.count, digest: LogChain.sha256.digest($0)) }
        }
        let line: [UInt8]
        do {
            line = [UInt8](try CanonicalJSON.encode(manifest))
        } catch {
            throw EvidenceError(.malformed, "the manifest cannot be written as JSON: \(error)")
        }
        let signed = Array("\(form)\n".utf8) + line + [0x0A]
        let signature = SignatureText.write(try key.signature(of: signed))
        var bytes = signed + Array("\(signature)\n".utf8)
        for part in manifest.parts { bytes += parts[part.name] ?? [] }
        guard line.count <= maximumManifestBytes, bytes.count <= maximumBytes else {
            throw EvidenceError(.malformed, "the bundle would have \(bytes.count) bytes; \(maximumBytes) are the most")
        }
        return bytes
    }

    // MARK: Reading

    /// Reads a stranger's bytes. The signature is judged before anything that it covers is looked at, but for the name of its
    /// signer.
    ///
    /// - Parameter keys: of those who are trusted.
    /// - Throws: `malformed`, `unknownSigner` or `altered`.
    public init(_ data: Data, trusting keys: [VerifyingKey]) throws(EvidenceError) {
        guard data.count <= Self.maximumBytes else {
            throw EvidenceError(
                .malformed, "the bundle has \(data.count) bytes; \(Self.maximumBytes) are the most that is read")
        }
        var rest = data[...]
        guard let form = Self.line(&rest, limit: Self.form.utf8.count), form.elementsEqual(Self.form.utf8) else {
            throw EvidenceError(
                .malformed, "it does not begin with the line \(Self.form): it is no bundle of `fettle evidence export`")
        }
        guard let text = Self.line(&rest, limit: Self.maximumManifestBytes) else {
            throw EvidenceError(.malformed, "line 2 is no manifest of at most \(Self.maximumManifestBytes) bytes")
        }
        let signed = [UInt8](data[data.startIndex..<rest.startIndex])
        guard let signature = Self.line(&rest, limit: 88).flatMap({ SignatureText.read($0) }) else {
            throw EvidenceError(.malformed, "line 3 is no signature: 64 bytes as base64")
        }
        guard let manifest = try? CanonicalJSON.decode(BundleManifest.self, from: Data(text)) else {
            throw EvidenceError(.malformed, "line 2 is no manifest that is known here; a newer Fettle wrote it?")
        }
        guard let key = keys.first(where: { $0.name == manifest.signer }) else {
            throw EvidenceError(
                .unknownSigner,
                "the bundle says that it is signed by \(Self.shown(manifest.signer)), which is none of the keys given")
        }
        guard key.verifies(signature, of: signed) else {
            throw EvidenceError(.altered, "the manifest is not what was signed: it or its signature was altered")
        }
        self.manifest = manifest
        parts = try Self.parts(manifest, rest)
    }

    /// The line at the front, without its newline, which is taken too; nil if it is longer than the limit or has no end.
    private static func line(_ rest: inout Data, limit: Int) -> Data? {
        guard let end = rest.prefix(limit + 1).firstIndex(of: 0x0A) else { return nil }
        defer { rest = rest[rest.index(after: end)...] }
        return rest[rest.startIndex..<end]
    }

    /// A stranger's text, for an error: only if it is what it should be.
    private static func shown(_ digest: FettleModel.Digest) -> String {
        digest.isWellFormed ? "\(digest.short)…" : "somebody without a name"
    }

    private static func parts(_ manifest: BundleManifest, _ bytes: Data) throws(EvidenceError) -> [BundlePart: Data] {
        let names = manifest.parts.map(\.name)
        guard names == BundlePart.allCases.filter(names.contains) else {
            throw EvidenceError(.malformed, "a part is there twice, or not in its place")
        }
        if let missing = BundlePart.allCases.first(where: { $0.isRequired && !names.contains($0) }) {
            throw EvidenceError(.malformed, "the part \(missing.rawValue) is missing")
        }
        var rest = bytes
        var parts: [BundlePart: Data] = [:]
        for part in manifest.parts {
            guard part.bytes >= 0, part.bytes <= rest.count else {
                throw EvidenceError(.altered, "the bundle ends inside the part \(part.name.rawValue): it was cut off")
            }
            let own = rest.prefix(part.bytes)
            rest = rest.dropFirst(part.bytes)
            guard LogChain.sha256.digest([UInt8](own)) == part.digest else {
                throw EvidenceError(.altered, "the part \(part.name.rawValue) is not what was signed")
            }
            parts[part.name] = own
        }
        guard rest.isEmpty else {
            throw EvidenceError(.altered, "\(rest.count) bytes follow the last part, and nobody has signed them")
        }
        return parts
    }
}
