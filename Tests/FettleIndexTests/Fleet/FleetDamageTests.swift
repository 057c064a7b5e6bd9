import FettleModel
import Foundation
import Testing

@testable import FettleIndex

/// Files that are not as they were written, and several processes at one file.
@Suite("Fleet columns, damage and sharing")
struct FleetDamageTests {
    private func written(_ folder: FleetFolder, seed: Int = 1) throws -> Data {
        var dice = FleetDice(seed: seed)
        let columns = try FleetColumns(path: folder.file, .replacing)
        try columns.change { () throws(IndexError) in
            for change in dice.changes(30) { try change.apply(to: columns) }
        }
        try columns.checkpoint()
        return try Data(contentsOf: URL(fileURLWithPath: folder.file))
    }

    private func code(_ access: FleetColumns.Access, _ folder: FleetFolder) -> IndexError.Code? {
        do throws(IndexError) {
            _ = try FleetColumns(path: folder.file, access)
            return nil
        } catch {
            return error.code
        }
    }

    @Test("No file, another program's, another version, a cut one: each is told")
    func tellsWhatIsWrong() throws {
        let folder = try FleetFolder()
        defer { folder.remove() }
        #expect(code(.reading, folder) == .unreadable)
        let whole = try written(folder)
        let url = URL(fileURLWithPath: folder.file)
        func expect(_ expected: IndexError.Code, _ bytes: Data) throws {
            try bytes.write(to: url)
            #expect(code(.reading, folder) == expected)
            #expect(code(.writing, folder) == expected)
        }
        try expect(.foreign, Data("SQLite format 3 and more of it".utf8))
        try expect(.foreign, Data())
        try expect(.damaged, whole.prefix(100))
        try expect(.damaged, whole.prefix(65_536))
        var changed = whole
        changed[8] = 9
        try expect(.version, changed)
        changed = whole
        changed[20] ^= 1
        try expect(.damaged, changed)
        changed = whole
        changed[140] ^= 1
        try expect(.damaged, changed)
        changed = whole
        changed[64] |= 1
        try expect(.damaged, changed)
        try whole.write(to: url)
        #expect(code(.writing, folder) == nil)
    }

    private func signRoot(of bytes: inout Data) {
        let end = FleetLayout.root + FleetLayout.Root.checksum
        let checksum = Checksum.of(Array(bytes[FleetLayout.root..<end]))
        withUnsafeBytes(of: checksum.littleEndian) { bytes.replaceSubrange(end..<end + 8, with: $0) }
    }

    /// Found by the fuzzer.
    @Test("A file that says it has rows of more hosts than there are is damaged")
    func tellsRowsWithoutHosts() throws {
        let folder = try FleetFolder()
        defer { folder.remove() }
        var bytes = try written(folder)
        bytes[FleetLayout.root + FleetLayout.Root.arrays + FleetArray.rowBlocks.rawValue * FleetArray.rootSize] = 3
        signRoot(of: &bytes)
        try bytes.write(to: URL(fileURLWithPath: folder.file))
        let columns = try FleetColumns(path: folder.file, .reading)
        try #require(columns.rowBlockCount == 3)
        let error = #expect(throws: IndexError.self) { _ = try columns.addUp([.one], rowBlock: 2) }
        #expect(error?.code == .damaged)
    }

