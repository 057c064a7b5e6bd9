import FettleVersions

/// All that is known of one package of one ecosystem, as it lies in the file. Versions are sorted once, here: from then on an
/// installed version is placed among them by a few compares and everything else is a compare of numbers.
///
///     u16 ecosystem, u16 0, u32 bounds b, u32 entries e, u32 intervals i, u32 length of the name
///     (b + 1) x u32  where each version's text begins, counted from the first text
///     e x 48 bytes   entries, those of one subject side by side, subjects in the order of their names
///     i x (u32, u32) first and last place that is affected; the last one's highest bit: nothing is fixed above it
///     texts          the name, the versions oldest first, then modules, architectures and remarks
///
/// The place of a version: 2n + 1 if it is bound number n, 2n if it lies below bound n and above the one before.
struct PackageBlock {
    static let headerSize = 20
    /// Marks an interval's last place behind which nothing is fixed: there is no bound, or one where the publisher stops to speak.
    static let noFixAbove: UInt32 = 1 << 31

    /// An entry's fields and where they lie in it.
    enum Entry {
        static let size = 48
        static let subject = 0
        static let advisory = 8
        /// A bound's number + 1; 0: no version is named.
        static let fixed = 12
        static let firstInterval = 16
        static let intervalCount = 20
        /// How many of the intervals, the first ones, are ranges; the others are versions that are listed.
        static let rangeCount = 24
        /// The highest bit: the subject is a CVE, and the entry the publisher's word on it.
        static let status = 28
        static let isOfWeakness: UInt8 = 0x80
        static let authority = 29
        static let moduleLength = 30
        static let architecturesLength = 32
        static let remarkLength = 34
        static let module = 36
        static let architectures = 40
        static let remark = 44
    }

    private let rows: [AffectedRow]
    private let ranking: VersionRanking
    /// Oldest first; of equal versions the first by its bytes.
    private let bounds: [String]
    private let ranks: [String: UInt32]
    private var texts = ByteWriter()
    private var textPlaces: [String: (offset: UInt32, length: UInt16)] = [:]

    /// - Parameter rows: of one package, at least one.
    init(_ rows: [AffectedRow]) {
        self.rows = Self.heard(rows)
        // Sorted, so that the same feeds give the same file, whichever of two equal versions comes first.
        let versions = rows.reduce(into: Set<String>()) { $0.formUnion(Self.versions(of: $1.package)) }.sorted()
        ranking = VersionRanking(rows[0].package.ecosystem.scheme, versions)
        var bounds = [String](repeating: "", count: ranking.rankCount)
        for (version, rank) in zip(versions, ranking.ranks).reversed() { bounds[Int(rank)] = version }
        self.bounds = bounds
        ranks = Dictionary(zip(versions, ranking.ranks)) { first, _ in first }
    }

    /// Of each subject what the feed of the highest authority says, in its newest version, once.
    private static func heard(_ rows: [AffectedRow]) -> [AffectedRow] {
        var highest: [String: UInt8] = [:]
        for row in rows { highest[row.subject] = max(highest[row.subject] ?? 0, row.authority) }
        var newest: [String: Int64] = [:]
        for row in rows where row.authority == highest[row.subject] {
            newest[row.subject] = max(newest[row.subject] ?? .min, row.modified)
        }
        var said: [String: [AffectedPackage]] = [:]
        return rows.enumerated()
            .sorted { ($0.element.subject, $0.offset) < ($1.element.subject, $1.offset) }
            .map(\.element)
            .filter { row in
                guard row.authority == highest[row.subject], row.modified == newest[row.subject] else { return false }
                // The same words again, such as from a file that was given twice. Few alternatives make a short search; a feed
                // with very many is kept as it is.
                let before = said[row.subject, default: []]
                guard before.count < 32 else { return true }
                guard !before.contains(row.package) else { return false }
                said[row.subject, default: []].append(row.package)
                return true
            }
    }

    private static func versions(of package: AffectedPackage) -> [String] {
        package.intervals.flatMap { [$0.lower?.version, $0.upper?.version].compactMap { $0 } } + package.versions
            + (package.fixed.map { [$0] } ?? [])
    }

    var advisories: [UInt32] { rows.map(\.advisory) }
    var entryCount: Int { rows.count }

    mutating func bytes() -> [UInt8] {
        texts.raw(rows[0].package.name)
        var starts: [UInt32] = []
        for version in bounds {
            starts.append(UInt32(texts.count))
            texts.raw(version)
        }
        starts.append(UInt32(texts.count))

        var entries = ByteWriter()
        var intervals = ByteWriter()
        for row in rows { append(row, to: &entries, &intervals) }

        var block = ByteWriter()
        block.number(rows[0].ecosystem)
        block.number(UInt16(0))
        block.number(UInt32(bounds.count))
        block.number(UInt32(rows.count))
        block.number(UInt32(intervals.count / 8))
        block.number(UInt32(rows[0].package.name.utf8.count))
        for start in starts { block.number(start) }
        block.raw(entries.bytes)
        block.raw(intervals.bytes)
        block.raw(texts.bytes)
        return block.bytes
    }

    private mutating func append(_ row: AffectedRow, to entries: inout ByteWriter, _ intervals: inout ByteWriter) {
        let package = row.package
        let first = UInt32(intervals.count / 8)
        for interval in package.intervals {
            intervals.number(interval.lower.map { place($0.version) + ($0.isInclusive ? 0 : 1) } ?? 0)
            let last = interval.upper.map { place($0.version) - ($0.isInclusive ? 0 : 1) } ?? .max
            intervals.number(interval.endsAtLimit ? last | Self.noFixAbove : last)
        }
        for listed in Set(package.versions.map(place)).sorted() {
            intervals.number(listed)
            intervals.number(listed)
        }
        let module = textPlace(package.module ?? "")
        let architectures = textPlace(package.architectures.joined(separator: " "))
        let remark = textPlace(package.remark)
        entries.number(NameTable.hash(row.subject))
        entries.number(row.advisory)
        entries.number(package.fixed.flatMap { ranks[$0] }.map { $0 + 1 } ?? 0)
        entries.number(first)
        entries.number(UInt32(intervals.count / 8) - first)
        entries.number(UInt32(package.intervals.count))
        let mark = row.subject.hasPrefix("CVE-") ? Entry.isOfWeakness : 0
        entries.number(package.status.rawValue | mark)
        entries.number(row.authority)
        entries.number(module.length)
        entries.number(architectures.length)
        entries.number(remark.length)
        entries.number(module.offset)
        entries.number(architectures.offset)
        entries.number(remark.offset)
    }

    private func place(_ version: String) -> UInt32 { 2 * (ranks[version] ?? 0) + 1 }

    private mutating func textPlace(_ text: String) -> (offset: UInt32, length: UInt16) {
        guard !text.isEmpty else { return (0, 0) }
        if let known = textPlaces[text] { return known }
        let cut = text.utf8.prefix(4096)
        let place = (UInt32(texts.count), UInt16(cut.count))
        texts.raw(Array(cut))
        textPlaces[text] = place
        return place
    }
}
