import FettleAssessment
import FettleFeeds
import FettleModel
import Foundation
import Testing

/// The judgement of one host, from small feeds written here.
@Suite struct JudgementTests {
    private let now = Timestamp(milliseconds: 1_790_000_000_000)

    private func tracker(_ status: String) -> String {
        #"{"openssl": {"CVE-2026-1001": {"releases": {"bookworm": \#(status)}}}}"#
    }

    private let exploited = """
        {"catalogVersion": "1", "dateReleased": "2026-01-27T10:00:00.000Z", "vulnerabilities": [
        {"cveID": "CVE-2026-1001", "dateAdded": "2026-01-02", "dueDate": "2026-01-23"}, {"dateAdded": "2026-01-02"}]}
        """

    private func findings(
        _ feeds: [String], updates: [AvailableUpdate] = [], resource: Resource? = nil,
        change: (inout HostFacts) -> Void = { _ in }
    ) throws -> FindingSet {
        let loaded = try CompiledFeeds.from(feeds)
        let resource = resource ?? Resource(id: "web-1", address: .local, environment: "production")
        var host = HostFacts.nothingObserved(of: resource.id, at: now, reachability: .reachable, reason: "not asked")
        host.platform = .observed(
            Platform(
                distribution: "debian", version: "12", codename: "bookworm", prettyName: "Debian 12",
                architecture: "amd64"))
        host.packages = .observed([
            InstalledPackage(
                manager: .dpkg, name: "libssl3", architecture: "amd64", version: "3.0.20", source: "openssl",
                sourceVersion: "3.0.20")
        ])
        host.updates = .observed(updates)
        host.staleServices = .observed([])
        host.rebootRequired = .observed(RebootRequirement(isRequired: false))
        host.kernels = .observed(KernelFacts(running: "6.1.0-40-amd64", installed: []))
        host.boot = .observed(BootFacts(bootID: "a", uptimeSeconds: 1))
        host.brokenPackages = .observed([])
        change(&host)
        let fleet = Fleet(
            environments: [Environment(id: "production", isProtected: true)], resources: [resource], groups: [])
        let facts = FactSet(id: "facts-1", observedAt: now, hosts: [host])
        return try Assessor(fleet: fleet, policy: Policy(), feeds: loaded).assess(
            facts, reference: StageReference(id: "facts-1", digest: Digest(rawValue: "0")), id: "findings-1", at: now)
    }

    private func update(_ origin: UpdateOrigin, to version: String = "3.0.22") -> AvailableUpdate {
        AvailableUpdate(
            manager: .dpkg, name: "libssl3", architecture: "amd64", installed: "3.0.20", candidate: version,
            source: "openssl", sourceVersion: version, origins: [origin])
    }

    private let security = UpdateOrigin(
        origin: "Debian", suite: "oldstable-security", codename: "bookworm-security", label: "Debian-Security")
    private let pointRelease = UpdateOrigin(origin: "Debian", suite: "oldstable", codename: "bookworm", label: "Debian")

