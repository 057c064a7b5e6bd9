import FettleAssessment
import FettleModel

/// A small fleet with findings, and waivers over it.
enum GovernanceSamples {
    static let now = Timestamp(milliseconds: 1_790_000_000_000)
    static func day(_ days: Int) -> Timestamp { now.adding(seconds: days * 86_400) }

    static let fleet = Fleet(
        environments: [
            Environment(id: "qa", isProtected: false), Environment(id: "production", isProtected: true),
        ],
        resources: [
            Resource(id: "db-1", address: .local, environment: "production"),
            Resource(id: "web-1", address: .local, environment: "production"),
            Resource(id: "web-2", address: .local, environment: "qa"),
        ],
        groups: [ResourceGroup(id: "web", members: ["web-1", "web-2"], minimumAvailable: .count(1))])

    static let debian = WaiverBook.System(
        platform: Platform(
            distribution: "debian", version: "12", codename: "bookworm", prettyName: "Debian 12", architecture: "amd64"),
        manager: .dpkg)

    static let systems = Dictionary(uniqueKeysWithValues: fleet.resources.map { ($0.id, debian) })

    static func finding(
        _ resource: ResourceID = "web-1", _ source: String = "openssl", packages: [String] = ["libssl3", "openssl"],
        advisories: [AdvisoryID] = ["CVE-2026-1"], installed: String = "3.0.20", fixed: String? = "3.0.22",
        state: InstallState = .missing, outcome: Outcome = .scheduled, listedDueAt: Timestamp? = nil,
        updateClass: UpdateClass = .security
    ) -> Finding {
        Finding(
            id: FindingID("\(resource)/\(source)/\(fixed ?? state.rawValue)"), resource: resource, source: source,
            packages: packages, installed: installed, fixed: fixed, updateClass: updateClass,
            advisories: advisories.map { Advisory(id: $0, exploitedDueAt: listedDueAt) }, state: state, owner: .us,
            outcome: outcome, dueAt: nil, explanation: [], isOffered: fixed != nil, isHeld: false)
    }

    static func set(_ findings: [Finding], at time: Timestamp = now, notJudged: [FindingSet.NotJudged] = [])
        -> FindingSet
    {
        FindingSet(
            id: "findings-1", facts: StageReference(id: "facts-1", digest: Digest(rawValue: "0")), assessedAt: time,
            feeds: FeedCoverage(feeds: [
                .init(name: "a", kind: .advisories, publishedAt: nil, records: 1),
                .init(name: "b", kind: .exploited, publishedAt: nil, records: 1),
            ]), findings: findings, notJudged: notJudged)
    }

    static func waiver(
        _ scope: WaiverScope, id: WaiverID = "waiver-1", kind: Waiver.Kind = .accepted, days: Int = 30
    ) -> Waiver {
        Waiver(
            id: id, scope: scope, kind: kind, reason: "known", owner: "alice", createdBy: "bob", createdAt: now,
            expiresAt: day(days))
    }

    static func waiver(of advisory: AdvisoryID, id: WaiverID = "waiver-1", days: Int = 30) -> Waiver {
        waiver(WaiverScope(.advisory(advisory, aliases: [])), id: id, days: days)
    }

    static func book(_ waivers: [Waiver], aliases: [AdvisoryID: [AdvisoryID]] = [:]) -> WaiverBook {
        WaiverBook(waivers, fleet: fleet, systems: systems, aliases: aliases)
    }
}
