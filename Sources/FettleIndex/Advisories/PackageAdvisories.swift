import FettleVersions

/// All that an index knows of one package of one ecosystem. Reads from the mapped file; keeps it mapped.
public struct PackageAdvisories: Sendable {
    public let ecosystem: Ecosystem
    /// Where it lies in its index: the same for the same package, whoever asks.
    public let place: UInt32

    // The mapped bytes are never written to, and live as long as the holder.
    nonisolated(unsafe) private let block: BlockView
    private let holder: MappedFile
    private let boundCount: Int
    private let intervalCount: Int
    private let nameLength: Int
    /// How many entries there are.
    public let count: Int

    init(_ block: BlockView, in ecosystem: Ecosystem, place: UInt32, holder: MappedFile) {
        self.block = block
        self.ecosystem = ecosystem
        self.place = place
        self.holder = holder
        // No count leads beyond the block: `entries` and `intervals` end where it ends.
        boundCount = min(Int(block.number(at: 4, as: UInt32.self)), block.count / 4)
        count = min(Int(block.number(at: 8, as: UInt32.self)), block.count / PackageBlock.Entry.size)
        intervalCount = min(Int(block.number(at: 12, as: UInt32.self)), block.count / 8)
        nameLength = Int(block.number(at: 16, as: UInt32.self))
    }

    static func names(_ block: BlockView, _ name: UnsafeRawBufferPointer, _ ecosystem: UInt16) -> Bool {
        guard block.number(at: 0, as: UInt16.self) == ecosystem else { return false }
        let bounds = Int(block.number(at: 4, as: UInt32.self))
        let entries = Int(block.number(at: 8, as: UInt32.self))
        let intervals = Int(block.number(at: 12, as: UInt32.self))
        let texts = PackageBlock.headerSize + (bounds + 1) * 4 + entries * PackageBlock.Entry.size + intervals * 8
        return block.part(texts, Int(block.number(at: 16, as: UInt32.self))).equals(name)
    }

    /// The subject of what publishers say of a CVE or an advisory by its name.
    public static func subject(of name: String) -> UInt64 {
        NameTable.hash(AdvisoryIndexBuilder.subject(of: name))
    }

    public var name: String { block.part(texts, nameLength).text }

    /// One advisory's word on the package.
    public struct Entry: Sendable {
        public var advisory: UInt32
        /// Entries of one subject are alternatives, side by side.
        public var subject: UInt64
        public var status: AffectedStatus
        /// Whether its subject is a CVE, on which it is the publisher's word, and not an advisory that names several.
        public var isOfWeakness: Bool
        /// Of its feed, as the index was told.
        public var authority: UInt8
        /// What the feed names as the version to go to; a bound's number.
        public var fixedBound: Int?
        fileprivate var offset: Int
        fileprivate var firstInterval: Int
        fileprivate var intervalCount: Int
        fileprivate var rangeCount: Int
    }

    /// How an installed version stands to an entry.
    public enum Standing: Sendable, Equatable {
        /// In a range. `fixed`: the bound at which the range ends, if it does.
        case inRange(fixed: Int?)
        /// Listed by itself.
        case listed
        /// Above a range of the entry: it was affected once, and is no more.
        case above
        /// In none, and above none.
        case outside
    }

    /// The place of an installed version among the bounds: a few compares of texts, once for each version.
    public func place(of version: String) -> UInt32 {
        var version = version
        return version.withUTF8 { text in
            var low = 0
            var high = boundCount
            while low < high {
                let middle = (low + high) / 2
                let bound = bytes(ofBound: middle).bytes.assumingMemoryBound(to: UInt8.self)
                switch ecosystem.scheme.compare(bound.span, text.span) {
                case .less: low = middle + 1
                case .equal: return UInt32(middle) * 2 + 1
                case .greater: high = middle
                }
            }
            return UInt32(low) * 2
        }
    }

