import FettleAssessment
import FettleIndex
import FettleModel
import FettleVersions
import Foundation
import Testing

@Suite("Fleet judge")
struct FleetJudgeTests {
    private static let at = Timestamp(milliseconds: 1_700_000_000_000)
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("fettle-fleet-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func ecosystem(_ name: String) throws -> Ecosystem { try #require(Ecosystem(name)) }

    private func index(_ records: [AdvisoryRecord], _ weaknesses: [WeaknessRecord] = []) throws -> AdvisoryIndex {
        let path = folder.appendingPathComponent("\(UUID().uuidString).fettle").path
        let builder = try AdvisoryIndexBuilder(path: path)
        let feed = builder.begin(.init(format: "test", origin: "here"), authority: 5)
        for record in records { try builder.add(record, feed: feed) }
        for weakness in weaknesses { try builder.add(weakness, feed: feed) }
        _ = try builder.finish(builtAt: Self.at)
        return try AdvisoryIndex(path: path)
    }

    private func columns() throws -> FleetColumns {
        try FleetColumns(path: folder.appendingPathComponent("fleet.fettle").path, .writing, isSynced: false)
    }

    private func debian(_ name: String, _ version: String, of source: String? = nil) -> ListedPackage {
        ListedPackage(
            origin: .system(.dpkg), name: name, architecture: "amd64", version: version, source: source)
    }

    @Test("Hosts are judged by class, and what no feed speaks of is counted as not checked")
    func countsByClass() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let debian12 = try ecosystem("debian:12")
        let index = try index(
            [
                AdvisoryRecord(id: "CVE-2026-1", affected: [.below("2", of: "openssl", in: debian12)]),
                AdvisoryRecord(
                    id: "FIX-1", updateClass: .bugfix, affected: [.below("3", of: "openssl", in: debian12)]),
                AdvisoryRecord(
                    id: "CVE-2026-2",
                    affected: [
                        AffectedPackage(
                            ecosystem: debian12, name: "zlib", status: .underInvestigation,
                            intervals: [VersionInterval(lower: nil, upper: nil)])
                    ]),
            ],
            [WeaknessRecord(id: "CVE-2026-1", exploited: KnownExploitation(addedAt: Self.at))])
        let columns = try columns()
        try columns.setHost(
            "old",
            packages: [
                debian("libssl3", "1", of: "openssl"), debian("openssl", "1"), debian("zlib1g", "1", of: "zlib"),
            ],
            platform: "debian:12", at: Self.at)
        try columns.setHost(
            "new", packages: [debian("openssl", "3"), debian("bash", "5")], platform: "debian:12", at: Self.at)
        try columns.setHost(
            "other",
            packages: [debian("openssl", "1"), ListedPackage(origin: .registry("npm"), name: "lodash", version: "4")],
            platform: "debian:99", at: Self.at)
        let judge = FleetJudge(columns: columns, index: index, processors: 2)
        let judgement = try judge.judgeAll()
        let old = judgement.counts(ofRow: try #require(try columns.host("old")).row)
        #expect(old.affected == [.security: 2, .bugfix: 2])
        #expect(old.exploited == 2)
        #expect(old.undecided == 1)
        #expect(old.uncheckedPackages == 0)
        #expect(judgement.counts(ofRow: 1).affected.isEmpty)
        #expect(judgement.counts(ofRow: 1).uncheckedPackages == 0)
        #expect(judgement.counts(ofRow: 2).affected.isEmpty)
        #expect(judgement.counts(ofRow: 2).uncheckedPackages == 2)
        #expect(judgement.total.affectedHosts == 1)
        #expect(judgement.total.affected == 4)
        // The two binaries of openssl 1 are one lot: openssl 1, openssl 3, zlib 1, bash 5.
        #expect(judge.lotCount == 4)
        #expect(try judge.counts(of: "old") == old)
        #expect(try judge.counts(of: "nobody") == nil)

        try columns.setHost("old", packages: [debian("openssl", "2.5")], platform: "debian:12", at: Self.at)
        #expect(try judge.counts(of: "old")?.affected == [.bugfix: 1])
        #expect(judge.lotCount == 5)
    }

    /// One judgement answers for all advisories and all hosts: the fleet's answer came one CVE at a time (uyuni-rfc#89).
    @Test("An advisory's hosts are those whose own findings name it, for any fleet and feeds", arguments: 1...8)
    func bothDirectionsAgree(seed: Int) throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        var dice = SplitMix(seed: UInt64(seed))
        func roll(_ sides: Int) -> Int { Int.random(in: 0..<sides, using: &dice) }
        let names = ["debian:12", "almalinux:9", "npm"]
        let records = try (0..<30).map { number in
            var affected: [AffectedPackage] = []
            for _ in 0...roll(2) {
                let name = names[roll(3)]
                affected.append(
                    AffectedPackage(
                        ecosystem: try ecosystem(name), name: name == "debian:12" ? "s\(roll(4))" : "p\(roll(8))",
                        status: roll(6) == 0 ? .underInvestigation : .affected,
                        intervals: [
                            VersionInterval(lower: nil, upper: VersionBound("\(1 + roll(5))", isInclusive: false))
                        ],
                        architectures: name == "almalinux:9" && roll(2) == 0 ? ["x86_64"] : []))
            }
            return AdvisoryRecord(id: "CVE-2026-\(number)", affected: affected)
        }
        let index = try index(records)
        let columns = try columns()
        for host in 0..<40 {
            let isDebian = roll(2) == 0
            var packages: Set<ListedPackage> = []
            for _ in 0..<roll(12) {
                let number = roll(8)
                let version = "\(roll(6))"
                switch roll(3) {
                case 0: packages.insert(ListedPackage(origin: .registry("npm"), name: "p\(number)", version: version))
                case _ where isDebian: packages.insert(debian("p\(number)", version, of: "s\(number / 2)"))
                default:
                    packages.insert(
                        ListedPackage(
                            origin: .system(.rpm), name: "p\(number)",
                            architecture: roll(2) == 0 ? "x86_64" : "i686", version: version))
                }
            }
            try columns.setHost(
                "h\(host)", packages: Array(packages), platform: isDebian ? "debian:12" : "almalinux:9", at: Self.at)
        }
        let judge = FleetJudge(columns: columns, index: index, processors: 1 + roll(3))
        let judgement = try judge.judgeAll()
        var hostsOf: [UInt32: Set<Int>] = [:]
        for host in try columns.hosts() {
            let found = try #require(try judge.findings(of: host.id))
            var expected = 0
            for lot in found.judgement.lots.compactMap({ $0 }) {
                expected += found.lots[lot].findings.count
                for finding in found.lots[lot].findings { hostsOf[finding.advisory, default: []].insert(host.row) }
            }
            #expect(judgement.counts(ofRow: host.row).affectedTotal == expected)
            #expect(try judge.counts(of: host.id) == judgement.counts(ofRow: host.row))
        }
        for advisory in 0..<UInt32(records.count) {
            #expect(Set(try judge.impact(of: advisory).affectedRows.rows) == hostsOf[advisory] ?? [])
        }
        #expect(hostsOf.count > 5)
    }