    /// Gotchas of Debian's tracker: "0" was never affected, `undetermined` is neither; `nodsa` and the like are still open.
    @Test(arguments: [
        (#"{"status": "resolved", "fixed_version": "0"}"#, 0),
        (#"{"status": "undetermined"}"#, 0),
        (#"{"status": "open", "nodsa": "Minor issue"}"#, 1),
        (#"{"status": "open", "urgency": "unimportant"}"#, 1),
        (#"{"status": "resolved", "fixed_version": "3.0.22"}"#, 1),
        (#"{"status": "resolved", "fixed_version": "3.0.20~deb12u1"}"#, 0),
    ])
    func theTrackersStatusesMeanWhatDebianMeans(status: String, count: Int) throws {
        #expect(try findings([tracker(status)]).findings.count == count)
    }

    /// A vendor's backport has the fix by the vendor's own version, whatever upstream's number says: wazuh#32518 #27235.
    @Test(arguments: [("3.0.20-1~deb12u1", 1), ("3.0.20-1~deb12u2", 0), ("3.0.20-1~deb12u3", 0)])
    func aBackportIsJudgedByTheVendorsVersion(installed: String, count: Int) throws {
        let feed = tracker(#"{"status": "resolved", "fixed_version": "3.0.20-1~deb12u2"}"#)
        let set = try findings([feed]) { host in
            host.packages = .observed([
                InstalledPackage(
                    manager: .dpkg, name: "libssl3", architecture: "amd64", version: installed, source: "openssl",
                    sourceVersion: installed)
            ])
        }
        #expect(set.findings.count == count)
    }

    /// What is not decided is not "not affected" either: it had been left out where a host was judged, and told only of files.
    @Test func whatIsUndecidedIsNoFindingAndIsTold() throws {
        let set = try findings([tracker(#"{"status": "undetermined"}"#)])
        #expect(set.findings.isEmpty)
        let undecided = try #require(set.undecided)
        #expect(undecided.map(\.source) == ["openssl"] && undecided.map(\.packages) == [["libssl3"]])
        #expect(undecided.map(\.advisories) == [["CVE-2026-1001"]] && undecided.map(\.installed) == ["3.0.20"])
        #expect(undecided.allSatisfy { $0.reason.contains("does not say") })
        let decided = #"{"status": "resolved", "fixed_version": "3.0.22"}"#
        #expect(try findings([tracker(decided)]).undecided == nil)
    }

    @Test func anotherReleasesFixIsNoFixHere() throws {
        let feed =
            #"{"openssl": {"CVE-2026-1001": {"releases": {"sid": {"status": "resolved", "fixed_version": "9"}}}}}"#
        #expect(try findings([feed]).findings.isEmpty)
    }

    @Test func whatTheSecuritySuiteOffersIsASecurityUpdateWithoutAnyFeed() throws {
        let set = try findings([], updates: [update(security)])
        let finding = try #require(set.findings.first)
        #expect(finding.updateClass == .security)
        #expect(finding.explanation.contains("advisories not checked: no feed was given"))
        #expect(!set.feeds.advisoriesChecked)
    }

    @Test func whatAPointReleaseOffersIsABugfix() throws {
        #expect(try findings([], updates: [update(pointRelease)]).findings.first?.updateClass == .bugfix)
    }

    @Test func whatAnArchiveNamesNoClassForIsUnclassified() throws {
        let own = UpdateOrigin(origin: "Shop", suite: "main")
        #expect(try findings([], updates: [update(own)]).findings.first?.updateClass == .unclassified)
    }

    /// What archives say of their suites, and nothing that they do not say. docs/findings.md has the table.
    @Test(arguments: [
        ("Debian", "stable", "bookworm", UpdateClass.bugfix), ("Debian", "stable-updates", "bookworm-updates", .bugfix),
        ("Debian", "testing", "trixie", .unclassified), ("Debian", "unstable", "sid", .unclassified),
        ("Debian", "proposed-updates", "bookworm-proposed-updates", .unclassified),
        ("Debian Backports", "stable-backports", "bookworm-backports", .feature),
        ("Ubuntu", "noble-updates", "noble", .bugfix), ("Ubuntu", "noble-security", "noble", .security),
        ("Ubuntu", "noble-backports", "noble", .feature), ("Ubuntu", "noble-proposed", "noble", .unclassified),
        ("Ubuntu", "noble", "noble", .unclassified),
    ])
    func aSuiteTellsTheClass(origin: String, suite: String, codename: String, updateClass: UpdateClass) throws {
        let from = UpdateOrigin(origin: origin, suite: suite, codename: codename)
        #expect(try findings([], updates: [update(from)]).findings.first?.updateClass == updateClass)
    }

    @Test func whatHoldsNothingThatRunsIsCosmeticUnlessSomebodySaysOtherwise() throws {
        func judged(_ names: [String], _ origin: UpdateOrigin) throws -> Finding? {
            let updates = names.map { name in
                var update = update(origin)
                update.name = name
                return update
            }
            return try findings([], updates: updates).findings.first
        }
        let documents = try #require(try judged(["openssl-doc", "fonts-openssl"], pointRelease))
        #expect(documents.updateClass == .cosmetic && documents.outcome == .defer)
        #expect(documents.explanation.first?.contains("documentation") == true)
        #expect(try judged(["openssl-doc", "libssl3"], pointRelease)?.updateClass == .bugfix)
        #expect(try judged(["openssl-doc"], security)?.updateClass == .security)
        // Names that only look alike.
        #expect(try judged(["golang", "docker", "erlang"], pointRelease)?.updateClass == .bugfix)
    }

    @Test func anExploitedFindingIsDueWhenTheListSays() throws {
        let feed = tracker(#"{"status": "resolved", "fixed_version": "3.0.22"}"#)
        let finding = try #require(try findings([feed, exploited], updates: [update(security)]).findings.first)
        #expect(finding.isExploited)
        #expect(finding.outcome == .outOfCycle)
        #expect(finding.dueAt == Timestamp("2026-01-23T00:00:00Z"))
        // Rows 69 and 70 of SSVC's table: open to the Internet and exploited is immediate from a high impact on.
        for (criticality, outcome) in [(Resource.Criticality.medium, Outcome.outOfCycle), (.high, .immediate)] {
            let exposed = Resource(
                id: "web-1", address: .local, environment: "production", criticality: criticality, exposure: .internet)
            let found = try findings([feed, exploited], updates: [update(security)], resource: exposed).findings.first
            #expect(found?.outcome == outcome)
            #expect(found?.explanation.last?.contains("exploitation active (in KEV since 2026-01-02)") == true)
        }
    }

    /// vuls#2645 and its like: a fix that the host's sources do not have is a finding of its own.
    @Test func aFixBeyondTheOfferedVersionIsToldApart() throws {
        let feed = tracker(#"{"status": "resolved", "fixed_version": "3.0.30"}"#)
        let set = try findings([feed], updates: [update(security)])
        #expect(set.findings.count == 2)
        #expect(set.findings.contains { $0.fixed == "3.0.30" && !$0.isOffered })
        #expect(set.findings.contains { $0.fixed == "3.0.22" && $0.isOffered && $0.advisories.isEmpty })
    }

    /// They had one id, so that `explain`, a waiver and what is remembered of a silent host took one for the other.
    @Test func packagesOfOneSourceAtSeveralVersionsAreFindingsWithIdsOfTheirOwn() throws {
        let feed = tracker(#"{"status": "resolved", "fixed_version": "3.0.30"}"#)
        let versions = ["3.0.20", "3.0.21", "3.0.22"]
        let set = try findings([feed]) { host in
            host.packages = .observed(
                versions.enumerated().map { number, version in
                    InstalledPackage(
                        manager: .dpkg, name: "libssl\(number)", architecture: "amd64", version: version,
                        source: "openssl", sourceVersion: version)
                })
        }
        #expect(set.findings.map(\.installed) == versions)
        #expect(set.findings.map(\.id) == versions.map { FindingID("web-1/openssl/3.0.30/\($0)/missing") })
        #expect(try findings([feed]).findings.map(\.id) == ["web-1/openssl/3.0.30"])
    }

    @Test func replacedCodeThatStillRunsIsAFinding() throws {
        let set = try findings([]) { host in
            host.staleServices = .observed([
                StaleService(unit: "nginx.service", processIDs: [7], files: ["/usr/lib/libssl.so.3"])
            ])
            host.rebootRequired = .observed(RebootRequirement(isRequired: true, packages: ["linux-image"]))
        }
        #expect(Set(set.findings.map(\.state)) == [.installedPendingRestart, .installedPendingReboot])
    }

    @Test(arguments: [(ServiceModel.saas, PatchOwner.provider), (.vendorAppliance, .vendor), (.iaas, .us)])
    func whoseJobItIsFollowsFromTheServiceModel(model: ServiceModel, owner: PatchOwner) throws {
        let resource = Resource(id: "web-1", address: .local, environment: "production", serviceModel: model)
        #expect(try findings([], updates: [update(security)], resource: resource).findings.first?.owner == owner)
    }

    @Test func whatCouldNotBeLookedAtIsToldAndNotClean() throws {
        let set = try findings([]) { $0.updates = .notObserved(reason: "apt hangs") }
        #expect(set.findings.isEmpty)
        #expect(set.notJudged.map(\.reason) == ["available updates not observed: apt hangs"])
    }

    @Test func aMalformedRecordIsLeftOutCountedAndNamed() throws {
        let set = try findings([exploited])
        #expect(set.feeds.feeds.first?.records == 1)
        #expect(set.feeds.feeds.first?.skipped.count == 1)
        #expect(set.feeds.exploitedChecked && !set.feeds.advisoriesChecked)
    }

    @Test func aMalformedFileIsRefusedWhole() throws {
        #expect(throws: FeedCompilerError.self) { try findings([String(exploited.prefix(170))]) }
    }

    /// vuls#1933 #1916, wazuh#36983, grype#942.
    @Test func ofSeveralKernelsTheRunningOneCountsAndHeadersAreNone() throws {
        let feed =
            #"{"linux": {"CVE-2026-1001": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "6.1.20-1"}}}}}"#
        func kernels(running: String) throws -> [Finding] {
            try findings([feed]) { host in
                host.packages = .observed(
                    [
                        ("linux-image-6.1.0-10-amd64", "6.1.10-1"), ("linux-image-6.1.0-20-amd64", "6.1.20-1"),
                        ("linux-headers-6.1.0-10-amd64", "6.1.10-1"), ("linux-libc-dev", "6.1.10-1"),
                        ("linux-image-amd64", "6.1.10-1"),
                    ].map { name, version in
                        InstalledPackage(
                            manager: .dpkg, name: name, architecture: "amd64", version: version, source: "linux",
                            sourceVersion: version)
                    })
                host.kernels = .observed(
                    KernelFacts(running: running, installed: ["6.1.0-10-amd64", "6.1.0-20-amd64"]))
            }.findings
        }
        #expect(try kernels(running: "6.1.0-20-amd64").isEmpty)
        let exposed = try kernels(running: "6.1.0-10-amd64")
        #expect(exposed.map(\.packages) == [["linux-image-6.1.0-10-amd64"]])
    }

    @Test func withoutAFeedOfThePlatformItsPackagesAreNotJudgedAndNotClean() throws {
        let feed = tracker(#"{"status": "open"}"#)
        let set = try findings([feed]) { host in
            host.platform = .observed(
                Platform(
                    distribution: "debian", version: "9", codename: "stretch", prettyName: "", architecture: "amd64"))
        }
        #expect(set.findings.isEmpty)
        #expect(set.notJudged.map(\.reason) == ["1 package of debian:9 not checked: no feed speaks of it"])
    }
}
