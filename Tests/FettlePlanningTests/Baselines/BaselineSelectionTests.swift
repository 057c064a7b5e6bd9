import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

/// Baselines decide what is selected, and the plan tells what they left out.
@Suite struct BaselineSelectionTests {
    private let new = FleetSample.newVersion

    private func select(
        _ baseline: Baseline, filter: PatchFilter = PatchFilter(), at time: Timestamp? = nil,
        _ change: (inout FleetSample) -> Void = { _ in }
    ) -> PatchSelection {
        var builder = FleetBuilder()
        builder.host("web-1")
        var sample = FleetSample(fleet: builder.fleet)
        sample.policy.baselines = [baseline]
        change(&sample)
        return SelectionPlanner.selectPatches(
            sample.findings, facts: sample.facts, fleet: sample.fleet, policy: sample.policy, filter: filter, at: time)
    }

    @Test func whatTheBaselineRefusesIsLeftOutWithItsReason() {
        for (baseline, reason) in [
            (Baseline(name: "b", deny: ["openssl"]), "denied by baseline b: openssl"),
            (Baseline(name: "b", hold: ["openssl"]), "held by baseline b: openssl"),
            (Baseline(name: "b", classRules: [.bugfix: .now]), "class security is not in baseline b (bugfix)"),
            (
                Baseline(name: "b", ageInDays: [.security: 7]),
                "waits until 2026-11-30: known since 2026-11-23, and class security waits 7 days (baseline b)"
            ),
        ] {
            let selection = select(baseline)
            #expect(selection.requests == [])
            #expect(selection.leftOut.map(\.reason) == [reason])
        }
        #expect(select(Baseline(name: "b", platforms: ["rhel:*"], deny: ["*"])).requests.count == 1)
    }

    @Test func aPatchIsSelectedWhenItsAgeHasCome() {
        let baseline = Baseline(name: "b", ageInDays: [.security: 7])
        let week = FactSample.now.adding(seconds: 7 * 86_400)
        #expect(select(baseline, at: week).requests.count == 1)
        #expect(select(baseline, at: week.adding(seconds: -1)).requests == [])
        // Seen a week ago on another look.
        let seen = select(baseline) { $0.findings.findings[0].fixSeenAt = FactSample.now.adding(seconds: -7 * 86_400) }
        #expect(seen.requests.count == 1)
    }

    @Test func aPinHoldsAgainstAPersonsWishToo() {
        let pin = "3.0.21-1~deb12u1"
        let baseline = Baseline(name: "b", pins: [.init(name: "openssl", version: pin)])
        #expect(select(baseline).requests == [])
        let above = PatchFilter(packages: [PackageRequest(name: "openssl", version: new)])
        let refused = select(baseline, filter: above)
        #expect(refused.requests == [])
        #expect(refused.leftOut.map(\.reason).contains("pinned at \(pin) by baseline b, and \(new) is above it"))
        let at = PatchFilter(packages: [PackageRequest(name: "openssl", version: pin)])
        #expect(select(baseline, filter: at).requests.first?.wanted.map(\.version) == [pin, pin])
    }

    @Test func whatTheResolverBringsAlongIsBoundToo() {
        func assemble(_ baseline: Baseline) -> Selection {
            let patches = select(baseline) { sample in
                sample.facts.hosts[0].packages = .observed(
                    (sample.facts.hosts[0].packages.value ?? []) + [
                        FactSample.package("libpq5", "15-1", source: "postgresql")
                    ])
            }
            var resolution = FleetSample.resolution
            resolution.changes.append(PackageChange(name: "libpq5", architecture: "amd64", from: "15-1", to: "16-1"))
            return SelectionPlanner.assemble(
                patches, answers: ["web-1": .success(resolution)], policy: Policy(), id: "selection-2",
                findings: FleetSample.reference("findings-1"), selectedAt: FactSample.now)
        }
        #expect(assemble(Baseline(name: "b")).hosts.count == 1)
        #expect(
            assemble(Baseline(name: "b", hold: ["postgresql*"])).leftOut.map(\.reason) == [
                "what is wanted also changes libpq5: held by baseline b: postgresql*"
            ])
        #expect(
            assemble(Baseline(name: "b", pins: [.init(name: "postgresql", version: "15-2")])).leftOut.map(\.reason) == [
                "what is wanted also takes libpq5 to 16-1: pinned at 15-2 by baseline b"
            ])
    }

    @Test func aHoldDoesNotStopARestart() {
        let restart: (inout FleetSample) -> Void = {
            $0.findings.findings[0].state = .installedPendingRestart
            $0.facts = $0.factsAfterSuccess
        }
        #expect(select(Baseline(name: "b", hold: ["openssl"]), restart).requests.count == 1)
        #expect(select(Baseline(name: "b", deny: ["openssl"]), restart).requests == [])
    }

    @Test func anUnobservedPlatformIsNoWayAroundABaseline() {
        let selection = select(Baseline(name: "b", platforms: ["debian:*"], deny: ["*"])) {
            $0.facts.hosts[0].platform = .notObserved(reason: "no os-release")
        }
        #expect(selection.requests == [])
        #expect(
            selection.leftOut.map(\.reason) == [
                "its platform is not observed, and baselines go by it: no os-release"
            ])
    }
}
