/// How the file of the fleet's packages is laid out. Numbers are little endian. It is changed in place, by lines of 64 bytes, each
/// change through the journal that lies beside it (`FleetJournal`).
///
///     0    line    "FETTLEFC", u32 version, u32 0, u64 identity, u64 seed of the hashes, u64 checksum of the 32 bytes before;
///                  never changed
///     64   line    u64 generation: odd while a change is being written
///     128  root    see `Root`; its checksum is checked on open and written anew with each change
///     4096         parts: segments of arrays, tables, texts, directories, blocks of cells
///
/// Nothing that has a place ever moves except tables, lists of builds and directories, which are copied when they grow.
enum FleetLayout {
    static let magic = Array("FETTLEFC".utf8)
    static let version: UInt32 = 2
    static let line = 64
    static let page = 4096
    static let generation = 64
    static let root = 128
    /// The file grows by no less, and so does its mapping: a multiple of every system's page.
    static let growth = 1 << 16
    /// Addresses that are set aside for the mapping, and so the most that a file can hold: 64 GiB.
    static let mostBytes = 1 << 36
    /// Hosts whose cells lie in one block.
    static let blockRows = 4096
    static let mostHosts = 1 << 24
    static let mostPackagesOfHost = 200_000
    static let mostTextBytes = 4096
    /// A package's builds are numbered from 1 in 16 bits; 0 is "not installed".
    static let mostBuilds = 65_535

    /// Offsets in the root.
    enum Root {
        static let sequence = 0
        /// Up to where the file is given out.
        static let end = 8
        /// The piece that small parts are cut from.
        static let smallCursor = 16
        static let smallEnd = 24
        /// Of each kind of sparse block the first that is free; each names the next in its first 8 bytes.
        static let freeBlocks = 32
        static let liveHosts = 56
        /// A free row's number + 1.
        static let freeRow = 60
        /// The piece that texts and short lists lie in, side by side.
        static let textCursor = 64
        static let textEnd = 72
        static let tables = 80
        static let arrays = 144
        static let checksum = arrays + FleetArray.allCases.count * FleetArray.rootSize
        static let size = checksum + 8
    }

    /// What a sparse block of a kind holds: 16, 64 or 256 cells.
    static let sparseKinds = 3
    static func sparseCapacity(_ kind: Int) -> Int { 16 << (2 * (kind - 1)) }
}

/// Arrays that grow without moving: the first segment has 64 elements, and each further one as many as all before it.
///
/// In the root: u32 count, u32 0, 27 x u64 where each segment lies.
enum FleetArray: Int, CaseIterable {
    case texts, builds, packages, columns, hosts, rowBlocks

    static let segments = 27
    static let firstSegment = 64
    static let rootSize = 8 + segments * 8

    var elementSize: Int {
        switch self {
        case .texts: Text.size
        case .builds: Build.size
        case .packages: Package.size
        case .columns: Column.size
        case .hosts: Host.size
        case .rowBlocks: RowBlock.size
        }
    }

    /// In which segment an element lies, and which element is the segment's first.
    static func segment(of index: Int) -> (segment: Int, first: Int) {
        let group = index / firstSegment
        guard group > 0 else { return (0, 0) }
        let segment = Int.bitWidth - group.leadingZeroBitCount
        return (segment, firstSegment << (segment - 1))
    }

    static func segmentCount(_ segment: Int) -> Int { segment == 0 ? firstSegment : firstSegment << (segment - 1) }

    // Offsets of the fields in an element. Where a field is "+ 1", 0 stands for none.

    enum Text {
        static let offset = 0
        static let length = 8
        /// The first build (+ 1) whose source has this name.
        static let firstBuild = 12
        /// The first package (+ 1) of this name.
        static let firstPackage = 16
        static let size = 24
    }

    /// (ecosystem, version, source, source version, module) of a package. Numbers of texts, where nothing else is said.
    enum Build {
        static let package = 0
        static let ecosystem = 4
        static let version = 8
        static let source = 12
        static let sourceVersion = 16
        /// + 1.
        static let module = 20
        /// The next build (+ 1) of the same source.
        static let next = 24
        /// u16: what stands in cells.
        static let local = 28
        static let size = 32
    }

    /// (name, architecture, space): the builds of one package. When they are 65,535 it goes on in another part.
    enum Package {
        static let name = 0
        static let architecture = 4
        /// A package manager's number, or a registry's text + 256.
        static let space = 8
        static let part = 12
        /// Where the list of its builds' numbers lies, for how many there is room, and how many there are.
        static let list = 16
        static let capacity = 24
        static let count = 28
        /// + 1; its columns go on from one to the next by ordinal.
        static let firstColumn = 32
        /// The next package (+ 1) of the same name.
        static let next = 36
        static let size = 40
    }

    enum Column {
        static let package = 0
        /// The next column (+ 1) of the package.
        static let next = 4
        static let size = 8
    }

    enum Host {
        /// + 1; 0: the row is free.
        static let id = 0
        static let platform = 4
        static let packages = 8
        /// The next free row + 1, if this one is.
        static let nextFree = 12
        static let collectedAt = 16
        /// Of what the host has: see `FleetBuildSum`.
        static let sum = 24
        static let size = 32
    }

    /// The directory of 4096 rows: for each column the offset of its block of cells, with the block's kind in the lowest six
    /// bits; 0: none of the hosts has it.
    enum RowBlock {
        static let directory = 0
        static let capacity = 8
        static let size = 16
    }
}

/// Tables from hashes to numbers: 2^bits places of (u32 hash, u32 number + 1), at most half full, searched place by place.
///
/// In the root: u64 where it lies, u32 bits, u32 how many numbers.
enum FleetTable: Int, CaseIterable {
    case texts, packages, builds, hosts

    static let rootSize = 16
    static let firstBits = 6
}
