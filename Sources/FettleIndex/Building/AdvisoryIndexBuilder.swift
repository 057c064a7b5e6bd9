public import FettleModel
import Foundation

/// Compiles advisories into an index file, in bounded memory: what is said of packages goes through temporary files, and what stays
/// in memory is 16 bytes for each name of an advisory and 8 for each pair of advisory and package.
///
/// The file appears whole or not at all; whoever has the old one open keeps it.
public final class AdvisoryIndexBuilder {
    private let file: OutputFile
    private let affected: SpillFiles
    private let weaknesses: SpillFiles
    private var sections: [IndexLayout.Section: SectionPlace] = [:]
    private var feeds: [FeedCatalogue.Feed] = []
    private var authorities: [UInt8] = []
    private var ecosystems: [Ecosystem] = []
    private var ecosystemNumbers: [String: UInt16] = [:]
    private var advisoryOffsets = ByteWriter()
    private var advisoryNames = NameTable()
    private var advisoryCount: UInt32 = 0
    private var copies = RecordCopies()

    struct SectionPlace {
        var offset: UInt64
        var length: UInt64
        var checksum: UInt64
    }

    /// - Parameter path: where the index will stand. Its folder also holds the temporary files.
    public init(path: String) throws(IndexError) {
        file = try OutputFile(path)
        let folder = FilePath.folder(of: path)
        affected = try SpillFiles(in: folder.isEmpty ? "." : folder, buckets: 64)
        weaknesses = try SpillFiles(in: folder.isEmpty ? "." : folder, buckets: 16)
        try file.append([UInt8](repeating: 0, count: IndexLayout.tableEnd))
    }

    /// A feed of which records follow.
    ///
    /// - Parameter authority: of several feeds that say something of one subject and package, the one of the highest is heard.
    /// - Returns: the feed's number.
    public func begin(_ feed: FeedCatalogue.Feed, authority: UInt8) -> Int {
        feeds.append(feed)
        authorities.append(authority)
        return feeds.count - 1
    }

    /// Changes what is told of a feed, such as its date and what was skipped.
    public func update(_ feed: Int, _ change: (inout FeedCatalogue.Feed) -> Void) { change(&feeds[feed]) }

    public func add(_ record: AdvisoryRecord, feed: Int) throws(IndexError) {
        guard advisoryCount < .max - 1, ecosystems.count < Int(UInt16.max) - 1 else {
            throw IndexError(.tooLarge, path: file.path, "an index has at most 4 thousand million advisories")
        }
        let number = advisoryCount
        advisoryCount += 1
        if advisoryOffsets.count == 0 { begin(.advisoryBlocks) }
        advisoryOffsets.number(try append(AdvisoryBlock.bytes(record, feed: feed)))
        let subject = Self.subject(of: record.id)
        for name in Set([record.id, subject] + record.aliases.prefix(AdvisoryBlock.mostAliases)) {
            advisoryNames.add(NameTable.hash(name), number)
        }
        feeds[feed].advisories += 1
        copies.add(record, format: feeds[feed].format)
        guard record.withdrawnAt == nil else { return }
        for var package in record.affected {
            package.name = package.ecosystem.normalName(package.name)
            let row = AffectedRow(
                ecosystem: ecosystemNumber(package.ecosystem), advisory: number, subject: subject,
                authority: authorities[feed], modified: RecordCopies.time(of: record),
                copies: RecordCopies.keys(of: record, in: package.ecosystem, format: feeds[feed].format),
                package: package)
            var writer = ByteWriter()
            row.encode(into: &writer)
            try affected.add(writer, hash: NameTable.hash(package.name, in: row.ecosystem))
        }
    }

    public func add(_ record: WeaknessRecord, feed: Int) throws(IndexError) {
        var writer = ByteWriter()
        WeaknessBlock.append(record, to: &writer)
        try weaknesses.add(writer, hash: NameTable.hash(record.id))
        feeds[feed].weaknesses += 1
    }

    /// Writes the rest and puts the index in its place.
    ///
    /// - Parameter passedOver: what was given and is no feed.
    public func finish(
        builtAt: Timestamp, passedOver: FeedCatalogue.RecordTally = .init()
    ) throws(IndexError) -> FeedCatalogue {
        if advisoryOffsets.count == 0 { begin(.advisoryBlocks) }
        try end(.advisoryBlocks)
        let entries = try writePackages()
        let weaknessCount = try writeWeaknesses()
        try write(advisoryOffsets.bytes, as: .advisoryOffsets)
        try write(advisoryNames.bytes(), as: .advisoryNames)
        var catalogue = FeedCatalogue(
            builtAt: builtAt, feeds: feeds,
            ecosystems: zip(ecosystems, entries).map {
                .init(name: $0.0.name, packages: $0.1.packages, entries: $0.1.entries)
            }, advisories: Int(advisoryCount), weaknesses: weaknessCount)
        catalogue.passedOver = passedOver
        try write(CatalogueBlock.bytes(catalogue), as: .catalogue)
        try file.finish(front: IndexFront.bytes(sections, length: file.length, builtAt: builtAt))
        return catalogue
    }

    /// `CVE-2024-1` of `DEBIAN-CVE-2024-1`: OSV gives what a tracker says of a CVE an id of its own.
    static func subject(of id: String) -> String {
        guard let cve = id.range(of: "-CVE-"), cve.lowerBound != id.startIndex, !id.hasPrefix("CVE-") else { return id }
        return String(id[id.index(after: cve.lowerBound)...])
    }

