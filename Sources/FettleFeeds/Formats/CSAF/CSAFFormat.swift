internal import FettleModel
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

    /// When a document was last changed; nil if it does not say, or is none.
    static func modified(_ document: FeedDocument) -> Timestamp? {
        (try? document.decoded(CSAFDocument.self, orElse: ""))?.document.tracking.modifiedAt
    }

    public static func parse(_ document: FeedDocument, into sink: any FeedSink) throws(FeedError) {
        let csaf = try document.decoded(CSAFDocument.self, orElse: "can't be read as CSAF 2.0")
        guard csaf.document.version.hasPrefix("2.") else {
            throw FeedError(document.name, "is of CSAF \(csaf.document.version.prefix(20)); 2.0 is read")
        }
        guard AdvisoryNames.isID(csaf.document.tracking.id) else {
            throw FeedError(document.name, "has no document.tracking.id, by which it would be known")
        }
        if let time = csaf.document.tracking.modifiedAt { sink.dated(time) }
        for record in CSAFRecords(csaf, sink).records() { try sink.advisory(record) }
    }
}
