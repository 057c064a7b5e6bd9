import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

@Suite struct SelectionTests {
    private let old = FleetSample.oldVersion
    private let new = FleetSample.newVersion

    private func select(_ sample: FleetSample, _ filter: PatchFilter = PatchFilter()) -> PatchSelection {
        SelectionPlanner.selectPatches(
            sample.findings, facts: sample.facts, fleet: sample.fleet, policy: sample.policy, filter: filter)
    }

    private func oneHost(_ change: (inout FleetSample) -> Void = { _ in }) -> FleetSample {
        var builder = FleetBuilder()
        builder.host("web-1")
        var sample = FleetSample(fleet: builder.fleet)
        change(&sample)
        return sample
    }

    private func reasons(_ selection: PatchSelection) -> [String] { selection.leftOut.map(\.reason) }

    @Test func allBinariesOfASourceGoTogether() {
        let selection = select(
            oneHost { sample in
                sample.findings.findings[0].packages = ["openssl"]
                sample.facts.hosts[0].updates = .observed(
                    (sample.facts.hosts[0].updates.value ?? []) + [
                        FactSample.update("nginx", from: "1.22-1", to: "1.22-2")
                    ])
            })
        #expect(selection.leftOut == [])
        #expect(
            selection.requests.map(\.wanted) == [
                ["libssl3", "openssl"].map { PackageVersion(name: $0, architecture: "amd64", version: new) }
            ])
        #expect(selection.requests[0].findings == [FindingID("web-1/openssl/\(new)")])
    }

    @Test func whatIsLeftOutHasItsReason() {
        let cases: [(String, (inout FleetSample) -> Void)] = [
            ("held on the host: libssl3", { $0.facts.hosts[0].hold("libssl3") }),
            ("excluded by policy: libssl*", { $0.policy.exclude = ["nginx", "libssl*"] }),
            ("class feature is not in policy (security)", { $0.findings.findings[0].updateClass = .feature }),
            ("the provider's job (service model paas)", { $0.fleet.resources[0].serviceModel = .paas }),
            ("the vendor's job", { $0.findings.findings[0].owner = .vendor }),
            ("unreachable: no route", { $0.facts.hosts[0].reachability = .unreachable(reason: "no route") }),
            (
                "packages not observed: dpkg failed",
                { $0.facts.hosts[0].packages = .notObserved(reason: "dpkg failed") }
            ),
            ("the facts know nothing of it; scan again", { $0.facts.hosts = [] }),
            ("not reachable by Fettle: tracked only", { $0.fleet.resources[0].address.transport = .none }),
            ("not offered by the host's sources", { $0.facts.hosts[0].updates = .observed([]) }),
            (
                "nothing fixes it yet",
                {
                    $0.facts.hosts[0].updates = .observed([])
                    $0.findings.findings[0].fixed = nil
                }
            ),
            (
                "not offered: the host's sources have 3.0.22-1~deb12u1, the fix is 3.0.22-1~deb12u2",
                { $0.findings.findings[0].fixed = "3.0.22-1~deb12u2" }
            ),
            (
                "repair first: orders 2.0 is half-configured",
                { $0.facts.hosts[0].breakPackage("orders", "2.0", "half-configured") }
            ),
        ]
        for (reason, change) in cases {
            let selection = select(oneHost(change))
            #expect(reasons(selection) == [reason])
            #expect(selection.requests == [])
        }
    }

    @Test func aHostThatWasNotJudgedIsNotTakenForClean() {
        let selection = select(
            oneHost {
                $0.findings.findings = []
                $0.findings.notJudged = [.init(resource: "web-1", reason: "no feed for it")]
            })
        #expect(reasons(selection) == ["not judged: no feed for it"])
    }

    @Test func anExploitedWeaknessIsPlannedWhateverItsClass() {
        let selection = select(
            oneHost {
                $0.findings.findings[0].updateClass = .unclassified
                $0.findings.findings[0].advisories = [Advisory(id: "CVE-2026-1", exploitedSince: FactSample.now)]
            })
        #expect(selection.requests.count == 1)
    }

    /// kubernetes#67250: a broken member must not block its own fix.
    @Test func whatIsBrokenIsRepairedByTheVersionThatReplacesIt() {
        let repaired = select(oneHost { $0.facts.hosts[0].breakPackage("openssl", old, "half-configured") })
        #expect(repaired.requests.count == 1)
        let waiting = select(oneHost { $0.facts.hosts[0].breakPackage("man-db", "2.11", "triggers-pending") })
        #expect(waiting.requests.count == 1)
    }

    @Test func aFilterNarrowsWithoutAWord() {
        var builder = FleetBuilder(environments: ["qa", "production"])
        builder.pool("web", size: 2, in: "production", minimum: .count(1))
        builder.host("qa-1", in: "qa")
        let sample = FleetSample(fleet: builder.fleet)
        let filters: [(PatchFilter, [ResourceID])] = [
            (PatchFilter(), ["qa-1", "web-1", "web-2"]),
            (PatchFilter(environments: ["qa"]), ["qa-1"]),
            (PatchFilter(groups: ["web"]), ["web-1", "web-2"]),
            (PatchFilter(groups: ["web"], resources: ["web-2", "qa-1"]), ["web-2"]),
            (PatchFilter(packages: [PackageRequest(name: "libssl3")]), ["qa-1", "web-1", "web-2"]),
            (PatchFilter(packages: [PackageRequest(name: "bash")]), []),
            (PatchFilter(onlySecurity: true), ["qa-1", "web-1", "web-2"]),
        ]
        for (filter, expected) in filters {
            let selection = select(sample, filter)
            #expect(selection.requests.map(\.resource) == expected)
            #expect(selection.leftOut == [])
        }
    }

    @Test func aMisspeltNameIsToldAndNotTakenForNothingToDo() {
        let filter = PatchFilter(
            environments: ["prod"], groups: ["wbe"], resources: ["web-1"],
            packages: [PackageRequest(name: "opensll"), PackageRequest(name: "openssl")])
        #expect(select(oneHost(), filter).unmatched == ["prod", "wbe", "opensll"])
    }

    @Test func aPinWinsOverTheFindingAndTakesItsSiblingsAlong() {
        let pinned = "3.0.21-1~deb12u1"
        let filter = PatchFilter(packages: [PackageRequest(name: "openssl", version: pinned)])
        let request = select(oneHost(), filter).requests.first
        #expect(request?.wanted.map(\.version) == [pinned, pinned])
        #expect(request?.wanted.map(\.name) == ["libssl3", "openssl"])
        #expect(request?.pinned == ["libssl3", "openssl"])
        #expect(request?.findings == [])
        let held = select(oneHost { $0.facts.hosts[0].hold("openssl") }, filter)
        #expect(reasons(held) == ["held on the host: openssl"])
        #expect(held.requests == [])
    }

    @Test func aPinOnWhatIsInstalledWantsNothing() {
        let filter = PatchFilter(packages: [PackageRequest(name: "openssl", version: old)])
        #expect(select(oneHost(), filter).requests == [])
    }

    @Test func whatOnlyWaitsForARestartNeedsNoResolver() {
        let sample = oneHost {
            $0.findings.findings[0].state = .installedPendingRestart
            $0.facts = $0.factsAfterSuccess
        }
        let selection = select(sample)
        #expect(selection.requests.map(\.wanted) == [[]])
        #expect(selection.requests.first?.installed.map(\.version) == [new, new])
        let assembled = SelectionPlanner.assemble(
            selection, answers: [:], policy: sample.policy, id: "selection-2",
            findings: FleetSample.reference("findings-1"), selectedAt: FactSample.now)
        #expect(assembled.hosts.map(\.resolution.changes) == [[]])
        #expect(assembled.hosts.first?.wanted.map(\.version) == [new, new])
    }

    @Test(arguments: ["openssl", "openssl=3.0.22-1~deb12u1", "libfoo=1:2=3"]) func aNameThatAUserTypesIsRead(
        text: String
    ) {
        #expect(PackageRequest(text)?.description == text)
    }

    @Test(arguments: ["", "=1", "openssl=", "-o", "a b", "a=-b", "a\u{1B}", "ö"]) func anOptionOrGarbageIsNoName(
        text: String
    ) {
        #expect(PackageRequest(text) == nil)
    }
}

extension HostFacts {
    fileprivate mutating func hold(_ name: String) {
        packages = .observed(
            (packages.value ?? []).map { package in
                var package = package
                package.isHeld = package.name == name
                return package
            })
    }

    fileprivate mutating func breakPackage(_ name: String, _ version: String, _ state: String) {
        packages = .observed((packages.value ?? []).filter { $0.name != name })
        brokenPackages = .observed([
            BrokenPackage(name: name, architecture: "amd64", version: version, state: state)
        ])
    }
}
