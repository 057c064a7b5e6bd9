public import Foundation

/// CSAF 2.0 documents about packages of rpm distributions: security advisories and VEX, of Red Hat and SUSE
/// (https://docs.oasis-open.org/csaf/csaf/v2.0/os/csaf-v2.0-os.html).
public enum CSAFFormat: FeedFormat {
    public static let name = "csaf"

    public static func recognises(_ head: Data) -> Bool {
        let start = head.prefix(64 * 1024)
        guard start.first(where: { !" \t\r\n\u{FEFF}".utf8.contains($0) }) == UInt8(ascii: "{") else { return false }
        return start.range(of: Data("\"csaf_version\"".utf8)) != nil
    }

    public static func parse(_ document: FeedDocument, into sink: any FeedSink) throws(FeedError) {
        let csaf: CSAFDocument
        do {
            csaf = try JSONDecoder().decode(CSAFDocument.self, from: document.bytes)
        } catch {
            throw FeedError(document.name, "can't be read as CSAF 2.0: \(DecodingMessage.text(error))")
        }
        guard csaf.document.version.hasPrefix("2.") else {
            throw FeedError(document.name, "is of CSAF \(csaf.document.version.prefix(20)); 2.0 is read")
        }
        guard RpmNames.isName(csaf.document.tracking.id) else {
            throw FeedError(document.name, "has no document.tracking.id, by which it would be known")
        }
        if let time = csaf.document.tracking.modifiedAt { sink.dated(time) }
        for record in CSAFRecords(csaf, sink).records() { try sink.advisory(record) }
    }
}

enum DecodingMessage {
    /// Where a JSON document isn't as it should be, in one line.
    static func text(_ error: any Error) -> String {
        switch error as? DecodingError {
        case .keyNotFound(let key, let context)?: "\(path(context.codingPath + [key])) is missing"
        case .typeMismatch(_, let context)?, .valueNotFound(_, let context)?:
            "\(path(context.codingPath)) is of another type"
        case .dataCorrupted(let context)?:
            context.codingPath.isEmpty ? "it is damaged or cut off JSON" : "\(path(context.codingPath)) is malformed"
        default: "it is damaged"
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        keys.prefix(8).map(\.stringValue).joined(separator: ".")
    }
}
