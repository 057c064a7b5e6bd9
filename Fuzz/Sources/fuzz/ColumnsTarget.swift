import FettleModel
import Foundation

@testable import FettleIndex

/// The columns of a fleet and the journal beside them, of any bytes: opened, recovered, asked everything and changed. Checksums
/// are made to fit first, as for the index.
///
/// The bytes are the columns, the journal, the length of the columns (u32), and a byte that says what is sealed and how the file is
/// opened. The columns are as long as they say, in zeros: most of a small file are.
enum ColumnsTarget {
    private static let file = FileManager.default.temporaryDirectory.appending(path: "fettle-fuzz-\(getpid()).columns")
    private static let journal = URL(fileURLWithPath: FleetJournal.path(for: file.path))

    private struct Choices: OptionSet {
        var rawValue: UInt8
        static let sealsColumns = Choices(rawValue: 1)
        static let sealsJournal = Choices(rawValue: 2)
        static let writes = Choices(rawValue: 4)
    }

    @Sendable
    static func run(_ bytes: Data) {
        var bytes = [UInt8](bytes)
        guard bytes.count >= 5, let last = bytes.popLast() else { return }
        let choices = Choices(rawValue: last)
        let length = min(Int(read(UInt32.self, at: bytes.count - 4, bytes)), bytes.count - 4)
        var columns = Array(bytes[..<length])
        var log = Array(bytes[length..<(bytes.count - 4)])
        let growth = FleetLayout.growth
        columns += [UInt8](repeating: 0, count: (growth - columns.count % growth) % growth)
        if choices.contains(.sealsColumns) { seal(&columns) }
        if choices.contains(.sealsJournal), columns.count >= growth { seal(journal: &log, of: columns) }
        guard (try? Data(columns).write(to: file)) != nil, (try? Data(log).write(to: journal)) != nil else { return }
        ask(choices.contains(.writes) ? .writing : .reading)
    }

    private static func ask(_ access: FleetColumns.Access) {
        guard let columns = try? FleetColumns(path: file.path, access, isSynced: false) else { return }
        // What says of itself that it is whole has an answer to everything, and no two.
        let isWhole = (try? columns.verify()) != nil
        let hosts = try? columns.hosts()
        precondition(!isWhole || hosts != nil, "a file that is whole has hosts that cannot be read")
        for host in (hosts ?? []).prefix(16) {
            let packages = try? columns.packages(of: host.id)
            precondition(!isWhole || packages?.count == host.packageCount, "a host without its packages")
        }
        var names: Set<String> = ["", "lib0"]
        for number in 0..<min(columns.buildCount, 32) {
            guard let build = try? columns.build(UInt32(number)) else { continue }
            names.formUnion([build.package.name, build.package.source])
            _ = try? columns.sourceNumber(ofBuild: UInt32(number))
        }
        for name in names {
            _ = try? columns.hosts(with: try columns.builds(named: name) + columns.builds(ofSource: name))
        }
        let weights = [FleetCounts](repeating: .one, count: min(columns.buildCount, 1_000))
        for block in 0..<min(columns.rowBlockCount, 4) { _ = try? columns.addUp(weights, rowBlock: block) }
        guard case .writing = access else { return }
        change(columns, isWhole: isWhole)
    }

    /// A host that was written into a whole file is there as it was written.
    private static func change(_ columns: FleetColumns, isWhole: Bool) {
        let packages = [package("lib0", "9"), package("oak", "1")]
        let isSet =
            (try? columns.setHost("fuzzed", packages: packages, platform: "debian:12", at: Timestamp(milliseconds: 1)))
            != nil
        if isWhole, isSet {
            let found = (try? columns.packages(of: "fuzzed")) ?? nil
            precondition(found.map(Set.init) == Set(packages), "a host is not as it was written")
        }
        for host in ((try? columns.hosts()) ?? []).prefix(4) { _ = try? columns.removeHost(host.id) }
        try? columns.checkpoint()
    }

    private static func package(_ name: String, _ version: String) -> ListedPackage {
        ListedPackage(origin: .registry("npm"), name: name, version: version)
    }

    // MARK: Sealing

    /// Writes the marks and the checksums of the first line and the root.
    private static func seal(_ bytes: inout [UInt8]) {
        guard bytes.count >= FleetLayout.page else { return }
        bytes.replaceSubrange(0..<8, with: FleetLayout.magic)
        write(FleetLayout.version, at: 8, &bytes)
        write(Checksum.of(Array(bytes[..<32])), at: 32, &bytes)
        bytes[FleetLayout.generation] &= 0xFE
        let end = FleetLayout.root + FleetLayout.Root.checksum
        write(Checksum.of(Array(bytes[FleetLayout.root..<end])), at: end, &bytes)
    }

    /// Makes the journal that of these columns, and each of its frames whole and the one after the one before.
    private static func seal(journal bytes: inout [UInt8], of columns: [UInt8]) {
        let header = FleetJournal.header(identity: read(UInt64.self, at: 16, columns))
        guard bytes.count >= header.count else { return }
        bytes.replaceSubrange(0..<header.count, with: header)
        var offset = header.count
        var sequence: UInt64?
        while offset + FleetJournal.frameHeader < bytes.count {
            let most = bytes.count - offset - FleetJournal.frameHeader
            let size = min(Int(clamping: read(UInt64.self, at: offset + 24, bytes)), most)
            guard size > 0 else { return }
            let number = sequence.map { $0 &+ 1 } ?? read(UInt64.self, at: offset + 8, bytes)
            write(number, at: offset + 8, &bytes)
            write(UInt64(size), at: offset + 24, &bytes)
            let end = offset + FleetJournal.frameHeader + size
            write(Checksum.of(Array(bytes[(offset + 8)..<end])), at: offset, &bytes)
            (offset, sequence) = (end, number)
        }
    }

    private static func read<Number: FixedWidthInteger>(_ type: Number.Type, at offset: Int, _ bytes: [UInt8]) -> Number
    {
        bytes.withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Number.self)) }
    }

    private static func write(_ number: some FixedWidthInteger, at offset: Int, _ bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { source in
            for (index, byte) in source.enumerated() { bytes[offset + index] = byte }
        }
    }

    // MARK: Seeds

    /// A small fleet, with and without changes that are only in the journal; for readers and for writers.
    static func writeSeeds(into folder: URL) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let fleet = try FleetColumns(path: file.path, .replacing, isSynced: false)
        for host in 0..<3 {
            let packages = (0...host).map { package("lib\($0)", "\(host)") }
            try fleet.setHost("host-\(host)", packages: packages, platform: "debian:12", at: Timestamp(milliseconds: 1))
        }
        try fleet.checkpoint()
        let before = try Data(contentsOf: file)
        try write(before, to: folder, "whole")
        try fleet.setHost("host-1", packages: [package("oak", "2")], platform: "", at: Timestamp(milliseconds: 2))
        try fleet.removeHost("host-2")
        // As it was before the changes: they are in the journal alone.
        try write(before, to: folder, "recovered")
    }

    private static func write(_ columns: Data, to folder: URL, _ name: String) throws {
        let used = columns.prefix((columns.lastIndex { $0 != 0 } ?? 0) + 1)
        for (ending, choices) in [("read", Choices(rawValue: 3)), ("written", Choices(rawValue: 7))] {
            var bytes = [UInt8](used)
            bytes += try Data(contentsOf: journal)
            bytes += withUnsafeBytes(of: UInt32(used.count).littleEndian) { Array($0) }
            bytes.append(choices.rawValue)
            try Data(bytes).write(to: folder.appending(path: "\(name)-\(ending)"))
        }
    }
}
