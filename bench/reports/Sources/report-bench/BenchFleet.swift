import FettleAssessment
import FettleModel

/// A fleet, always the same one of the same size: pools of 20 in four environments, ten findings a host of 200 sources, twelve packages a
/// host of which some are behind; a third of all findings were seen in the last month, the others before, and as many are gone.
struct BenchFleet {
    let hosts: Int
    private static let now = Timestamp(milliseconds: 1_790_000_000_000)

    func standing() -> (Standing, FactSet) {
        var random = SplitMix(seed: 1)
        let environments = ["dev", "qa", "staging", "production"].map {
            Environment(id: EnvironmentID($0), isProtected: $0 == "production")
        }
        let resources = (0..<hosts).map { host in
            Resource(
                id: ResourceID("host-\(host)"), address: .ssh("host-\(host).example"),
                environment: environments[host / 20 % 4].id, owner: host % 3 == 0 ? nil : "team-\(host % 40)")
        }
        let groups = stride(from: 0, to: hosts, by: 20).map { first in
            ResourceGroup(
                id: GroupID("pool-\(first / 20)"), members: resources[first..<min(hosts, first + 20)].map(\.id),
                minimumAvailable: .percent(75))
        }
        let sources = (0..<200).map { "source-\($0)" }
        var findings: [Finding] = []
        var sightings: [Sighting] = []
        findings.reserveCapacity(hosts * 10)
        sightings.reserveCapacity(hosts * 20)
        for resource in resources {
            let first = Int.random(in: 0..<180, using: &random)
            for number in 0..<10 {
                let source = sources[(first + number * 2) % 200]
                let days = Int.random(in: 0..<(number < 3 ? 30 : 150), using: &random)
                let outcome = Outcome.allCases[Int.random(in: 0..<4, using: &random)]
                let seen = Self.now.adding(seconds: -days * 86_400)
                var finding = Finding(
                    id: FindingID("\(resource.id)/\(source)/2.0"), resource: resource.id, source: source,
                    packages: [source],
                    installed: "1.9-1", fixed: "2.0-1", updateClass: .security,
                    advisories: [Advisory(id: "CVE-2026-1001"), Advisory(id: "CVE-2026-1002")], state: .missing,
                    owner: .us, outcome: outcome, dueAt: nil, explanation: [], isOffered: number != 0, isHeld: false,
                    firstSeenAt: seen)
                finding.dueAt = Policy().due(outcome, since: seen, listed: nil)
                findings.append(finding)
                for (name, gone) in [("CVE-2026-1001", nil), ("CVE-2025-1", Self.now.adding(seconds: -days * 43_200))] {
                    sightings.append(
                        Sighting(
                            key: SightingKey(
                                resource: resource.id, source: gone == nil ? source : "gone-\(number)", kind: .advisory,
                                name: name), firstSeenAt: seen, lastSeenAt: seen, goneAt: gone, outcome: outcome))
                }
            }
        }
        let reference = StageReference(id: "facts-1", digest: Digest(rawValue: "0"))
        let set = FindingSet(
            id: "findings-1", facts: reference, assessedAt: Self.now,
            feeds: FeedCoverage(feeds: [
                .init(name: "a feed", kind: .advisories, publishedAt: Self.now, records: 40_000)
            ]),
            findings: findings, notJudged: [])
        let facts = facts(resources, &random)
        let standing = Standing(
            fleet: Fleet(environments: environments, resources: resources, groups: groups), policy: Policy(),
            resources: resources, findings: set, facts: FactOutline(facts), sightings: sightings, now: Self.now)
        return (standing, facts)
    }

    private func facts(_ resources: [Resource], _ random: inout SplitMix) -> FactSet {
        let platform = Platform(
            distribution: "debian", version: "12", codename: "bookworm", prettyName: "Debian GNU/Linux 12 (bookworm)",
            architecture: "amd64")
        let hosts = resources.map { resource in
            var facts = HostFacts.nothingObserved(
                of: resource.id, at: Self.now, reachability: .reachable, reason: "not a part of the bench")
            facts.platform = .observed(platform)
            facts.kernels = .observed(KernelFacts(running: "6.1.0-40-amd64", installed: []))
            facts.packages = .observed(
                (0..<12).map { number in
                    let isOld = Int.random(in: 0..<100, using: &random) < 3
                    return InstalledPackage(
                        manager: .dpkg, name: "package-\(number)", architecture: "amd64",
                        version: isOld ? "1.9-1" : "2.0-1",
                        source: "package-\(number)", sourceVersion: isOld ? "1.9-1" : "2.0-1")
                })
            return facts
        }
        return FactSet(id: "facts-1", observedAt: Self.now, hosts: hosts)
    }
}
