import FettleIndex
import FettleModel
import FettleVersions
import Foundation
import Testing

@Suite("Advisory index")
struct AdvisoryIndexTests {
    private static let debian = Ecosystem("debian:12") ?? unreachable()
    private static let alma = Ecosystem("almalinux:8") ?? unreachable()

    private static func unreachable() -> Ecosystem { preconditionFailure("a known ecosystem") }

    private func build(_ records: [AdvisoryRecord], weaknesses: [WeaknessRecord] = []) throws -> String {
        let path = try scratch()
        let builder = try AdvisoryIndexBuilder(path: path)
        let feed = builder.begin(.init(format: "test", origin: "here"), authority: 5)
        for record in records { try builder.add(record, feed: feed) }
        for weakness in weaknesses { try builder.add(weakness, feed: feed) }
        _ = try builder.finish(builtAt: Timestamp(milliseconds: 1_700_000_000_000))
        return path
    }

    private func scratch() throws -> String {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fettle-index-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder.appendingPathComponent("advisories.fettle").path
    }

    private func standing(_ package: PackageAdvisories, _ version: String) -> PackageAdvisories.Standing {
        package.standing(of: package.place(of: version), in: package.entry(0))
    }

    @Test("A version below the fix is in range, the fix itself and what is above are not")
    func standsToABound() throws {
        let index = try AdvisoryIndex(
            path: build([
                AdvisoryRecord(
                    id: "CVE-2024-1", affected: [.below("3.0.10-1~deb12u1", of: "openssl", in: Self.debian)])
            ]))
        let package = try #require(try index.package("openssl", in: Self.debian))
        #expect(package.name == "openssl")
        #expect(package.count == 1)
        #expect(standing(package, "3.0.9-1") == .inRange(fixed: 0))
        #expect(package.bound(0) == "3.0.10-1~deb12u1")
        #expect(standing(package, "3.0.10-1~deb12u1") == .above)
        #expect(standing(package, "3.0.10-1") == .above)
        #expect(try index.package("openssl", in: Self.alma) == nil)
        #expect(try index.package("libssl3", in: Self.debian) == nil)
    }

    @Test("Every way in which an interval can end, and listed versions, are kept as they are")
    func keepsIntervalsAsTheyAre() throws {
        let interval = VersionInterval(
            lower: VersionBound("1.0", isInclusive: true), upper: VersionBound("2.0", isInclusive: true))
        let index = try AdvisoryIndex(
            path: build([
                AdvisoryRecord(
                    id: "A",
                    affected: [
                        AffectedPackage(
                            ecosystem: Self.debian, name: "p", intervals: [interval], versions: ["3.5", "4"])
                    ])
            ]))
        let package = try #require(try index.package("p", in: Self.debian))
        #expect(standing(package, "0.9") == .outside)
        #expect(standing(package, "1.0") == .inRange(fixed: nil))
        #expect(standing(package, "2.0") == .inRange(fixed: nil))
        // Behind the last affected version nothing is known to be fixed.
        #expect(standing(package, "2.0-1") == .outside)
        #expect(standing(package, "3.5") == .listed)
        #expect(standing(package, "3.6") == .outside)
    }

    @Test("The index answers like the ranges themselves, for any ranges and versions", arguments: 1...20)
    func answersLikeTheRanges(seed: Int) throws {
        var dice = SplitMix(seed: UInt64(seed))
        func version() -> String {
            "\(Int.random(in: 0..<3, using: &dice)).\(Int.random(in: 0..<4, using: &dice))"
                + ["", "-1", "~rc1", "+deb12u1"][Int.random(in: 0..<4, using: &dice)]
        }
        var records: [AdvisoryRecord] = []
        for number in 0..<40 {
            let lower =
                Int.random(in: 0..<3, using: &dice) == 0
                ? nil : VersionBound(version(), isInclusive: Int.random(in: 0..<2, using: &dice) == 0)
            let upper =
                Int.random(in: 0..<3, using: &dice) == 0
                ? nil : VersionBound(version(), isInclusive: Int.random(in: 0..<2, using: &dice) == 0)
            records.append(
                AdvisoryRecord(
                    id: "A-\(100 + number)",
                    affected: [
                        AffectedPackage(
                            ecosystem: Self.debian, name: "p", intervals: [VersionInterval(lower: lower, upper: upper)],
                            versions: Int.random(in: 0..<2, using: &dice) == 0 ? [] : [version()])
                    ]))
        }
        let index = try AdvisoryIndex(path: build(records))
        let package = try #require(try index.package("p", in: Self.debian))
        #expect(package.count == records.count)
        for _ in 0..<60 {
            let installed = version()
            let place = package.place(of: installed)
            for number in 0..<package.count {
                let entry = package.entry(number)
                let affected = try #require(records[Int(entry.advisory)].affected.first)
                let expected =
                    affected.intervals.contains { $0.contains(installed, in: .dpkg) }
                    || affected.versions.contains { VersionScheme.dpkg.compare($0, installed) == .equal }
                let isAffected =
                    switch package.standing(of: place, in: entry) {
                    case .inRange, .listed: true
                    case .above, .outside: false
                    }
                #expect(isAffected == expected, "\(installed) in \(affected)")
            }
        }
    }

