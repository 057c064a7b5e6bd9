import FettleModel
import FettlePlanning
import FettleTestSupport
import FettleVersions
import Testing

/// Over hosts with several findings and offers of one source, in every order of versions, under baselines with pins.
@Suite struct SelectionPropertyTests {
    private static let versions = ["1.9-1", "1.10~rc1-1", "1.10-1", "1.10-1+deb12u1", "2.0-1", "1:0.5-1"]
    private static let binaries = ["openssl", "libssl3", "libssl-dev"]
    private static let order = VersionOrder(.dpkg)

    private struct Case {
        var findings: [Finding]
        var updates: [AvailableUpdate]
        var pin: String?
        var result: PatchSelection
    }

    private static func make(_ random: inout SplitMix) -> Case {
        var findings: [Finding] = []
        for version in versions where Int.random(in: 0..<3, using: &random) == 0 {
            findings.append(
                SupersedenceTests.finding(
                    version, class: Bool.random(using: &random) ? .security : .feature, packages: binaries))
        }
        var updates: [AvailableUpdate] = []
        for version in versions {
            let isWhole = Bool.random(using: &random)
            for name in binaries where isWhole || Int.random(in: 0..<4, using: &random) == 0 {
                updates.append(FactSample.update(name, from: "1.0-1", to: version, source: "openssl"))
            }
        }
        updates.shuffle(using: &random)
        let pin = Bool.random(using: &random) ? versions.randomElement(using: &random) : nil
        let baseline = Baseline(name: "b", pins: pin.map { [.init(name: "openssl", version: $0)] } ?? [])
        let result = SupersedenceTests.select(
            findings, offered: [], policy: Policy(baselines: pin == nil ? [] : [baseline])
        ) { facts in
            facts.packages = .observed(binaries.map { FactSample.package($0, "1.0-1", source: "openssl") })
            facts.updates = .observed(updates)
        }
        return Case(findings: findings, updates: updates, pin: pin, result: result)
    }

    /// The versions of the binaries that go together with this version of the source: each at most that.
    private static func together(_ given: Case, upTo version: String) -> [String: String] {
        var result: [String: String] = [:]
        for name in binaries {
            result[name] = given.updates.filter { $0.name == name && !order.precedes(version, $0.candidate) }
                .map(\.candidate).max { order.precedes($0, $1) }
        }
        return result
    }

    /// By trying every offered version: the newest under the pin that closes a finding of a class that policy takes.
    private static func expected(_ given: Case) -> [String: String] {
        let allowed = Set(given.updates.map(\.candidate)).filter { version in
            given.pin.map { !order.precedes($0, version) } ?? true
        }
        let useful = allowed.filter { version in
            let together = together(given, upTo: version)
            return given.findings.contains { finding in
                finding.updateClass == .security
                    && together.values.allSatisfy { !order.precedes($0, finding.fixed ?? "") }
            }
        }
        return useful.max { order.precedes($0, $1) }.map { together(given, upTo: $0) } ?? [:]
    }

    @Test(arguments: TestScale.seeds(40, long: 1_000)) func theNewestThatIsAllowedIsAskedForAndNothingElse(seed: UInt64)
    {
        var random = SplitMix(seed: seed)
        for _ in 0..<50 {
            let given = Self.make(&random)
            let wanted = given.result.requests.flatMap(\.wanted)
            let found = Dictionary(wanted.map { ($0.name, $0.version) }) { first, _ in first }
            // Each package once.
            #expect(found.count == wanted.count)
            #expect(found == Self.expected(given))
        }
    }

    /// Else the property above would say nothing: often something is asked for, and sometimes not the newest on offer.
    @Test func theCasesReachWhatTheyAreFor() {
        var random = SplitMix(seed: 1)
        var (asked, lower) = (0, 0)
        for _ in 0..<1_000 {
            let given = Self.make(&random)
            let versions = given.result.requests.flatMap(\.wanted).map(\.version)
            guard let newest = given.updates.map(\.candidate).max(by: { Self.order.precedes($0, $1) }),
                !versions.isEmpty
            else { continue }
            asked += 1
            lower += versions.contains(newest) ? 0 : 1
        }
        #expect(asked > 100 && lower > 20)
    }

    @Test(arguments: TestScale.seeds(40, long: 1_000)) func everyFindingIsClosedOrTold(seed: UInt64) {
        var random = SplitMix(seed: seed)
        for _ in 0..<50 {
            let given = Self.make(&random)
            let versions = given.result.requests.flatMap(\.wanted).map(\.version)
            let closed = Set(given.result.requests.flatMap(\.findings))
            for finding in given.findings {
                let isReached =
                    !versions.isEmpty && versions.allSatisfy { !Self.order.precedes($0, finding.fixed ?? "") }
                #expect(closed.contains(finding.id) == isReached)
                if !isReached { #expect(given.result.leftOut.contains { $0.subject == "openssl" }) }
            }
            // Nothing that is asked for goes above the pin.
            for version in versions { #expect(given.pin.map { !Self.order.precedes($0, version) } ?? true) }
        }
    }

    /// What the host tells in another order is the same.
    @Test(arguments: TestScale.seeds(20, long: 500)) func theOrderOfTheFactsDoesNotMatter(seed: UInt64) {
        var random = SplitMix(seed: seed)
        for _ in 0..<30 {
            let given = Self.make(&random)
            let baseline = Baseline(name: "b", pins: given.pin.map { [.init(name: "openssl", version: $0)] } ?? [])
            let again = SupersedenceTests.select(
                given.findings.shuffled(using: &random), offered: [],
                policy: Policy(baselines: given.pin == nil ? [] : [baseline])
            ) { facts in
                facts.packages = .observed(
                    Self.binaries.reversed().map { FactSample.package($0, "1.0-1", source: "openssl") })
                facts.updates = .observed(given.updates.shuffled(using: &random))
            }
            #expect(again == given.result)
        }
    }
}
