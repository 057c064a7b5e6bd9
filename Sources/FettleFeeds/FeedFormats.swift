/// Every format that is read, in the order in which a document is offered to them.
public enum FeedFormats {
    struct Entry: Sendable {
        var format: any FeedFormat.Type
        /// Where two feeds speak of one weakness in one package, the one of the higher authority is heard: a distribution's own
        /// tracker knows its packages better than a collection that was made from it.
        var authority: UInt8
    }

    static let all: [Entry] = [
        Entry(format: KEVFormat.self, authority: 9),
        Entry(format: EPSSFormat.self, authority: 9),
        Entry(format: CVEFormat.self, authority: 4),
        Entry(format: DebianTrackerFormat.self, authority: 9),
        Entry(format: AlpineSecdbFormat.self, authority: 9),
        Entry(format: UbuntuCVEFormat.self, authority: 9),
        Entry(format: USNFormat.self, authority: 8),
        Entry(format: UbuntuNoticeFormat.self, authority: 8),
        Entry(format: CSAFFormat.self, authority: 8),
        Entry(format: OpenVEXFormat.self, authority: 8),
        Entry(format: OVALFormat.self, authority: 7),
        Entry(format: UpdateInfoFormat.self, authority: 7),
        Entry(format: AlmaErrataFormat.self, authority: 7),
        Entry(format: RockyErrataFormat.self, authority: 7),
        Entry(format: OSVFormat.self, authority: 5),
    ]

    static func recognise(_ document: FeedDocument) -> Entry? {
        let head = document.bytes.prefix(65_536)
        return all.first { $0.format.recognises(head) }
    }
}
