import FettleModel
public import Foundation

/// Reads VEX documents: OpenVEX (https://github.com/openvex/spec) and CSAF 2.0 of the VEX profile
/// (https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html).
public enum VEXReader {
    /// The largest document that is looked at: 64 MiB. Red Hat's largest have some 30 MB.
    public static let maximumBytes = 64 * 1024 * 1024
    /// Statements of a document, and products of a statement.
    static let maximumCount = 100_000

    /// - Parameter name: for messages.
    /// - Throws: `SoftwareListError` for what is no VEX document; a malformed statement is skipped and named.
    public static func read(_ bytes: Data, name: String) throws(SoftwareListError) -> VEXDocument {
        do throws(Refusal) {
            guard bytes.count <= maximumBytes else {
                throw Refusal("it has \(bytes.count) bytes; at most \(maximumBytes) are read")
            }
            let root = try JSONObject(parsing: bytes)
            // Ubuntu puts what OpenVEX has at the top into an object of its own.
            if root.has("@context") { return try OpenVEXReader.read(root, head: root) }
            if let head = root.object("metadata"), head.has("@context") {
                return try OpenVEXReader.read(root, head: head)
            }
            if let head = root.object("document"), head.has("csaf_version") { return try CSAFReader(root, head).read() }
            throw Refusal("this is neither OpenVEX (it has no '@context') nor CSAF (it has no 'document.csaf_version')")
        } catch {
            throw SoftwareListError(name, error.message)
        }
    }

    /// One line, of a length that a ledger can keep.
    static func words(_ text: String?) -> String {
        let line = (text ?? "").split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return String(line.prefix(1_000))
    }

    /// A name of a weakness or a product; nil for what cannot be one.
    static func name(_ text: String?) -> String? {
        guard let text, (1...ListCollector.maximumLength * 4).contains(text.utf8.count),
            text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else { return nil }
        return text
    }
}