    /// Found by the fuzzer, and what was found by looking for more like it.
    @Test(
        "Places beyond all files are damage to whoever writes there",
        arguments: ["a directory", "a free block", "the next small part", "what the next package is", "a list"])
    func tellsPlacesBeyondAllFiles(what: String) throws {
        let folder = try FleetFolder()
        defer { folder.remove() }
        var bytes = try written(folder)
        typealias Root = FleetLayout.Root
        let root = FleetLayout.root
        let store = try FleetColumns(path: folder.file, .reading).store
        let far = UInt64(Int.max)
        let numbers: [(offset: Int, value: UInt64)] =
            switch what {
            case "a directory": [(try store.element(.rowBlocks, 0), far)]
            case "a free block": [(root + Root.freeBlocks, far)]
            case "the next small part": [(root + Root.smallCursor, far - 255), (root + Root.smallEnd, far)]
            case "what the next package is":
                [
                    (
                        try store.element(.packages, store.count(.packages) - 1) + FleetArray.Package.size
                            + FleetArray.Package.capacity, 0x0FFF_FFFF << 32
                    )
                ]
            default:
                try (0..<store.count(.packages)).map {
                    (try store.element(.packages, $0) + FleetArray.Package.list, far)
                }
            }
        for (offset, value) in numbers {
            withUnsafeBytes(of: value.littleEndian) { bytes.replaceSubrange(offset..<offset + 8, with: $0) }
        }
        signRoot(of: &bytes)
        try bytes.write(to: URL(fileURLWithPath: folder.file))
        let columns = try FleetColumns(path: folder.file, .writing)
        let packages =
            (0..<30).map {
                ListedPackage(origin: .system(.dpkg), name: "lib\($0)", architecture: "amd64", version: "new")
            }
            + [ListedPackage(origin: .registry("npm"), name: "never-seen-before", version: "1")]
        let error = #expect(throws: IndexError.self) {
            try columns.setHost("new", packages: packages, platform: "debian:12", at: Timestamp(milliseconds: 1))
        }
        #expect(error?.code == .damaged)
    }

    @Test("Bytes that were changed anywhere, with a root that was signed anew, crash nothing", arguments: 1...30)
    func survivesForgery(seed: Int) throws {
        let folder = try FleetFolder()
        defer { folder.remove() }
        var bytes = try written(folder, seed: seed)
        var dice = FleetDice(seed: seed)
        let used = bytes.count
        for _ in 0..<(1 << dice.roll(12)) {
            let offset = dice.roll(3) == 0 ? 128 + dice.roll(1500) : 128 + dice.roll(used - 128)
            let value = [0, 1, 0x7F, 0xFF, UInt8(dice.roll(256))][dice.roll(5)]
            // Numbers are as often beyond everything as a little wrong.
            if dice.roll(4) == 0, offset + 8 <= used {
                let start = offset / 8 * 8
                bytes.replaceSubrange(start..<start + 8, with: repeatElement(value, count: 7) + [value & 0x7F])
            } else {
                bytes[offset] = value
            }
        }
        signRoot(of: &bytes)
        try bytes.write(to: URL(fileURLWithPath: folder.file))
        for access in [FleetColumns.Access.reading, .writing] {
            guard let columns = try? FleetColumns(path: folder.file, access) else { continue }
            try? columns.verify()
            _ = try? columns.hosts()
            for name in ["lib0", "lib4", "source0"] {
                _ = try? columns.hosts(with: try columns.builds(named: name) + columns.builds(ofSource: name))
            }
            let weights = [FleetCounts](repeating: .one, count: min(columns.buildCount, 1000))
            for block in 0..<min(columns.rowBlockCount, 4) { _ = try? columns.addUp(weights, rowBlock: block) }
            guard case .writing = access else { continue }
            for change in dice.changes(10) { try? change.apply(to: columns) }
        }
    }

    @Test("A cell that names another build than was written is an error, and the message says how to go on")
    func noticesAnotherBuild() throws {
        let folder = try FleetFolder()
        defer { folder.remove() }
        let at = Timestamp(milliseconds: 1)
        func list(_ version: Int) -> [ListedPackage] {
            (0..<3).map { ListedPackage(origin: .registry("npm"), name: "p\($0)", version: "\(version)") }
        }
        let place: Int
        do {
            let columns = try FleetColumns(path: folder.file, .replacing)
            try columns.setHost("web-1", packages: list(1), platform: "", at: at)
            try columns.setHost("web-2", packages: list(2), platform: "", at: at)
            try columns.checkpoint()
            try columns.verify()
            // The block's rows are followed by their builds: that of row 0 of the first column becomes that of row 1.
            let entry = try columns.store.entry(0, 0)
            place = Int(entry & ~63) + FleetLayout.sparseCapacity(1) * 2
        }
        var bytes = try Data(contentsOf: URL(fileURLWithPath: folder.file))
        #expect(bytes[place] != bytes[place + 2])
        bytes[place] = bytes[place + 2]
        try bytes.write(to: URL(fileURLWithPath: folder.file))
        let columns = try FleetColumns(path: folder.file, .reading)
        func error(_ read: () throws -> Void) -> String {
            do {
                try read()
                return "no error"
            } catch { return "\(error)" }
        }
        let readings: [() throws -> Void] = [
            { _ = try columns.packages(of: "web-1") }, { try columns.verify() },
            { _ = try columns.addUp([FleetCounts](repeating: .one, count: columns.buildCount), rowBlock: 0) },
            { _ = try columns.addUp([], rowBlock: 0) },
        ]
        for reading in readings {
            let words = error(reading)
            #expect(
                words.contains("packages of web-1 are not as they were written") && words.contains("build it again"))
        }
        #expect(try columns.packages(of: "web-2")?.count == 3)
    }

    @Test("A forged journal crashes nothing", arguments: 1...10)
    func survivesAForgedJournal(seed: Int) throws {
        let folder = try FleetFolder()
        defer { folder.remove() }
        var dice = FleetDice(seed: seed)
        do {
            let columns = try FleetColumns(path: folder.file, .writing)
            for change in dice.changes(5) { try change.apply(to: columns) }
        }
        var journal = try Data(contentsOf: URL(fileURLWithPath: folder.journal))
        for _ in 0..<40 { journal[40 + dice.roll(journal.count - 40)] = UInt8(dice.roll(256)) }
        let size = Int(journal[56]) | Int(journal[57]) << 8 | Int(journal[58]) << 16
        if size < journal.count - 64 {
            let checksum = Checksum.of(Array(journal[40..<64 + size]))
            withUnsafeBytes(of: checksum.littleEndian) { journal.replaceSubrange(32..<40, with: $0) }
        }
        try journal.write(to: URL(fileURLWithPath: folder.journal))
        try? FleetColumns(path: folder.file, .writing).verify()
    }

    @Test("A damaged file is built again from the facts, and a file that is whole is not")
    func buildsAgain() throws {
        let folder = try FleetFolder()
        defer { folder.remove() }
        var bytes = try written(folder)
        var fills = 0
        func fill(_ columns: FleetColumns) throws(IndexError) {
            fills += 1
            try columns.setHost("new", packages: [], platform: "debian:12", at: Timestamp(milliseconds: 5))
        }
        #expect(try FleetColumns.open(path: folder.file, rebuilding: fill).found == nil)
        #expect(fills == 0)
        bytes[150] ^= 1
        try bytes.write(to: URL(fileURLWithPath: folder.file))
        let (columns, found) = try FleetColumns.open(path: folder.file, rebuilding: fill)
        #expect(found?.code == .damaged)
        #expect(fills == 1)
        #expect(try columns.hosts().map(\.id) == ["new"])
        #expect(throws: IndexError.self) {
            try Data("another program's".utf8).write(to: URL(fileURLWithPath: folder.path + "/b"))
            _ = try FleetColumns.open(path: folder.path + "/b", rebuilding: fill)
        }
    }

    @Test("Only one writes; whoever reads meanwhile sees whole changes, and the file as it grows")
    func readsWhileItIsWritten() throws {
        let folder = try FleetFolder()
        defer { folder.remove() }
        let writer = try FleetColumns(path: folder.file, .writing)
        #expect { try FleetColumns(path: folder.file, .writing) } throws: { "\($0)".contains("another process") }
        let reader = try FleetColumns(path: folder.file, .reading)
        #expect(throws: IndexError.self) { try reader.removeHost("x") }
        var dice = FleetDice(seed: 5)
        dice.names = 400
        dice.hosts = 300
        var model = FleetModel()
        for _ in 0..<20 {
            let changes = dice.changes(20)
            // What is not committed is not seen.
            try writer.change { () throws(IndexError) in
                for change in changes { try change.apply(to: writer) }
                let seen = try reader.hosts().count
                #expect(seen == model.hosts.count)
            }
            for change in changes { change.apply(to: &model) }
            #expect(try FleetModel(reader) == model)
        }
        #expect(reader.byteCount > FleetLayout.growth)
    }

    @Test("A reader that meets a change in the middle reads again, and never gives out half of it")
    func readsAgain() throws {
        let folder = try FleetFolder()
        defer { folder.remove() }
        let writer = try FleetColumns(path: folder.file, .writing)
        let at = Timestamp(milliseconds: 1)
        func list(_ version: Int) -> [ListedPackage] {
            (0..<50).map { ListedPackage(origin: .registry("npm"), name: "p\($0)", version: "\(version)") }
        }
        try writer.setHost("a", packages: list(0), platform: "", at: at)
        let reader = try FleetColumns(path: folder.file, .reading)
        var attempts = 0
        var isWriting = false
        let versions = try reader.consistently { () throws(IndexError) in
            attempts += 1
            if attempts <= 3, !isWriting {
                isWriting = true
                try writer.setHost("a", packages: list(attempts), platform: "", at: at)
                isWriting = false
            }
            return Set(try reader.packages(of: "a")?.map(\.version) ?? [])
        }
        #expect(attempts == 4)
        #expect(versions == ["3"])
    }
}
