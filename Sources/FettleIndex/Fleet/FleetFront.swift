import Foundation

/// The front of the file: made when it is created, checked when it is opened.
enum FleetFront {
    private static let again = "build it again from the hosts' facts"

    static func damaged(_ path: String, _ what: String) -> IndexError {
        IndexError(.damaged, path: path, "is damaged: \(what); \(again)")
    }

    // MARK: Making

    /// Puts an empty file in the place of whatever is there. It appears whole or not at all.
    ///
    /// - Returns: its identity.
    static func create(_ path: String) throws(IndexError) -> UInt64 {
        var random = SystemRandomNumberGenerator()
        let identity = random.next()
        var first = ByteWriter()
        first.raw(FleetLayout.magic)
        first.number(FleetLayout.version)
        first.number(UInt32(0))
        first.number(identity)
        first.number(random.next())
        first.number(Checksum.of(first.bytes))
        first.pad(to: FleetLayout.root)
        var root = [UInt8](repeating: 0, count: FleetLayout.Root.size - 8)
        root.withUnsafeMutableBytes {
            let end = UInt64(FleetLayout.page).littleEndian
            $0.storeBytes(of: end, toByteOffset: FleetLayout.Root.end, as: UInt64.self)
        }
        first.raw(root)
        first.number(Checksum.of(root))
        first.pad(to: FleetLayout.growth)
        let file = try OutputFile(path)
        try file.append(first.bytes)
        try file.finish(front: first.bytes)
        return identity
    }

    // MARK: Changing

    /// Counts a change and signs the root.
    static func seal(_ file: FleetFile) {
        let sequence = FleetLayout.root + FleetLayout.Root.sequence
        file.store(file.load(sequence, as: UInt64.self) &+ 1, at: sequence)
        file.store(checksum(file), at: FleetLayout.root + FleetLayout.Root.checksum)
    }

    private static func checksum(_ file: FleetFile) -> UInt64 {
        file.bytes(at: FleetLayout.root, FleetLayout.Root.checksum).map { Checksum.of($0) } ?? 0
    }

    // MARK: Checking

    /// Checks the line that never changes.
    ///
    /// - Returns: the file's identity.
    static func identity(of descriptor: Int32, _ path: String) throws(IndexError) -> UInt64 {
        var line = [UInt8](repeating: 0, count: FleetLayout.line)
        let count = line.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        guard count >= 0 else { throw FleetFile.failure(.unreadable, path, "cannot be read") }
        guard line.starts(with: FleetLayout.magic) else {
            throw IndexError(.foreign, path: path, "is no file of a fleet's packages")
        }
        let (version, identity, isWhole) = line.withUnsafeBytes { bytes in
            let view = BlockView(bytes)
            return (
                view.number(at: 8, as: UInt32.self), view.number(at: 16, as: UInt64.self),
                Checksum.of(view.part(0, 32).bytes) == view.number(at: 32, as: UInt64.self)
            )
        }
        guard version == FleetLayout.version else {
            throw IndexError(
                .version, path: path,
                "is of format \(version), and this release reads \(FleetLayout.version): \(again)")
        }
        guard isWhole else { throw damaged(path, "its first line is not as it was written") }
        return identity
    }

    /// Checks the root, and that all it leads to lies in the file. What lies there is checked when it is read.
    static func check(_ file: FleetFile) throws(IndexError) {
        typealias Root = FleetLayout.Root
        let root = FleetLayout.root
        guard checksum(file) == file.load(root + Root.checksum, as: UInt64.self) else {
            throw damaged(file.path, "its root is not as it was written")
        }
        guard file.load(FleetLayout.generation, as: UInt64.self) % 2 == 0 else {
            throw damaged(file.path, "a change of it was broken off, and the journal does not have it")
        }
        let end = Int(clamping: file.load(root + Root.end, as: UInt64.self))
        guard end >= FleetLayout.page, end <= file.length else { throw damaged(file.path, "it is cut off") }
        for array in FleetArray.allCases {
            let place = root + Root.arrays + array.rawValue * FleetArray.rootSize
            let count = Int(file.load(place, as: UInt32.self))
            guard count > 0 else { continue }
            for segment in 0...FleetArray.segment(of: count - 1).segment {
                guard segment < FleetArray.segments else { throw damaged(file.path, "a count is too high") }
                let offset = Int(clamping: file.load(place + 8 + segment * 8, as: UInt64.self))
                let size = FleetArray.segmentCount(segment) * array.elementSize
                guard offset >= FleetLayout.page, offset <= end, size <= end - offset else {
                    throw damaged(file.path, "a list lies outside of it")
                }
            }
        }
        for table in FleetTable.allCases {
            let place = root + Root.tables + table.rawValue * FleetTable.rootSize
            let offset = Int(clamping: file.load(place, as: UInt64.self))
            let bits = Int(file.load(place + 8, as: UInt32.self))
            let count = Int(file.load(place + 12, as: UInt32.self))
            guard offset > 0 || count > 0 else { continue }
            guard bits < 33, offset >= FleetLayout.page, offset <= end, 8 << bits <= end - offset, count <= 1 << bits
            else { throw damaged(file.path, "a table lies outside of it") }
        }
    }
}
