internal import FettleSoftware
public import Foundation

/// OVAL definitions of Debian, Ubuntu, Red Hat, SUSE, Oracle and AlmaLinux
/// (https://oval-community-guidelines.readthedocs.io/en/latest/oval-schema-documentation/).
///  The document is gone through twice, so that only its tests are held in memory and never its definitions, which come
/// first and refer to them: the files of Ubuntu and SUSE are hundreds of megabytes.
public enum OVALFormat: FeedFormat {
    public static let name = "oval"

    public static func recognises(_ head: Data) -> Bool { XMLReader.root(head) == "oval_definitions" }

    public static func parse(_ document: FeedDocument, into sink: any FeedSink) throws(FeedError) {
        guard recognises(document.bytes.prefix(64 * 1024)) else {
            throw FeedError(document.name, "is no OVAL: its first element should be <oval_definitions>")
        }
        let facts = OVALFactsReader()
        try document.readXML(into: facts)
        let records = OVALRecords(facts.facts, sink)
        try document.readXML(into: OVALDefinitionReader(records, sink))
        try records.finish()
        if records.definitionCount > 0, records.recordCount == 0, records.skippedCount > 0 {
            throw FeedError(
                document.name,
                "holds \(records.definitionCount) definitions and none that can be used; the first says: "
                    + records.firstReason)
        }
    }
}
