import FettleAssessment
import FettleModel
import FettleTestSupport
import Testing

/// What is installed and does not run yet is open until it runs: openssl is patched on disk, and a service, or the kernel, is as old as before.
@Suite struct StillRunningTests {
    private let feed = """
        {"openssl": {
        "CVE-2026-1001": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "3.0.22"}}},
        "CVE-2026-1002": {"releases": {"bookworm": {"status": "open"}}},
        "CVE-2026-1003": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "0"}}}},
        "linux": {
        "CVE-2026-2001": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "6.1.20-1"}}},
        "CVE-2026-2002": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "6.1.30-1"}}}}}
        """

    private let exploited = """
        {"catalogVersion": "1", "dateReleased": "2026-01-27T10:00:00.000Z", "vulnerabilities": [
        {"cveID": "CVE-2026-1001", "dateAdded": "2026-01-02", "dueDate": "2026-01-23"}]}
        """

    private static let nginx = StaleService(unit: "nginx.service", processIDs: [7], files: ["/usr/lib/libssl.so.3"])
    private static let start = Timestamp(milliseconds: 1_790_000_000_000)

    /// A fleet of one host, looked at again and again as the store would keep it.
    private struct Looks {
        var feeds: AdvisoryFeeds
        var findings: FindingSet?
        var facts: FactSet?
        var sightings: [Sighting] = []
        var time = StillRunningTests.start

        static let fleet = Fleet(
            environments: [Environment(id: "production", isProtected: true)],
            resources: [Resource(id: "web-1", address: .local, environment: "production")], groups: [])

        mutating func look(
            _ packages: [InstalledPackage], _ change: (inout HostFacts) -> Void = { _ in }
        ) throws -> FindingSet {
            time = time.adding(seconds: 86_400)
            var host = FactSample.host("web-1", packages: packages, at: time)
            change(&host)
            let facts = FactSet(id: "facts", observedAt: time, hosts: [host])
            let earlier = EarlierLook(findings: findings, facts: self.facts, sightings: sightings)
            var set = try Assessor(fleet: Self.fleet, policy: Policy(), feeds: feeds).assess(
                facts, reference: StageReference(id: "facts", digest: Digest(rawValue: "0")), id: "findings", at: time,
                after: earlier)
            set = FindingAges(sightings).applied(to: set, policy: Policy())
            record(set, facts)
            self.findings = set
            self.facts = facts
            return set
        }

        /// The ledger as stores keep it.
        private mutating func record(_ set: FindingSet, _ facts: FactSet) {
            let look = set.look(at: facts)
            for place in sightings.indices where sightings[place].goneAt == nil {
                let key = sightings[place].key
                guard look.seen[key] == nil, look.judged[key.resource]?.contains(key.kind) == true else { continue }
                sightings[place].goneAt = time
            }
            for (key, seen) in look.seen where !sightings.contains(where: { $0.key == key && $0.goneAt == nil }) {
                sightings.removeAll { $0.key == key }
                sightings.append(
                    Sighting(
                        key: key, firstSeenAt: time, lastSeenAt: time, outcome: seen.outcome,
                        listedDueAt: seen.listedDueAt))
            }
        }

        func unknown(_ name: String) throws -> [FindingSet.Undecided] {
            guard let index = feeds.index, let facts else { return [] }
            var unknown = UnknownRunning(facts: facts, sightings: sightings, index: index)
            return try unknown.undecided(by: feeds.advisories(named: name).numbers)
        }

        func compliance() -> ComplianceReport? {
            findings.map {
                Compliance(findings: $0, sightings: sightings, fleet: Self.fleet, policy: Policy(), at: time)
                    .report(on: Self.fleet.resources)
            }
        }
    }

    private func looks() throws -> Looks { Looks(feeds: try CompiledFeeds.from([feed, exploited])) }

    private func libssl(_ version: String) -> [InstalledPackage] {
        [FactSample.package("libssl3", version, source: "openssl")]
    }

    private func kernels(_ versions: [(release: String, version: String)]) -> [InstalledPackage] {
        versions.map { FactSample.package("linux-image-\($0.release)", $0.version, source: "linux") }
    }

    private func finding(_ set: FindingSet, naming advisory: AdvisoryID) -> Finding? {
        set.findings.first { $0.isOpen && $0.advisories.contains { $0.id == advisory } }
    }

