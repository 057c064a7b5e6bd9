import FettleModel

/// The header and the table of sections.
enum IndexFront {
    static func bytes(
        _ sections: [IndexLayout.Section: AdvisoryIndexBuilder.SectionPlace], length: UInt64, builtAt: Timestamp
    ) -> [UInt8] {
        var table = ByteWriter()
        for section in IndexLayout.Section.allCases {
            let place = sections[section]
            table.number(section.rawValue)
            table.number(UInt32(0))
            table.number(place?.offset ?? 0)
            table.number(place?.length ?? 0)
            table.number(place?.checksum ?? 0)
        }
        var front = ByteWriter()
        front.raw(IndexLayout.magic)
        front.number(IndexLayout.version)
        front.number(UInt32(IndexLayout.Section.allCases.count))
        front.number(length)
        front.number(builtAt.milliseconds)
        front.number(Checksum.of(table.bytes))
        front.number(Checksum.of(front.bytes))
        front.raw(table.bytes)
        return front.bytes
    }
}
