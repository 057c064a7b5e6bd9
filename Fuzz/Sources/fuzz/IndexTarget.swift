import FettleModel
import FettleVersions
import Foundation

@testable import FettleIndex

/// An index of any bytes is opened and asked everything. Its checksums are made to fit first, as a fuzzer never would:
/// they are against damage, and it is what lies behind them that must hold.
enum IndexTarget {
    private static let file = FileManager.default.temporaryDirectory.appending(path: "fettle-fuzz-\(getpid()).index")

    @Sendable
    static func run(_ bytes: Data) {
        var bytes = [UInt8](bytes)
        // The last byte says whether the checksums stay as they are.
        if let first = bytes.popLast(), first != 0 { seal(&bytes) }
        guard (try? Data(bytes).write(to: file)) != nil, let index = try? AdvisoryIndex(path: file.path) else { return }
        try? index.verify()
        var names: Set<String> = ["", "CVE-2031-1"]
        for number in 0..<UInt32(min(index.advisoryCount, 64)) {
            _ = try? index.updateClass(of: number)
            if let advisory = try? index.advisory(number) {
                names.insert(advisory.record.id)
                names.formUnion(advisory.record.aliases.prefix(16))
            }
            for package in (try? index.packages(of: number).prefix(64)) ?? [] { ask(package, index) }
        }
        _ = try? index.advisory(.max)
        _ = try? index.packages(of: .max)
        for name in names {
            _ = try? index.advisories(named: name)
            _ = try? index.weakness(name)
        }
    }

    private static func ask(_ package: PackageAdvisories, _ index: AdvisoryIndex) {
        _ = try? index.package(package.name, in: package.ecosystem)
        let places = ["", "1", "1.2-3", package.bound(0)].map { package.place(of: $0) }
        _ = package.bound(package.count)
        for number in 0..<min(package.count, 64) {
            let entry = package.entry(number)
            for place in places { _ = package.standing(of: place, in: entry) }
            _ = package.module(of: entry) + package.architectures(of: entry) + package.remark(of: entry)
            if let bound = entry.fixedBound { _ = package.bound(bound) }
            _ = try? index.updateClass(of: entry.advisory)
        }
    }

    /// Writes the checksums, the length and the marks that the bytes should have.
    private static func seal(_ bytes: inout [UInt8]) {
        guard bytes.count >= IndexLayout.tableEnd else { return }
        bytes.replaceSubrange(0..<8, with: IndexLayout.magic)
        write(IndexLayout.version, at: 8, &bytes)
        write(UInt32(IndexLayout.Section.allCases.count), at: 12, &bytes)
        write(UInt64(bytes.count), at: 16, &bytes)
        for (number, kind) in IndexLayout.Section.allCases.enumerated() {
            let row = IndexLayout.headerSize + number * IndexLayout.sectionSize
            write(kind.rawValue, at: row, &bytes)
            let offset = min(read(UInt64.self, at: row + 8, bytes), UInt64(bytes.count))
            let length = min(read(UInt64.self, at: row + 16, bytes), UInt64(bytes.count) - offset)
            write(offset, at: row + 8, &bytes)
            write(length, at: row + 16, &bytes)
            let place = Int(offset)..<Int(offset + length)
            if kind.isBlocks {
                sealBlocks(in: place, &bytes)
            } else {
                write(Checksum.of(Array(bytes[place])), at: row + 24, &bytes)
            }
        }
        let table = Array(bytes[IndexLayout.headerSize..<IndexLayout.tableEnd])
        write(Checksum.of(table), at: 32, &bytes)
        write(Checksum.of(Array(bytes[..<40])), at: 40, &bytes)
    }

    private static func sealBlocks(in place: Range<Int>, _ bytes: inout [UInt8]) {
        var offset = place.lowerBound
        while offset + IndexLayout.blockHeader <= place.upperBound {
            let start = offset + IndexLayout.blockHeader
            let length = min(Int(read(UInt32.self, at: offset, bytes)), place.upperBound - start)
            write(UInt32(length), at: offset, &bytes)
            let checksum = Checksum.of(Array(bytes[start..<(start + length)]))
            write(UInt32(truncatingIfNeeded: checksum), at: offset + 4, &bytes)
            let alignment = IndexLayout.blockAlignment
            offset = (start + length + alignment - 1) / alignment * alignment
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

    /// A small index with something in each of its sections.
    static func writeSeed(into folder: URL) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let path = folder.appending(path: "small")
        let builder = try AdvisoryIndexBuilder(path: path.path)
        let feed = builder.begin(FeedCatalogue.Feed(format: "debian-tracker", origin: "tracker.json"), authority: 9)
        for (number, release) in ["debian:12", "redhat:9", "pypi"].enumerated() {
            guard let ecosystem = Ecosystem(release) else { continue }
            var package = AffectedPackage.below("1.2.3-4", of: "oak", in: ecosystem, remark: "postponed")
            package.module = number == 1 ? "oak:1" : nil
            package.architectures = number == 1 ? ["x86_64", "aarch64"] : []
            package.versions = ["0.9", "1.1"]
            try builder.add(
                AdvisoryRecord(
                    id: "CVE-2031-\(number)", aliases: ["DSA-\(number)"], severity: "high",
                    cvss: [CVSSRating(vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", publishedScore: 9.8)],
                    summary: "oak falls", affected: [package, .below("2", of: "elm", in: ecosystem)]),
                feed: feed)
            try builder.add(WeaknessRecord(id: "CVE-2031-\(number)"), feed: feed)
        }
        _ = try builder.finish(builtAt: Timestamp(milliseconds: 0))
        // The last byte is the target's own.
        let bytes = try Data(contentsOf: path) + [1]
        try bytes.write(to: path)
    }
}
