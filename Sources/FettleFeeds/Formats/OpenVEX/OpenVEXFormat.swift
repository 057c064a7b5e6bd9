public import Foundation

/// OpenVEX documents about packages of distributions, as Ubuntu publishes them (https://github.com/openvex/spec,
/// https://security-metadata.canonical.com/vex/).
public enum OpenVEXFormat: FeedFormat {
    public static let name = "openvex"

    public static func recognises(_ head: Data) -> Bool {
        let start = head.prefix(64 * 1024)
        guard start.first(where: { !" \t\r\n\u{FEFF}".utf8.contains($0) }) == UInt8(ascii: "{") else { return false }
        return start.range(of: Data("openvex.dev/ns".utf8)) != nil
    }

    public static func parse(_ document: FeedDocument, into sink: any FeedSink) throws(FeedError) {
        let vex = try document.decoded(OpenVEXDocument.self, orElse: "can't be read as OpenVEX")
        if let time = vex.timestamp { sink.dated(time) }
        for _ in 0..<vex.malformedCount {
            sink.skipped(document.name, because: "a statement has no vulnerability or no status")
        }
        for record in OpenVEXRecords.records(of: vex) { try sink.advisory(record) }
    }
}