    @inline(__always)
    public func entry(_ number: Int) -> Entry {
        typealias Field = PackageBlock.Entry
        let offset = entries + number * Field.size
        let fixed = Int(block.number(at: offset + Field.fixed, as: UInt32.self))
        let first = min(Int(block.number(at: offset + Field.firstInterval, as: UInt32.self)), intervalCount)
        let status = block.number(at: offset + Field.status, as: UInt8.self)
        let listed = Int(block.number(at: offset + Field.intervalCount, as: UInt32.self))
        return Entry(
            advisory: block.number(at: offset + Field.advisory, as: UInt32.self),
            subject: block.number(at: offset + Field.subject, as: UInt64.self),
            status: AffectedStatus(rawValue: status & ~Field.isOfWeakness) ?? .unknown,
            isOfWeakness: status & Field.isOfWeakness != 0,
            authority: block.number(at: offset + Field.authority, as: UInt8.self),
            fixedBound: fixed > 0 && fixed <= boundCount ? fixed - 1 : nil, offset: offset, firstInterval: first,
            intervalCount: min(listed, intervalCount - first),
            rangeCount: Int(block.number(at: offset + Field.rangeCount, as: UInt32.self)))
    }

    @inline(__always)
    public func standing(of place: UInt32, in entry: Entry) -> Standing {
        var standing = Standing.outside
        for number in 0..<entry.intervalCount {
            let offset = intervals + (entry.firstInterval + number) * 8
            let low = block.number(at: offset, as: UInt32.self)
            let last = block.number(at: offset + 4, as: UInt32.self)
            let high = last & ~PackageBlock.noFixAbove
            // An even end lies below a bound: that bound is the first version that is not affected, and fixed unless it is a limit.
            let isFixedAbove = last == high && high % 2 == 0
            let isRange = number < entry.rangeCount
            if place >= low, place <= high {
                guard isRange else { return .listed }
                let bound = isFixedAbove ? Int(high / 2) : boundCount
                return .inRange(fixed: bound < boundCount ? bound : nil)
            }
            // Only an end that is the first version without it has a fix above it; behind a last affected version is none.
            if place > high, isRange, isFixedAbove { standing = .above }
        }
        return standing
    }

    /// The bounds at which an entry's ranges end with a fix.
    public func fixes(of entry: Entry) -> [Int] {
        let ends = (0..<min(entry.intervalCount, entry.rangeCount)).compactMap { number -> Int? in
            let last = block.number(at: intervals + (entry.firstInterval + number) * 8 + 4, as: UInt32.self)
            let isFixedAbove = last & PackageBlock.noFixAbove == 0 && last % 2 == 0
            return isFixedAbove && Int(last / 2) < boundCount ? Int(last / 2) : nil
        }
        return (entry.fixedBound.map { [$0] } ?? []) + ends
    }

    public func bound(_ number: Int) -> String { bytes(ofBound: number).text }

    /// `name:stream` of the module for which the entry holds; empty: any, and none.
    public func module(of entry: Entry) -> String {
        text(entry, PackageBlock.Entry.module, PackageBlock.Entry.moduleLength)
    }

    /// Separated by blanks; empty: all.
    public func architectures(of entry: Entry) -> String {
        text(entry, PackageBlock.Entry.architectures, PackageBlock.Entry.architecturesLength)
    }

    public func remark(of entry: Entry) -> String {
        text(entry, PackageBlock.Entry.remark, PackageBlock.Entry.remarkLength)
    }

    // MARK: Places in the block

    private var entries: Int { PackageBlock.headerSize + (boundCount + 1) * 4 }
    private var intervals: Int { entries + count * PackageBlock.Entry.size }
    private var texts: Int { intervals + intervalCount * 8 }

    private func bytes(ofBound number: Int) -> BlockView {
        guard number >= 0, number < boundCount else { return block.part(0, 0) }
        let start = Int(block.number(at: PackageBlock.headerSize + number * 4, as: UInt32.self))
        let end = Int(block.number(at: PackageBlock.headerSize + number * 4 + 4, as: UInt32.self))
        return block.part(texts + start, end - start)
    }

    private func text(_ entry: Entry, _ place: Int, _ length: Int) -> String {
        let count = Int(block.number(at: entry.offset + length, as: UInt16.self))
        guard count > 0 else { return "" }
        return block.part(texts + Int(block.number(at: entry.offset + place, as: UInt32.self)), count).text
    }
}