    // MARK: Parts

    private func writePackages() throws(IndexError) -> [(packages: Int, entries: Int)] {
        var counts = [(packages: Int, entries: Int)](repeating: (0, 0), count: ecosystems.count)
        var names = NameTable()
        var pairs: [UInt64] = []
        let newest = copies.newest()
        begin(.packageBlocks)
        for bucket in 0..<affected.bucketCount {
            var lots: [PackageKey: [AffectedRow]] = [:]
            try affected.withRows(of: bucket) { cursor throws(IndexError) in
                guard let row = AffectedRow(&cursor, ecosystems) else {
                    throw IndexError(.damaged, path: file.path, "a temporary file is not as it was written")
                }
                guard !row.isSuperseded(newest) else { return }
                lots[PackageKey(ecosystem: row.ecosystem, name: row.package.name), default: []].append(row)
            }
            for (key, rows) in lots.sorted(by: { $0.key < $1.key }) {
                var block = PackageBlock(rows)
                let place = try append(block.bytes())
                names.add(NameTable.hash(key.name, in: key.ecosystem), place)
                pairs += block.advisories.map { UInt64($0) << 32 | UInt64(place) }
                counts[Int(key.ecosystem)].packages += 1
                counts[Int(key.ecosystem)].entries += block.entryCount
            }
        }
        try end(.packageBlocks)
        try write(names.bytes(), as: .packageNames)
        try writeAdvisoryPackages(pairs)
        return counts
    }

    private struct PackageKey: Hashable, Comparable {
        var ecosystem: UInt16
        var name: String

        static func < (left: Self, right: Self) -> Bool {
            (left.ecosystem, left.name) < (right.ecosystem, right.name)
        }
    }

    /// The packages of each advisory: where they begin, one more than there are advisories, and the packages' places.
    private func writeAdvisoryPackages(_ pairs: [UInt64]) throws(IndexError) {
        let sorted = pairs.sorted()
        var starts = ByteWriter()
        var places = ByteWriter()
        var next = 0
        for advisory in 0..<UInt64(advisoryCount) {
            starts.number(UInt32(places.count / 4))
            var previous: UInt64?
            while next < sorted.count, sorted[next] >> 32 == advisory {
                if sorted[next] != previous { places.number(UInt32(truncatingIfNeeded: sorted[next])) }
                previous = sorted[next]
                next += 1
            }
        }
        starts.number(UInt32(places.count / 4))
        try write(starts.bytes, as: .advisoryPackageStarts)
        try write(places.bytes, as: .advisoryPackages)
    }

    private func writeWeaknesses() throws(IndexError) -> Int {
        var names = NameTable()
        var count = 0
        begin(.weaknessBlocks)
        for bucket in 0..<weaknesses.bucketCount {
            var records: [String: WeaknessRecord] = [:]
            try weaknesses.withRows(of: bucket) { cursor throws(IndexError) in
                let record = WeaknessBlock.read(&cursor)
                records[record.id] = records[record.id].map { WeaknessBlock.join($0, record) } ?? record
            }
            for (id, record) in records.sorted(by: { $0.key < $1.key }) {
                var writer = ByteWriter()
                WeaknessBlock.append(record, to: &writer)
                names.add(NameTable.hash(id), try append(writer.bytes))
                count += 1
            }
        }
        try end(.weaknessBlocks)
        try write(names.bytes(), as: .weaknessNames)
        return count
    }

    private func ecosystemNumber(_ ecosystem: Ecosystem) -> UInt16 {
        if let known = ecosystemNumbers[ecosystem.name] { return known }
        let number = UInt16(ecosystems.count)
        ecosystems.append(ecosystem)
        ecosystemNumbers[ecosystem.name] = number
        return number
    }

    // MARK: Sections

    private func begin(_ section: IndexLayout.Section) {
        sections[section] = SectionPlace(offset: file.length, length: 0, checksum: 0)
    }

    private func end(_ section: IndexLayout.Section) throws(IndexError) {
        try file.pad(to: UInt64(IndexLayout.blockAlignment))
        if let place = sections[section] { sections[section]?.length = file.length - place.offset }
    }

    private func write(_ bytes: [UInt8], as section: IndexLayout.Section) throws(IndexError) {
        begin(section)
        sections[section]?.checksum = Checksum.of(bytes)
        sections[section]?.length = UInt64(bytes.count)
        try file.append(bytes)
        try file.pad(to: UInt64(IndexLayout.blockAlignment))
    }

    /// - Returns: where the block lies in the file, in units of eight bytes.
    private func append(_ payload: [UInt8]) throws(IndexError) -> UInt32 {
        let place = file.length / UInt64(IndexLayout.blockAlignment)
        guard place < UInt64(UInt32.max), payload.count < Int(UInt32.max) else {
            throw IndexError(.tooLarge, path: file.path, "an index has at most 32 GiB")
        }
        var block = ByteWriter()
        block.number(UInt32(payload.count))
        block.number(UInt32(truncatingIfNeeded: Checksum.of(payload)))
        block.raw(payload)
        block.pad(to: IndexLayout.blockAlignment)
        try file.append(block.bytes)
        return UInt32(place)
    }
}
