/// Every format that is read, in the order in which a document is offered to them.
public enum FeedFormats {
    struct Entry: Sendable {
        var format: any FeedFormat.Type
        /// Where two feeds speak of one weakness in one package, the one of the higher authority is heard: a distribution's own
        /// tracker knows its packages better than a collection that was made from it.
        var authority: UInt8
    }

    static let all: [Entry] = [
        Entry(format: OSVFormat.self, authority: 5),
        Entry(format: UpdateInfoFormat.self, authority: 7),
    ]

    static func recognise(_ document: FeedDocument) -> Entry? {
        let head = document.bytes.prefix(65_536)
        return all.first { $0.format.recognises(head) }
    }
}
