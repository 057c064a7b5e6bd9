public import Foundation

/// Advisories in the Open Source Vulnerability format (https://ossf.github.io/osv-schema/): a record, an array of
/// records or JSON lines of them, and a record in YAML as PyPA keeps its own
/// (https://github.com/pypa/advisory-database).
public enum OSVFormat: FeedFormat {
    public static let name = "osv"

    public static func recognises(_ head: Data) -> Bool {
        if OSVYAML.recognises(head) { return true }
        let outline = JSONOutline(head)
        return ["", "[]/"].contains { root in
            // Publishers that sort the names have `affected` first, and it can be longer than the head.
            if outline.has(root + "affected/[]/package/ecosystem") || outline.has(root + "affected/[]/ranges") {
                return true
            }
            return outline.has(root + "id")
                && (outline.has(root + "schema_version") || outline.has(root + "affected")
                    || (outline.has(root + "modified") && !outline.has(root + "packages")))
        }
    }

    public static func parse(_ document: FeedDocument, into sink: any FeedSink) throws(FeedError) {
        let conversion = OSVConversion(sink)
        if OSVYAML.recognises(document.bytes.prefix(65_536)) {
            try conversion.take(OSVYAML.record(document), named: document.name)
            return
        }
        let decoder = JSONDecoder()
        var number = 0
        try JSONSplitter.values(in: document.bytes, of: document.name) { value throws(FeedError) in
            guard value.first == UInt8(ascii: "[") else {
                number += 1
                let place = "record \(number)"
                try conversion.take(
                    document.record(OSVRecord.self, place, from: value, by: decoder), named: place)
                return
            }
            var splitter = try JSONSplitter(value, of: document.name)
            while let member = try splitter.next() {
                number += 1
                let place = "record \(number)"
                try conversion.take(
                    document.record(OSVRecord.self, place, from: member.value, by: decoder), named: place)
            }
        }
        guard number > 0 else { throw FeedError(document.name, "holds no OSV record") }
    }
}
