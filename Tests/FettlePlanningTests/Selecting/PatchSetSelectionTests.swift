import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

/// A host gets exactly what a patch set holds.
@Suite struct PatchSetSelectionTests {
    private static let old = FleetSample.oldVersion
    private static let new = FleetSample.newVersion

    private static func set(_ versions: [String: String], platform: String = "debian:12") -> PatchSet {
        PatchSet(
            id: "patchset-1", title: "", madeBy: "alice", madeAt: FactSample.now, plans: [],
            platforms: [
                PatchSet.Part(
                    platform: platform, manager: .dpkg,
                    packages: versions.map {
                        PackageVersion(name: $0.key, architecture: "amd64", version: $0.value)
                    }.sorted())
            ])
    }

    private static let both = ["libssl3": new, "openssl": new]

    private func select(
        _ set: PatchSet, policy: Policy = Policy(), _ edit: (inout FleetSample) -> Void = { _ in }
    ) -> PatchSelection {
        var builder = FleetBuilder()
        builder.host("web-1")
        var sample = FleetSample(fleet: builder.fleet)
        edit(&sample)
        return SelectionPlanner.selectPatches(
            from: set, sample.findings, facts: sample.facts, fleet: sample.fleet, policy: policy, filter: PatchFilter(),
            at: FactSample.now)
    }

    private func reasons(_ selection: PatchSelection) -> [String] { selection.leftOut.map(\.reason) }

    @Test func theSetsVersionsAreWantedAndNothingElseMayChange() {
        let selection = select(Self.set(Self.both))
        #expect(selection.requests.map(\.wanted) == [Self.set(Self.both).platforms[0].packages])
        #expect(selection.requests[0].onlyThese == selection.requests[0].wanted)
        #expect(selection.requests[0].findings == [FindingID("web-1/openssl/\(Self.new)")])
        #expect(selection.leftOut == [])
    }

    @Test func whatIsNewerOnOfferIsNotAskedFor() {
        let selection = select(Self.set(Self.both)) { sample in
            sample.facts.hosts[0].updates = .observed([
                FactSample.update("openssl", from: Self.old, to: "9", source: "openssl"),
                FactSample.update("nginx", from: "1", to: "2"),
            ])
        }
        #expect(selection.requests[0].wanted.map(\.version) == [Self.new, Self.new])
    }

    @Test func anotherPlatformGetsNothing() {
        let selection = select(Self.set(Self.both, platform: "debian:13"))
        #expect(selection.requests.isEmpty && reasons(selection) == ["patchset-1 holds nothing for debian:12"])
    }

    @Test func aNewerVersionIsNotTakenBack() {
        let selection = select(Self.set(["openssl": "1.0"]))
        #expect(selection.requests.isEmpty)
        #expect(reasons(selection).contains { $0.contains("not taken back") })
        #expect(reasons(selection).contains("its fix is not in patchset-1"))
    }

    @Test func whatIsNotInstalledIsNotAdded() {
        let selection = select(Self.set(["nginx": "2"]))
        #expect(selection.requests.isEmpty)
    }

    @Test func aSetDoesNotGoPastPolicyOrTheHost() {
        let held = select(Self.set(Self.both)) { sample in
            sample.facts.hosts[0].packages = .observed(
                ["libssl3", "openssl"].map {
                    FactSample.package($0, Self.old, source: "openssl", isHeld: $0 == "openssl")
                })
        }
        #expect(held.requests[0].wanted.map(\.name) == ["libssl3"])
        #expect(reasons(held).contains("held on the host: openssl"))
        var policy = Policy()
        policy.exclude = ["openssl"]
        let excluded = select(Self.set(Self.both), policy: policy)
        #expect(excluded.requests.isEmpty && reasons(excluded).contains("excluded by policy: openssl"))
        policy = Policy()
        policy.baselines = [Baseline(name: "b", deny: ["libssl3"])]
        #expect(
            select(Self.set(Self.both), policy: policy).requests.first?.wanted.map(\.name) ?? [] != [
                "libssl3", "openssl",
            ])
    }

    @Test func ofWhatIsThereOnlyTheRestartIsWanted() {
        let selection = select(Self.set(Self.both)) { sample in
            sample.leaveOnlyRestarts(on: "web-1")
            sample.findings.findings[0].state = .installedPendingRestart
        }
        #expect(selection.requests.map(\.wanted) == [[]])
        #expect(selection.requests[0].installed.map(\.name) == ["libssl3", "openssl"])
    }

    /// A resolver that changes anything beyond the set is not followed, whatever it is.
    @Test(arguments: [
        PackageChange(name: "zlib1g", architecture: "amd64", from: "1", to: "2"),
        PackageChange(name: "zlib1g", architecture: "amd64", from: nil, to: "2"),
        PackageChange(name: "zlib1g", architecture: "amd64", from: "1", to: nil),
        PackageChange(name: "openssl", architecture: "i386", from: "1", to: FleetSample.newVersion),
    ])
    func aForeignChangeLeavesTheHostOut(change: PackageChange) {
        let patches = select(Self.set(Self.both))
        var answer = FleetSample.resolution
        let reference = FleetSample.reference("patchset-1")
        func assemble() -> Selection {
            SelectionPlanner.assemble(
                patches, answers: ["web-1": .success(answer)], policy: Policy(), id: "selection-1",
                findings: FleetSample.reference("findings-1"), selectedAt: FactSample.now, patchSet: reference)
        }
        #expect(assemble().hosts.map(\.resource) == ["web-1"] && assemble().patchSet == reference)
        answer.changes.append(change)
        #expect(assemble().hosts.isEmpty)
        #expect(assemble().leftOut.contains { $0.reason.contains("not in the set") })
    }
}
