import FettleAssessment
import FettleModel
import Testing

/// Livepatches count where they report themselves, and nowhere else.
@Suite struct LivepatchTests {
    private let now = Timestamp(milliseconds: 1_790_000_000_000)

    private let feed = """
        {"linux": {
        "CVE-2026-1001": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "6.1.130-1"}}},
        "CVE-2026-1002": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "6.1.140-1"}}},
        "CVE-2026-1003": {"releases": {"bookworm": {"status": "open"}}}},
        "openssl": {"CVE-2026-1001": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "3.0.22"}}}}}
        """

    private func findings(
        _ livepatches: Observed<[KernelLivepatch]>?, running: String = "6.1.0-28-amd64"
    ) throws -> FindingSet {
        let resource = Resource(id: "web-1", address: .local, environment: "production")
        var host = HostFacts.nothingObserved(of: resource.id, at: now, reachability: .reachable, reason: "not asked")
        host.platform = .observed(
            Platform(
                distribution: "debian", version: "12", codename: "bookworm", prettyName: "Debian 12",
                architecture: "amd64"))
        host.packages = .observed([
            InstalledPackage(
                manager: .dpkg, name: "libssl3", architecture: "amd64", version: "3.0.20", source: "openssl",
                sourceVersion: "3.0.20"),
            InstalledPackage(
                manager: .dpkg, name: "linux-image-6.1.0-28-amd64", architecture: "amd64", version: "6.1.119-1",
                source: "linux-signed-amd64", sourceVersion: "6.1.119-1"),
            InstalledPackage(
                manager: .dpkg, name: "linux-image-unsigned-6.1.0-28-amd64", architecture: "amd64",
                version: "6.1.119-1", source: "linux", sourceVersion: "6.1.119-1"),
        ])
        host.kernels = .observed(KernelFacts(running: running, installed: []))
        host.livepatches = livepatches
        let fleet = Fleet(
            environments: [Environment(id: "production", isProtected: true)], resources: [resource], groups: [])
        return try Assessor(fleet: fleet, policy: Policy(), feeds: try CompiledFeeds.from([feed])).assess(
            FactSet(id: "facts-1", observedAt: now, hosts: [host]),
            reference: StageReference(id: "facts-1", digest: Digest(rawValue: "0")), id: "findings-1", at: now)
    }

    /// The CVEs of a source by whether something is left to do.
    private func names(_ set: FindingSet, open: Bool, source: String = "linux") -> [String] {
        set.findings.filter { $0.isOpen == open && $0.source == source }.flatMap(\.advisories).map(\.id.rawValue)
            .sorted()
    }

    private let klp = KernelLivepatch(
        reporter: .klp, name: "livepatch_6", isActive: true, fixes: ["CVE-2026-1001", "CVE-2026-1003"])

    @Test func whatALivepatchReportsAsFixedIsFixedThoughTheKernelIsOld() throws {
        let set = try findings(.observed([klp]))
        #expect(names(set, open: true) == ["CVE-2026-1002"])
        #expect(names(set, open: false) == ["CVE-2026-1001", "CVE-2026-1003"])
        let fixed = try #require(set.findings.first { !$0.isOpen })
        #expect(fixed.state == .running)
        #expect(fixed.dueAt == nil && fixed.outcome == .defer)
        #expect(
            fixed.explanation.prefix(3) == [
                "the running kernel is 6.1.0-28-amd64, as old as before",
                "CVE-2026-1001 fixed by livepatch livepatch_6 (klp)",
                "CVE-2026-1003 fixed by livepatch livepatch_6 (klp)",
            ])
    }

    @Test func aLivepatchFixesNothingButTheKernel() throws {
        #expect(names(try findings(.observed([klp])), open: true, source: "openssl") == ["CVE-2026-1001"])
    }

    @Test func whatIsNotActiveNotReadOrWithoutAListFixesNothing() throws {
        let all = ["CVE-2026-1001", "CVE-2026-1002", "CVE-2026-1003"]
        var inactive = klp
        inactive.isActive = false
        let silent = KernelLivepatch(reporter: .kpatch, name: "kpatch_1", isActive: true)
        for livepatches: Observed<[KernelLivepatch]>? in [
            nil, .observed([]), .observed([inactive]), .observed([silent]), .notObserved(reason: "cut"),
        ] {
            let set = try findings(livepatches)
            #expect(names(set, open: true) == all)
            #expect(names(set, open: false) == [])
        }
        let unread = KernelLivepatch(reporter: .klp, name: "", isActive: false, problem: "it took too long")
        #expect(
            try findings(.observed([unread])).notJudged.map(\.reason).contains(
                "livepatches of klp not read: it took too long"))
    }

    @Test(arguments: [
        ("6.1.130-1", ["CVE-2026-1002", "CVE-2026-1003"]), ("6.1.139-1", ["CVE-2026-1002", "CVE-2026-1003"]),
        ("6.1.0-28-amd64", ["CVE-2026-1001", "CVE-2026-1002", "CVE-2026-1003"]),
        ("6.1.200-1", ["CVE-2026-1003"]), ("6.8.0-1", ["CVE-2026-1001", "CVE-2026-1002", "CVE-2026-1003"]),
    ])
    func aStatedKernelCountsByItsVersion(kernel: String, open: [String]) throws {
        let patch = KernelLivepatch(reporter: .kernelCare, name: kernel, isActive: true, kernel: kernel)
        #expect(names(try findings(.observed([patch])), open: true) == open)
    }

    @Test func whereUnameNamesTheStatedKernelEveryKernelCounts() throws {
        let patch = KernelLivepatch(reporter: .kernelCare, name: "6.1.130-1", isActive: true, kernel: "6.1.130-1")
        let set = try findings(.observed([patch]), running: "6.1.130-1")
        #expect(names(set, open: true) == ["CVE-2026-1002", "CVE-2026-1003"])
    }
}
