import FettleModel
import Foundation
import Testing

@testable import FettleImages

// Facts have a value of this name, too.
private typealias PackageLists = FettleImages.PackageLists

@Suite struct PackageListsTests {
    private static func status(_ packages: [(String, String)]) -> Data {
        Data(
            packages.map {
                "Package: \($0.0)\nStatus: install ok installed\nArchitecture: amd64\nVersion: \($0.1)\n\n"
            }.joined().utf8)
    }

    private static let release = Data("ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n".utf8)

    private static func lists(_ before: [(String, String)], _ after: [(String, String)]) throws -> PackageLists {
        try PackageLists(
            manager: "apt-get", before: status(before), after: status(after), release: release)
    }

    @Test func whatChangedIsToldByNameInOrder() throws {
        let lists = try Self.lists(
            [("openssl", "1"), ("same", "1"), ("gone", "1")], [("same", "1"), ("openssl", "2"), ("linux-image-2", "2")])
        #expect(
            lists.changes == [
                PackageChange(name: "gone", architecture: "amd64", from: "1", to: nil),
                PackageChange(name: "linux-image-2", architecture: "amd64", from: nil, to: "2"),
                PackageChange(name: "openssl", architecture: "amd64", from: "1", to: "2"),
            ])
        #expect(lists.after.platform == "debian:12")
    }

    /// Whatever two lists say: the changes lead from the one to the other.
    @Test(arguments: 0..<50) func theChangesLeadFromBeforeToAfter(_ seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        func made() -> [(String, String)] {
            (0..<12).compactMap { number in
                random.next() % 4 == 0 ? nil : ("package\(number)", "\(1 + random.next() % 3)")
            }
        }
        let (before, after) = (made() + [("always", "1")], made() + [("always", "1")])
        var table = Dictionary(uniqueKeysWithValues: before.map { ($0.0, $0.1) })
        for change in try Self.lists(before, after).changes {
            #expect(table[change.name] == change.from)
            #expect(change.from != change.to)
            table[change.name] = change.to
        }
        #expect(table == Dictionary(uniqueKeysWithValues: after.map { ($0.0, $0.1) }))
    }

    @Test func aPackageInSeveralVersionsCountsForEach() throws {
        let before = Data("kernel\t0:1-1\tx86_64\tkernel-1-1.src.rpm\nkernel\t0:2-1\tx86_64\tkernel-2-1.src.rpm\n".utf8)
        let after = Data("kernel\t0:2-1\tx86_64\tkernel-2-1.src.rpm\nkernel\t0:3-1\tx86_64\tkernel-3-1.src.rpm\n".utf8)
        let lists = try PackageLists(
            manager: "dnf", before: before, after: after, release: Data("ID=almalinux\nVERSION_ID=9.4\n".utf8))
        #expect(lists.changes == [PackageChange(name: "kernel", architecture: "x86_64", from: "1-1", to: "3-1")])
        #expect(lists.manager == .rpm)
    }

    @Test func anImagesWordsOnItselfAreBounded() {
        #expect(PackageLists.platform(Data("ID=$(reboot)\nVERSION_ID=12\n".utf8)) == nil)
        #expect(PackageLists.platform(Data()) == nil)
        let long = String(repeating: "x", count: 100_000)
        let sources = ImagePatcher.sources([
            "a:Date: Wed, 25 Nov 2026", "no date", "b:Date: \(long)", "\(long):Date: x",
        ])
        #expect(sources.count == 3)
        #expect(sources.allSatisfy { $0.name.count <= 200 && $0.date.count <= 64 })
    }
}