    @Test("Of two feeds that speak of one weakness and package, only the more trusted one is heard")
    func hearsTheHigherAuthority() throws {
        let path = try scratch()
        let builder = try AdvisoryIndexBuilder(path: path)
        let osv = builder.begin(.init(format: "osv", origin: "a"), authority: 5)
        let tracker = builder.begin(.init(format: "debian-tracker", origin: "b"), authority: 9)
        try builder.add(
            AdvisoryRecord(
                id: "DEBIAN-CVE-2024-1", aliases: ["CVE-2024-1"],
                affected: [.below("2", of: "p", in: Self.debian)]), feed: osv)
        try builder.add(
            AdvisoryRecord(id: "CVE-2024-1", affected: [.below("3", of: "p", in: Self.debian)]), feed: tracker)
        _ = try builder.finish(builtAt: .now())
        let index = try AdvisoryIndex(path: path)
        let package = try #require(try index.package("p", in: Self.debian))
        #expect(package.count == 1)
        #expect(try index.advisory(package.entry(0).advisory).record.id == "CVE-2024-1")
        #expect(try index.advisories(named: "CVE-2024-1").count == 2)
    }

    @Test("What feeds tell of a CVE is joined: listed as exploited, predicted, decided, rated")
    func joinsWeaknesses() throws {
        let day = Timestamp(milliseconds: 1_650_000_000_000)
        let parts = [
            WeaknessRecord(id: "CVE-2024-1", exploited: .init(addedAt: day, dueAt: day.adding(seconds: 86_400))),
            WeaknessRecord(
                id: "CVE-2024-1",
                prediction: .init(probability: 0.97, percentile: nil, scoredAt: day)),
            WeaknessRecord(
                id: "CVE-2024-1", cvss: [.init(vector: "CVSS:3.1/AV:N", publishedScore: 9.8, source: "NVD")],
                decision: .init(exploitation: .poc, isAutomatable: true, technicalImpact: .total)),
        ]
        let index = try AdvisoryIndex(path: build([], weaknesses: parts))
        let joined = try #require(try index.weakness("CVE-2024-1"))
        #expect(joined.exploited == parts[0].exploited)
        #expect(joined.prediction == parts[1].prediction)
        #expect(joined.decision == parts[2].decision)
        #expect(joined.cvss == parts[2].cvss)
        #expect(try index.weakness("CVE-2024-2") == nil)
    }

    @Test("An advisory leads to all packages that it names, whatever their ecosystem")
    func leadsToItsPackages() throws {
        let index = try AdvisoryIndex(
            path: build([
                AdvisoryRecord(id: "X", affected: [.below("2", of: "other", in: Self.debian)]),
                AdvisoryRecord(
                    id: "ALSA-1", aliases: ["CVE-2024-1"],
                    affected: [
                        .below("2", of: "a", in: Self.debian), .below("3", of: "a", in: Self.alma),
                        .below("3", of: "b", in: Self.alma),
                    ]),
            ]))
        let number = try #require(try index.advisories(named: "CVE-2024-1").first)
        let packages = try index.packages(of: number).map { "\($0.ecosystem) \($0.name)" }.sorted()
        #expect(packages == ["almalinux:8 a", "almalinux:8 b", "debian:12 a"])
    }

    @Test("Damage anywhere is told, or does not change any answer", arguments: 0..<8)
    func tellsDamage(part: Int) throws {
        let path = try build(
            (0..<20).map {
                AdvisoryRecord(
                    id: "CVE-2024-\($0)", summary: "what it is",
                    affected: [.below("\($0).1", of: "package\($0 % 7)", in: Self.debian)])
            }, weaknesses: [WeaknessRecord(id: "CVE-2024-3")])
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        let expected = try answers(path)
        for offset in stride(from: part, to: whole.count, by: 8 * 5) {
            var broken = whole
            broken[offset] ^= 0x41
            try broken.write(to: URL(fileURLWithPath: path))
            do {
                #expect(try answers(path) == expected, "byte \(offset)")
            } catch let error as IndexError {
                #expect([.damaged, .foreign, .version].contains(error.code), "byte \(offset): \(error)")
            }
        }
        for length in stride(from: part, to: whole.count, by: 8 * 61) {
            try whole.prefix(length).write(to: URL(fileURLWithPath: path))
            #expect(throws: IndexError.self, "cut at \(length)") { try answers(path) }
        }
    }

    /// Everything that the index can be asked, in one text.
    private func answers(_ path: String) throws -> String {
        let index = try AdvisoryIndex(path: path)
        var text = "\(index.catalogue)"
        for number in 0..<7 {
            guard let package = try index.package("package\(number)", in: Self.debian) else { continue }
            for entry in (0..<package.count).map(package.entry) {
                text += "\(package.name) \(try index.advisory(entry.advisory)) "
                text += "\(package.standing(of: package.place(of: "4.1"), in: entry)) \(package.bound(0))"
            }
        }
        for number in 0..<20 { text += "\(try index.advisories(named: "CVE-2024-\(number)"))" }
        return text + "\(String(describing: try index.weakness("CVE-2024-3")))"
    }

    @Test("The same feeds give the same file, byte for byte")
    func isReproducible() throws {
        let records = (0..<50).map {
            AdvisoryRecord(id: "A\($0)", affected: [.below("\($0)", of: "p\($0 % 5)", in: Self.debian)])
        }
        let first = try Data(contentsOf: URL(fileURLWithPath: build(records)))
        let second = try Data(contentsOf: URL(fileURLWithPath: build(records)))
        #expect(first == second)
    }

    @Test("A build that is given up leaves the index that was there")
    func leavesTheOldOne() throws {
        let path = try build([AdvisoryRecord(id: "old")])
        do {
            let builder = try AdvisoryIndexBuilder(path: path)
            let feed = builder.begin(.init(format: "test", origin: "here"), authority: 1)
            try builder.add(AdvisoryRecord(id: "new"), feed: feed)
        }
        #expect(try AdvisoryIndex(path: path).advisories(named: "old").count == 1)
        let folder = (path as NSString).deletingLastPathComponent
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["advisories.fettle"])
    }
}