    @Test func aWeaknessStaysOpenWhileAServiceMapsTheReplacedFile() throws {
        var looks = try looks()
        let before = try #require(finding(looks.look(libssl("3.0.20")), naming: "CVE-2026-1001"))
        #expect(before.state == .missing)
        let after = try looks.look(libssl("3.0.22")) { $0.staleServices = .observed([Self.nginx]) }
        let still = try #require(finding(after, naming: "CVE-2026-1001"))
        #expect(still.state == .installedPendingRestart && still.source == "openssl" && still.packages == ["libssl3"])
        #expect(still.installed == "3.0.20" && still.fixed == "3.0.22" && still.isExploited)
        #expect(still.advisories.map(\.fixedIn) == ["3.0.22"])
        #expect(still.outcome == before.outcome && still.dueAt == before.dueAt)
        #expect(still.firstSeenAt == before.firstSeenAt)
        #expect(
            still.explanation.first
                == "3.0.22 is installed, but nginx.service still maps replaced files, which may be of 3.0.20")
        // What the version on disk has too is missing, as ever.
        #expect(finding(after, naming: "CVE-2026-1002")?.state == .missing)
        let report = try #require(looks.compliance())
        #expect(report.total.overdue == 1 && report.securityOverdue == 1)
        #expect(report.total.closedIn30Days == .init(inTime: 0, late: 0, meanDays: nil))
    }

    @Test func itIsClosedByTheRestartAndByNothingBefore() throws {
        var looks = try looks()
        _ = try looks.look(libssl("3.0.20"))
        for _ in 0..<3 {
            let set = try looks.look(libssl("3.0.22")) { $0.staleServices = .observed([Self.nginx]) }
            #expect(finding(set, naming: "CVE-2026-1001")?.state == .installedPendingRestart)
        }
        let restarted = try looks.look(libssl("3.0.22"))
        #expect(finding(restarted, naming: "CVE-2026-1001") == nil)
        // A service that is on replaced code later runs what was there later.
        let later = try looks.look(libssl("3.0.22")) { $0.staleServices = .observed([Self.nginx]) }
        #expect(finding(later, naming: "CVE-2026-1001") == nil)
        #expect(try looks.unknown("CVE-2026-1001").isEmpty)
        let report = try #require(looks.compliance())
        #expect(report.total.closedIn30Days.late == 1)
    }

    @Test func aBootEndsWhatItReplaced() throws {
        var looks = try looks()
        _ = try looks.look(libssl("3.0.20"))
        _ = try looks.look(libssl("3.0.22")) { $0.staleServices = .observed([Self.nginx]) }
        let booted = try looks.look(libssl("3.0.22")) {
            $0.staleServices = .observed([Self.nginx])
            $0.boot = .observed(BootFacts(bootID: "another", uptimeSeconds: 60))
        }
        #expect(finding(booted, naming: "CVE-2026-1001") == nil)
    }

    @Test func whatNobodySawBeforeIsUndecidedAndNotClean() throws {
        var looks = try looks()
        let set = try looks.look(libssl("3.0.22")) { $0.staleServices = .observed([Self.nginx]) }
        #expect(finding(set, naming: "CVE-2026-1001") == nil)
        let unit = try #require(set.findings.first { $0.source == "nginx.service" })
        #expect(unit.explanation.contains("what version it runs is not known"))
        let unknown = try looks.unknown("CVE-2026-1001")
        #expect(unknown.map(\.source) == ["openssl"] && unknown.map(\.advisories) == [["CVE-2026-1001"]])
        #expect(unknown.map(\.reason) == ["nginx.service still maps a replaced file; what runs is not known"])
        // No version of it was ever affected.
        #expect(try looks.unknown("CVE-2026-1003").isEmpty)
        var clean = try self.looks()
        _ = try clean.look(libssl("3.0.22"))
        #expect(try clean.unknown("CVE-2026-1001").isEmpty)
    }

    /// vuls#1933 #1916, wazuh#36983: of several kernels the running one counts, and the newest decides after a reboot.
    @Test func ofSeveralKernelsTheRunningOneCountsAndTheNewestDecidesAfterAReboot() throws {
        let releases = ["6.1.0-10-amd64", "6.1.0-20-amd64"]
        let packages = kernels([(releases[0], "6.1.10-1"), (releases[1], "6.1.20-1")])
        var looks = try looks()
        let waiting = try looks.look(packages) {
            $0.kernels = .observed(KernelFacts(running: releases[0], installed: releases))
        }
        let closed = try #require(finding(waiting, naming: "CVE-2026-2001"))
        #expect(closed.state == .installedPendingReboot && closed.installed == "6.1.10-1" && closed.fixed == "6.1.20-1")
        #expect(closed.advisories.map(\.id) == ["CVE-2026-2001"])
        #expect(
            closed.explanation.first
                == "fixed in the installed kernel 6.1.0-20-amd64, but 6.1.0-10-amd64 runs until a reboot")
        #expect(finding(waiting, naming: "CVE-2026-2002")?.state == .missing)
        #expect(looks.compliance()?.total.open.values.reduce(0, +) == 2)
        let booted = try looks.look(packages) {
            $0.kernels = .observed(KernelFacts(running: releases[1], installed: releases))
            $0.boot = .observed(BootFacts(bootID: "another", uptimeSeconds: 60))
        }
        #expect(finding(booted, naming: "CVE-2026-2001") == nil)
        #expect(finding(booted, naming: "CVE-2026-2002")?.installed == "6.1.20-1")
        // A boot that fell back to the older of them.
        let fallen = try looks.look(packages) {
            $0.kernels = .observed(KernelFacts(running: releases[0], installed: releases))
        }
        #expect(finding(fallen, naming: "CVE-2026-2001")?.state == .installedPendingReboot)
    }

    @Test func anotherFlavoursKernelIsNoNextBoot() throws {
        let releases = ["6.1.0-10-amd64", "6.1.0-20-cloud-amd64"]
        var looks = try looks()
        let set = try looks.look(kernels([(releases[0], "6.1.10-1"), (releases[1], "6.1.20-1")])) {
            $0.kernels = .observed(KernelFacts(running: releases[0], installed: releases))
        }
        #expect(finding(set, naming: "CVE-2026-2001")?.state == .missing)
    }

    /// Debian puts a new build under the same name where the interface stays: `uname -r` tells no difference.
    @Test func aKernelThatWasReplacedInPlaceRunsUntilTheBoot() throws {
        let release = "6.1.0-40-amd64"
        var looks = try looks()
        _ = try looks.look(kernels([(release, "6.1.10-1")]))
        for _ in 0..<2 {
            let set = try looks.look(kernels([(release, "6.1.20-1")]))
            let still = try #require(finding(set, naming: "CVE-2026-2001"))
            #expect(still.state == .installedPendingReboot)
            #expect(still.installed == "6.1.10-1" && still.fixed == "6.1.20-1")
        }
        let booted = try looks.look(kernels([(release, "6.1.20-1")])) {
            $0.boot = .observed(BootFacts(bootID: "another", uptimeSeconds: 60))
        }
        #expect(finding(booted, naming: "CVE-2026-2001") == nil)
        // Where nobody saw the one before, its package's wish for a boot is all that is known.
        var first = try self.looks()
        _ = try first.look(kernels([(release, "6.1.20-1")])) {
            $0.rebootRequired = .observed(RebootRequirement(isRequired: true, packages: ["linux-image-\(release)"]))
        }
        #expect(try first.unknown("CVE-2026-2001").map(\.source) == ["linux"])
    }

    @Test func whatAskedForARebootIsOpenUntilThen() throws {
        var looks = try looks()
        _ = try looks.look(libssl("3.0.20"))
        let asked = RebootRequirement(isRequired: true, packages: ["libssl3"])
        let set = try looks.look(libssl("3.0.22")) { $0.rebootRequired = .observed(asked) }
        #expect(finding(set, naming: "CVE-2026-1001")?.state == .installedPendingReboot)
        // It is named by its source: another package's wish is not its own.
        var other = try self.looks()
        _ = try other.look(libssl("3.0.20"))
        let dbus = try other.look(libssl("3.0.22")) {
            $0.rebootRequired = .observed(RebootRequirement(isRequired: true, packages: ["dbus"]))
        }
        #expect(finding(dbus, naming: "CVE-2026-1001") == nil)
    }

    @Test func factsOfBeforeAreAskedForOnlyWhereTheyMatter() throws {
        var looks = try looks()
        let before = try looks.look(libssl("3.0.20") + kernels([("6.1.0-40-amd64", "6.1.10-1")]))
        let facts = try #require(looks.facts)
        #expect(!EarlierLook.needsFacts(of: nil, for: facts) && !EarlierLook.needsFacts(of: before, for: facts))
        _ = try looks.look(libssl("3.0.22") + kernels([("6.1.0-40-amd64", "6.1.20-1")]))
        #expect(EarlierLook.needsFacts(of: before, for: try #require(looks.facts)))
    }

    @Test func whatMattersForTheJudgementAndWasNotSeenIsTold() throws {
        var looks = try looks()
        let set = try looks.look(kernels([("6.1.0-40-amd64", "6.1.20-1")])) {
            $0.kernels = .notObserved(reason: "no uname")
            $0.boot = .notObserved(reason: "no /proc")
            $0.brokenPackages = .notObserved(reason: "cut")
            $0.staleServices = .notObserved(reason: "needs root")
        }
        #expect(
            set.notJudged.map(\.reason) == [
                "half-installed packages not observed: cut", "services' running code not observed: needs root",
                "running kernel not observed, every installed one counts: no uname",
                "current boot not observed: no /proc",
            ])
        let gone = try looks.look(kernels([("6.1.0-41-amd64", "6.1.20-1")]))
        #expect(
            gone.notJudged.map(\.reason) == [
                "the running kernel 6.1.0-40-amd64 is of no installed package: its version is not known, "
                    + "and it was not judged"
            ])
    }
}
