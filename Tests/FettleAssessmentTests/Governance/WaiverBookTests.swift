import FettleAssessment
import FettleModel
import Testing

/// What waivers hide, and above all what they do not. No way to accept a finding: wazuh#26819; an acceptance that never ends:
/// DefectDojo#13439.
@Suite struct WaiverBookTests {
    private typealias Samples = GovernanceSamples

    private func isWaived(_ finding: Finding, by waivers: [Waiver], on day: Int = 0) -> Bool {
        Samples.book(waivers).applied(to: finding, at: Samples.day(day)).isWaived
    }

    private func isWaived(_ finding: Finding, by scope: WaiverScope) -> Bool {
        isWaived(finding, by: [Samples.waiver(scope)])
    }

    @Test("a waived finding stays in the answer and says by what")
    func staysMarked() {
        let set = Samples.book([Samples.waiver(of: "CVE-2026-1")]).applied(
            to: Samples.set([Samples.finding()]), at: Samples.now)
        #expect(set.findings.count == 1)
        #expect(
            set.findings.first?.waivers == [
                AppliedWaiver(
                    waiver: "waiver-1", kind: .accepted, advisories: ["CVE-2026-1"], expiresAt: Samples.day(30))
            ])
        #expect(set.findings.first?.isWaived == true)
        #expect(set.findings.first?.waivedUntil == Samples.day(30))
    }

    @Test("it comes back by itself the moment its waiver ends (DefectDojo#13439)")
    func comesBack() {
        let book = Samples.book([Samples.waiver(of: "CVE-2026-1", days: 30)])
        let end = Samples.day(30)
        let before = book.applied(to: Samples.finding(), at: Timestamp(milliseconds: end.milliseconds - 1))
        #expect(before.isWaived)
        // The same value, judged again at its end.
        #expect(book.applied(to: before, at: end).waivers == nil)
    }

    @Test("a waiver that was ended by hand hides nothing from then on")
    func endedByHand() {
        var waiver = Samples.waiver(of: "CVE-2026-1")
        waiver.ending = Waiver.Ending(by: "bob", at: Samples.day(2), reason: "a fix is out")
        #expect(isWaived(Samples.finding(), by: [waiver], on: 1))
        #expect(!isWaived(Samples.finding(), by: [waiver], on: 2))
        let marked = Samples.book([waiver]).applied(to: Samples.set([Samples.finding()]), at: Samples.day(1))
        #expect(WaiverBook.withoutEnded(marked, waivers: [waiver], at: Samples.day(2)).findings[0].waivers == nil)
        #expect(WaiverBook.withoutEnded(marked, waivers: [waiver], at: Samples.day(1)) == marked)
    }

    @Test("one advisory left open leaves the finding open")
    func oneLeftOpen() {
        let finding = Samples.finding(advisories: ["CVE-2026-1", "CVE-2026-2"])
        #expect(!isWaived(finding, by: [Samples.waiver(of: "CVE-2026-1")]))
        let both = [Samples.waiver(of: "CVE-2026-1", days: 9), Samples.waiver(of: "CVE-2026-2", id: "waiver-2")]
        #expect(isWaived(finding, by: both))
        #expect(!isWaived(finding, by: both, on: 9))
        #expect(Samples.book(both).applied(to: finding, at: Samples.now).waivedUntil == Samples.day(9))
    }

    @Test("an advisory is known by its other names too, whatever their case")
    func aliases() {
        let scope = WaiverScope(.advisory("GHSA-1", aliases: ["cve-2026-1"]))
        #expect(isWaived(Samples.finding(), by: scope))
        let book = Samples.book([Samples.waiver(of: "CVE-2026-9")], aliases: ["DSA-1": ["CVE-2026-9"]])
        #expect(book.applied(to: Samples.finding(advisories: ["DSA-1"]), at: Samples.now).isWaived)
        #expect(!book.applied(to: Samples.finding(advisories: ["DSA-2"]), at: Samples.now).isWaived)
    }

    @Test("a source, or one finding, is waived as a whole")
    func wholes() {
        #expect(isWaived(Samples.finding(), by: WaiverScope(.source("openssl"))))
        #expect(!isWaived(Samples.finding("web-1", "nginx"), by: WaiverScope(.source("openssl"))))
        #expect(isWaived(Samples.finding(), by: WaiverScope(.finding("web-1/openssl/3.0.22"))))
        #expect(!isWaived(Samples.finding("web-2"), by: WaiverScope(.finding("web-1/openssl/3.0.22"))))
        // Another fix is another finding.
        #expect(!isWaived(Samples.finding(fixed: "3.0.23"), by: WaiverScope(.finding("web-1/openssl/3.0.22"))))
        let noAdvisory = Samples.finding(advisories: [])
        #expect(!isWaived(noAdvisory, by: WaiverScope(.advisory("", aliases: []))))
    }

    @Test("scopes narrow by resource, group and environment, names or globs")
    func narrowing() {
        func scope(_ resources: [String] = [], _ groups: [String] = [], _ environments: [String] = []) -> WaiverScope {
            WaiverScope(.source("openssl"), resources: resources, groups: groups, environments: environments)
        }
        func reached(_ scope: WaiverScope) -> [ResourceID] {
            Samples.fleet.resources.map(\.id).filter { isWaived(Samples.finding($0), by: scope) }
        }
        #expect(reached(scope()) == ["db-1", "web-1", "web-2"])
        #expect(reached(scope(["web-*"])) == ["web-1", "web-2"])
        #expect(reached(scope(["web-1", "db-1"])) == ["db-1", "web-1"])
        #expect(reached(scope([], ["web"])) == ["web-1", "web-2"])
        #expect(reached(scope([], [], ["prod*"])) == ["db-1", "web-1"])
        #expect(reached(scope([], ["web"], ["production"])) == ["web-1"])
        #expect(reached(scope(["gone"])) == [])
        // Of what is not in the fleet any more nothing tells that it is in the scope.
        #expect(!isWaived(Samples.finding("old-1"), by: scope(["*"])))
        #expect(isWaived(Samples.finding("old-1"), by: scope()))
    }

    @Test("a package in the scope is that version on that system, and all of what the finding is about")
    func packages() {
        func scope(_ package: WaivedPackage...) -> WaiverScope {
            WaiverScope(.advisory("CVE-2026-1", aliases: []), packages: package)
        }
        func named(
            _ name: String = "openssl", distribution: String? = "debian", release: String? = nil,
            version: String? = "3.0.20", architecture: String? = nil, manager: PackageManager = .dpkg
        ) -> WaivedPackage {
            WaivedPackage(
                manager: manager, distribution: distribution, release: release, name: name, version: version,
                architecture: architecture)
        }
        #expect(isWaived(Samples.finding(), by: scope(named())))
        #expect(isWaived(Samples.finding(), by: scope(named(release: "bookworm"))))
        #expect(isWaived(Samples.finding(), by: scope(named(release: "debian-12", architecture: "amd64"))))
        #expect(isWaived(Samples.finding(), by: scope(named(distribution: nil, version: nil))))
        #expect(isWaived(Samples.finding(installed: "0:3.0.20"), by: scope(named())))
        for other in [
            named("nginx"), named(version: "3.0.21"), named(distribution: "ubuntu"), named(release: "trixie"),
            named(architecture: "arm64"), named(manager: .rpm),
        ] {
            #expect(!isWaived(Samples.finding(), by: scope(other)), "\(other)")
        }
        // libssl3 alone leaves the program affected.
        #expect(!isWaived(Samples.finding(), by: scope(named("libssl3"))))
        #expect(isWaived(Samples.finding(packages: ["libssl3"]), by: scope(named("libssl3"))))
        // Nothing is known of the system: it is not taken for one that is named.
        let blind = WaiverBook([Samples.waiver(scope(named()))], fleet: Samples.fleet)
        #expect(!blind.applied(to: Samples.finding(), at: Samples.now).isWaived)
    }

    @Test("what ends within two weeks is told, the first to end first")
    func endingSoon() {
        let book = Samples.book([
            Samples.waiver(of: "CVE-1", id: "waiver-1", days: 15),
            Samples.waiver(of: "CVE-2", id: "waiver-2", days: 14),
            Samples.waiver(of: "CVE-3", id: "waiver-3", days: 1), Samples.waiver(of: "CVE-4", id: "waiver-4", days: -1),
        ])
        #expect(book.endingSoon(at: Samples.now).map(\.id) == ["waiver-3", "waiver-2"])
    }

    // MARK: Properties

    private struct Case {
        var findings: FindingSet
        var waivers: [Waiver]
        var time: Timestamp
    }

    private func randomCase(_ seed: UInt64) -> Case {
        var generator = SplitMix(seed: seed)
        func pick<T>(_ values: [T]) -> T { values.randomElement(using: &generator) ?? values[0] }
        let advisories: [AdvisoryID] = ["CVE-1", "CVE-2", "CVE-3", "CVE-4"]
        let sources = ["openssl", "nginx", "curl"]
        let findings = (0..<12).map { number in
            Samples.finding(
                pick(["db-1", "web-1", "web-2", "old-1"]), pick(sources),
                advisories: advisories.filter { _ in Bool.random(using: &generator) }, fixed: "\(number % 4)",
                state: pick([.missing, .missing, .installedPendingRestart]))
        }
        let waivers = (1...8).map { number -> Waiver in
            let subject: WaiverScope.Subject =
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: .advisory(pick(advisories), aliases: Bool.random(using: &generator) ? [pick(advisories)] : [])
                case 1: .source(pick(sources))
                default: .finding(pick(findings).id)
                }
            let scope = WaiverScope(
                subject, resources: pick([[], [], ["web-*"], ["db-1"], ["nothing"]]), groups: pick([[], [], ["web"]]),
                environments: pick([[], [], ["qa"], ["prod*"]]),
                packages: pick([[], [], [WaivedPackage(manager: .dpkg, name: "openssl")]]))
            var waiver = Samples.waiver(
                scope, id: WaiverID("waiver-\(number)"), days: .random(in: -10...40, using: &generator))
            if Int.random(in: 0..<4, using: &generator) == 0 {
                waiver.ending = .init(
                    by: "bob", at: Samples.day(.random(in: -5...20, using: &generator)), reason: "over")
            }
            return waiver
        }
        return Case(
            findings: Samples.set(findings), waivers: waivers,
            time: Samples.day(.random(in: -5...45, using: &generator)))
    }

    /// A waiver's reach, told once more and in the plainest way.
    private func mayReach(_ waiver: Waiver, _ finding: Finding) -> Bool {
        let scope = waiver.scope
        let resource = Samples.fleet.resource(finding.resource)
        let groups = Samples.fleet.groups(of: finding.resource).map(\.id.rawValue)
        func names(_ globs: [String], _ texts: [String]) -> Bool {
            globs.isEmpty || globs.firstGlob(matchingAnyOf: texts) != nil
        }
        guard names(scope.resources, resource.map { [$0.id.rawValue] } ?? []), names(scope.groups, groups),
            names(scope.environments, resource.map { [$0.environment.rawValue] } ?? []),
            scope.packages.isEmpty || (finding.source == "openssl" && resource != nil)
        else { return false }
        switch scope.subject {
        case .advisory(let id, let others): return finding.advisories.contains { ([id] + others).contains($0.id) }
        case .source(let source): return finding.source == source
        case .finding(let id): return finding.id == id
        }
    }

    @Test("over many cases: an ended waiver never hides, no scope reaches beyond what it names", arguments: 0..<400)
    func neverTooMuch(seed: UInt64) {
        let sample = randomCase(seed)
        let set = Samples.book(sample.waivers).applied(to: sample.findings, at: sample.time)
        #expect(set.findings.count == sample.findings.findings.count)
        for (finding, before) in zip(set.findings, sample.findings.findings) {
            for mark in finding.waivers ?? [] {
                guard let waiver = sample.waivers.first(where: { $0.id == mark.waiver }) else {
                    Issue.record("seed \(seed): \(mark.waiver) is none of the waivers")
                    continue
                }
                #expect(waiver.state(at: sample.time) == .active, "seed \(seed): \(mark.waiver) has ended")
                #expect(mayReach(waiver, finding), "seed \(seed): \(mark.waiver) reaches \(finding.id)")
                #expect(mark.advisories?.allSatisfy { id in finding.advisories.contains { $0.id == id } } ?? true)
            }
            // And not too little.
            let reaching = sample.waivers.filter { $0.state(at: sample.time) == .active && mayReach($0, finding) }
            #expect(Set(finding.waivers?.map(\.waiver) ?? []) == Set(reaching.map(\.id)), "seed \(seed): \(finding.id)")
            var without = finding
            without.waivers = nil
            #expect(without == before, "seed \(seed): more than the marks was altered")
        }
    }

    @Test("over many cases: applying twice is applying once, at whatever time before", arguments: 0..<400)
    func idempotent(seed: UInt64) {
        let sample = randomCase(seed)
        let book = Samples.book(sample.waivers)
        let once = book.applied(to: sample.findings, at: sample.time)
        #expect(book.applied(to: once, at: sample.time) == once)
        let earlier = book.applied(to: sample.findings, at: Samples.day(-3))
        #expect(book.applied(to: earlier, at: sample.time) == once)
    }
}
