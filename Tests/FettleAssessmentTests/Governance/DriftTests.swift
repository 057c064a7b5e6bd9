import FettleAssessment
import FettleModel
import Testing

@Suite struct DriftTests {
    static let now = Timestamp(milliseconds: 1_795_424_400_000)

    static func package(_ name: String, _ version: String, source: String? = nil, isHeld: Bool = false)
        -> InstalledPackage
    {
        InstalledPackage(
            manager: .dpkg, name: name, architecture: "amd64", version: version, source: source ?? name,
            sourceVersion: version, isHeld: isHeld)
    }

    static func host(
        _ id: ResourceID, _ packages: [InstalledPackage], version: String = "12", reason: String? = nil
    ) -> HostFacts {
        var host = HostFacts.nothingObserved(
            of: id, at: now, reachability: .reachable, reason: reason ?? "not asked in this test")
        guard reason == nil else { return host }
        host.platform = .observed(
            Platform(
                distribution: "debian", version: version, codename: "", prettyName: "Debian", architecture: "amd64"))
        host.packages = .observed(packages)
        return host
    }

    static func compare(_ hosts: [HostFacts], policy: Policy = Policy()) -> DriftReport {
        let facts = FactSet(id: "facts-1", observedAt: now, hosts: hosts)
        return DriftJudge(facts: facts, policy: policy).compare(
            hosts.map { Resource(id: $0.resource, address: .local, environment: "production") })
    }

    @Test func hostsAtTheSameVersionsAreAtTheSameLevel() {
        let packages = [Self.package("openssl", "3.0.11-1"), Self.package("bash", "5.2-1")]
        let report = Self.compare([
            Self.host("a", packages), Self.host("b", packages + [Self.package("vim", "9")]),
        ])
        #expect(report.isSameLevel)
        #expect(report.platforms[0].pairs.map(\.isSameLevel) == [true])
        // What only one of them has is no level, and is counted.
        #expect(report.platforms[0].onlyOnSome == 1)
    }

    @Test func whoIsBehindIsToldByTheOrderOfVersions() {
        let report = Self.compare([
            Self.host("a", [Self.package("libssl3", "3.0.9-1", source: "openssl"), Self.package("x", "1.0~rc1")]),
            Self.host("b", [Self.package("libssl3", "3.0.11-1", source: "openssl"), Self.package("x", "1.0")]),
            Self.host("c", [Self.package("libssl3", "3.0.11-1", source: "openssl"), Self.package("x", "1.0~rc1")]),
        ])
        let drift = report.platforms[0]
        #expect(drift.packages.map(\.name) == ["libssl3", "x"])
        #expect(drift.packages.map(\.newest) == ["3.0.11-1", "1.0"])
        #expect(drift.packages.map(\.behind) == [["a"], ["a", "c"]])
        let pairs = drift.pairs.map { "\($0.first)\($0.second) \($0.ahead) \($0.behind)" }
        #expect(pairs == ["ab 0 2", "ac 0 1", "bc 1 0"])
    }

    @Test func versionsThatOnlyReadDifferentlyAreNoDrift() {
        #expect(
            Self.compare([Self.host("a", [Self.package("x", "1.0")]), Self.host("b", [Self.package("x", "0:1.0")])])
                .isSameLevel)
    }

    @Test func differentPlatformsAreNotCompared() {
        let report = Self.compare([
            Self.host("a", [Self.package("x", "1")]), Self.host("b", [Self.package("x", "2")], version: "13"),
        ])
        #expect(report.platforms.map(\.platform) == ["debian:12 amd64", "debian:13 amd64"])
        #expect(report.isSameLevel)
    }

    @Test func aHostOfWhichNothingIsKnownIsNotAtTheSameLevel() {
        let report = Self.compare([
            Self.host("a", []), Self.host("b", [], reason: "no route"),
        ])
        #expect(report.notCompared.map(\.reason) == ["not observed: no route"])
        #expect(!report.isSameLevel)
    }

    @Test func pinsAndHoldsThatAreNotKeptAreTold() {
        var policy = Policy()
        policy.baselines = [
            Baseline(
                name: "b", hold: ["db"],
                pins: [.init(name: "openssl", version: "3.0.10-1"), .init(name: "x", version: "1")])
        ]
        let report = Self.compare(
            [
                Self.host(
                    "a",
                    [
                        Self.package("libssl3", "3.0.11-1", source: "openssl"), Self.package("x", "1"),
                        Self.package("db", "1"), Self.package("vim", "1", isHeld: true),
                    ]),
                Self.host("b", [Self.package("openssl", "3.0.9-1"), Self.package("db", "1", isHeld: true)]),
            ], policy: policy)
        #expect(
            report.fromBaselines.map { "\($0.resource) \($0.source): \($0.words)" } == [
                "a db: to be held, but the host's package manager does not hold it",
                "a openssl: 3.0.11-1 is above its pin 3.0.10-1",
                "a vim: held on the host (vim), but not by the baseline",
                "b openssl: 3.0.9-1 is below its pin 3.0.10-1",
            ])
    }

    @Test func aLargeGroupIsToldWithinBounds() {
        let report = Self.compare(
            (0..<300).map { Self.host(ResourceID("h\($0)"), [Self.package("x", "\($0 % 2)")]) })
        #expect(report.platforms[0].pairs.count == DriftReport.maximumPairs)
        #expect(report.platforms[0].pairsLeftOut == 300 * 299 / 2 - DriftReport.maximumPairs)
        #expect(report.platforms[0].packages[0].behind.count == 150)
    }

    @Test(arguments: 0..<20 as Range<UInt64>) func driftIsSymmetric(_ seed: UInt64) {
        var random = SplitMix(seed: seed)
        let versions = ["1.0", "1.0~rc1", "1:0.9", "0:1.0", "2.0-1", "2.0-1+b1"]
        func host(_ id: ResourceID) -> HostFacts {
            var packages: [InstalledPackage] = []
            for name in ["a", "b", "c", "d", "e"] where Bool.random(using: &random) {
                packages.append(Self.package(name, versions.randomElement(using: &random) ?? "1"))
            }
            return Self.host(id, packages)
        }
        var (one, other) = (host("one"), host("two"))
        let pair = Self.compare([one, other]).platforms[0].pairs[0]
        (one.resource, other.resource) = (other.resource, one.resource)
        let swapped = Self.compare([one, other]).platforms[0].pairs[0]
        #expect(pair.ahead == swapped.behind && pair.behind == swapped.ahead)
        other.packages = one.packages
        #expect(Self.compare([one, other]).isSameLevel)
    }
}
