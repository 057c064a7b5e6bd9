import FettleModel
import Foundation
import Testing

@testable import FettleIndex

/// What `verify` has to find: damage that nobody who reads meets, and that the next change would spread.
@Suite("Fleet columns, verified whole")
struct FleetVerifyingTests {
    private typealias Root = FleetLayout.Root
    private let root = FleetLayout.root

    /// Forty hosts, of which twenty were removed: with lists, free blocks of cells and free rows.
    private func written(_ folder: FleetFolder) throws -> FleetStore {
        let columns = try FleetColumns(path: folder.file, .replacing, isSynced: false)
        for host in 0..<40 { try columns.setHost("host-\(host)", packages: list(3), platform: "debian:12", at: at) }
        for host in 20..<40 { try columns.removeHost("host-\(host)") }
        try columns.checkpoint()
        try columns.verify()
        return try FleetColumns(path: folder.file, .reading).store
    }

    private let at = Timestamp(milliseconds: 1)

    private func list(_ count: Int) -> [ListedPackage] {
        (0..<count).map {
            ListedPackage(origin: .system(.dpkg), name: "lib\($0)", architecture: "amd64", version: "1", source: "src")
        }
    }

    private func forge(_ folder: FleetFolder, at offset: Int, _ number: some FixedWidthInteger) throws {
        let url = URL(fileURLWithPath: folder.file)
        var bytes = try Data(contentsOf: url)
        withUnsafeBytes(of: number.littleEndian) { bytes.replaceSubrange(offset..<offset + $0.count, with: $0) }
        let end = root + Root.checksum
        let checksum = Checksum.of(Array(bytes[root..<end]))
        withUnsafeBytes(of: checksum.littleEndian) { bytes.replaceSubrange(end..<end + 8, with: $0) }
        try bytes.write(to: url)
    }

    enum Damage: String, CaseIterable {
        case nextTextOverTexts, nextPartOverParts, nextPartNotOnALine, freeBlockOfAHost, nextPackageNotEmpty
        case textOfAnother, columnOfAnother, buildOfAnother, freeRowOfAHost, cellsOfNoRow, fewerHostsThanThereAre
        case listWithoutRoom, columnOfNoPackage
    }

    private func place(of damage: Damage, _ store: FleetStore) throws -> (offset: Int, number: any FixedWidthInteger) {
        func element(_ array: FleetArray, _ number: Int) throws -> Int { try store.element(array, number) }
        let entry = try store.entry(0, 0)
        switch damage {
        case .nextTextOverTexts:
            return (root + Root.textCursor, store.file.load(try element(.texts, 1), as: UInt64.self))
        case .nextPartOverParts:
            return (root + Root.smallCursor, UInt64(FleetLayout.page))
        case .nextPartNotOnALine:
            return (root + Root.smallCursor, store.root(Root.smallCursor, as: UInt64.self) + 1)
        case .freeBlockOfAHost:
            return (root + Root.freeBlocks, entry & ~63)
        case .nextPackageNotEmpty:
            let last = try element(.packages, store.count(.packages) - 1)
            return (last + FleetArray.Package.size + FleetArray.Package.count, UInt32(1))
        case .textOfAnother:
            return (try element(.texts, 1), store.file.load(try element(.texts, 2), as: UInt64.self))
        case .columnOfAnother:
            return (try element(.packages, 0) + FleetArray.Package.firstColumn, UInt32(2))
        case .buildOfAnother:
            return (try element(.builds, 0) + FleetArray.Build.package, UInt32(1))
        case .freeRowOfAHost:
            return (root + Root.freeRow, UInt32(1))
        case .cellsOfNoRow:
            let free = store.count(.hosts) + 1
            let kind = Int(entry & 63)
            return (Int(entry & ~63) + FleetLayout.sparseCapacity(kind) * 2 - 2, UInt16(free + 7))
        case .fewerHostsThanThereAre:
            return (root + Root.liveHosts, UInt32(3))
        case .listWithoutRoom:
            return (try element(.packages, 0) + FleetArray.Package.capacity, UInt32(0))
        case .columnOfNoPackage:
            return (try element(.packages, 0) + FleetArray.Package.firstColumn, UInt32(0))
        }
    }

    /// The first was found by the fuzzer, the others by looking for more like it.
    @Test("Damage that only the next change would spread is found", arguments: Damage.allCases)
    func findsWhatTheNextChangeWouldSpread(damage: Damage) throws {
        let folder = try FleetFolder()
        defer { folder.remove() }
        let (offset, number) = try place(of: damage, try written(folder))
        try forge(folder, at: offset, number)
        let columns = try FleetColumns(path: folder.file, .writing, isSynced: false)
        let error = #expect(throws: IndexError.self) { try columns.verify() }
        #expect(error?.code == .damaged)
    }

    @Test("What verifies as whole takes a host and gives it back as it was, whatever was forged", arguments: 1...200)
    func givesBackWhatItTakes(seed: Int) throws {
        let folder = try FleetFolder()
        defer { folder.remove() }
        var dice = FleetDice(seed: seed)
        _ = try written(folder)
        let used = try Data(contentsOf: URL(fileURLWithPath: folder.file)).lastIndex { $0 != 0 } ?? 0
        for _ in 0...dice.roll(2) {
            // The root is a small part of the file, and says most.
            let offset =
                dice.roll(2) == 0
                ? root + dice.roll(Root.checksum) : FleetLayout.page + dice.roll(used - FleetLayout.page)
            try forge(folder, at: offset, UInt8(truncatingIfNeeded: [0, 1, 64, dice.roll(256)][dice.roll(4)]))
        }
        guard let columns = try? FleetColumns(path: folder.file, .writing, isSynced: false),
            (try? columns.verify()) != nil
        else {
            return
        }
        let others = try columns.hosts().filter { $0.id != "new" }
        try columns.setHost("new", packages: list(30), platform: "debian:12", at: at)
        try columns.verify()
        #expect(Set(try columns.packages(of: "new") ?? []) == Set(list(30)))
        #expect(try columns.hosts().filter { $0.id != "new" } == others)
    }
}