    @Test(
        "A package of a module whose stream cannot be told by itself is undecided, and never another stream's (trivy#741)"
    )
    func doubtsUnlabelledModules() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let alma = try ecosystem("almalinux:8")
        var fix = AffectedPackage.below("18.20-1.module_el8", of: "npm", in: alma)
        fix.module = "nodejs:18"
        let index = try index([AdvisoryRecord(id: "ALSA-1", affected: [fix])])
        let columns = try columns()
        func npm(_ module: String?) -> ListedPackage {
            ListedPackage(
                origin: .system(.rpm), name: "npm", architecture: "x86_64", version: "10.1-1.module_el8",
                source: "npm-src",
                module: module)
        }
        for (host, module) in [("same", "nodejs:18"), ("other", "nodejs:20"), ("none", nil)] {
            try columns.setHost(host, packages: [npm(module)], platform: "almalinux:8", at: Self.at)
        }
        let judge = FleetJudge(columns: columns, index: index)
        #expect(try judge.counts(of: "same")?.affected == [.security: 1])
        #expect(try judge.counts(of: "other")?.affectedTotal == 0)
        #expect(try judge.counts(of: "none")?.affectedTotal == 0)
        #expect(try judge.counts(of: "none")?.undecided == 1)
        let impact = try judge.impact(of: 0)
        #expect(impact.affectedRows.rows == [0])
        #expect(impact.undecidedRows.rows == [2])
    }
}
