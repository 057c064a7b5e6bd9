/// The file's frame: a header, then a table of sections, then the sections, each on an eight-byte boundary. Numbers are little
/// endian.
///
///     0   8 bytes  "FETTLEIX"
///     8   u32      version of the format
///     12  u32      number of sections
///     16  u64      length of the file
///     24  i64      when it was built, milliseconds since 1970
///     32  u64      checksum of the table of sections
///     40  u64      checksum of the 40 bytes before
///     48  table    for each section: kind u32, 0 u32, offset u64, length u64, checksum u64
///
/// What is searched (directories, offsets) is checked whole when the file is opened. What is read by the piece (packages,
/// advisories, weaknesses) lies in blocks with a checksum of their own, checked when they are read: so opening costs nothing for
/// what is not asked for, and damage is never taken for an answer.
enum IndexLayout {
    static let magic = Array("FETTLEIX".utf8)
    static let version: UInt32 = 4
    static let headerSize = 48
    static let sectionSize = 32

    enum Section: UInt32, CaseIterable {
        case advisoryBlocks = 1
        case advisoryOffsets, advisoryNames, packageBlocks, packageNames, advisoryPackageStarts, advisoryPackages
        case weaknessBlocks, weaknessNames, catalogue

        /// Whether it consists of blocks that are checked one by one.
        var isBlocks: Bool { self == .advisoryBlocks || self == .packageBlocks || self == .weaknessBlocks }
    }

    static let tableEnd = headerSize + Section.allCases.count * sectionSize
    /// Before each block: its length u32, and the lower half of its checksum u32.
    static let blockHeader = 8
    static let blockAlignment = 8
}
