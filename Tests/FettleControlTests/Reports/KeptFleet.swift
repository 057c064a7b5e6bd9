import FettleAssessment
import FettleControl
import FettleModel
import FettleStore
import FettleTestSupport

/// A fleet of eleven systems that was looked at every week for half a year: what reports are made of, put into a store by the
/// services that put it there in earnest.
struct KeptFleet {
    let store: any Store
    static let now = FactSample.now
    static let weeks = 20

    static func week(_ number: Int) -> Timestamp { now.adding(seconds: (number - weeks) * 7 * 86_400) }

    var tools: Tools {
        Tools(
            inspector: NoFacts(), resolver: NoAnswers(), drivers: NoDrivers(), observer: NoMembers(),
            now: { Self.now.adding(seconds: 3_600) })
    }

    static let fleet: Fleet = {
        var builder = FleetBuilder(environments: ["dev", "staging", "production"])
        builder.host("dev-1", in: "dev")
        builder.pool("stage", size: 2, in: "staging", minimum: .count(1))
        builder.pool("db", size: 2, in: "production", minimum: .count(1))
        builder.pool("web", size: 4, in: "production", minimum: .count(3))
        builder.host("lb-1", in: "production")
        builder.host(
            "mail", in: "production", address: ResourceAddress(transport: .none), serviceModel: .saas,
            kind: .cloudService)
        var fleet = builder.fleet
        for (id, owner) in [
            ("db-1", "databases"), ("db-2", "databases"), ("web-1", "web"), ("web-2", "web"), ("web-3", "web"),
        ] {
            guard let place = fleet.resources.firstIndex(where: { $0.id.rawValue == id }) else { continue }
            fleet.resources[place].owner = owner
        }
        return fleet
    }()

    /// A fix that is wanted on hosts from one week to another.
    private struct Want {
        var source: String
        var from: Int
        var until: Int
        var outcome: Outcome
        var hosts: [String]
        var advisory: String
        var isOffered = true
    }

    private static let wants: [Want] = [
        Want(
            source: "curl", from: 1, until: 6, outcome: .scheduled, hosts: ["web-1", "web-2", "web-3", "web-4"],
            advisory: "CVE-2026-1001"),
        Want(
            source: "perl", from: 3, until: 9, outcome: .defer, hosts: ["db-1", "db-2", "lb-1", "dev-1"],
            advisory: "CVE-2026-1002"),
        Want(
            source: "libxml2", from: 6, until: 11, outcome: .outOfCycle,
            hosts: ["web-1", "web-2", "stage-1", "stage-2"], advisory: "CVE-2026-1003"),
        Want(
            source: "sudo", from: 8, until: 10, outcome: .immediate,
            hosts: ["web-1", "web-2", "web-3", "web-4", "db-1", "db-2", "lb-1"], advisory: "CVE-2026-1004"),
        Want(
            source: "expat", from: 10, until: 99, outcome: .scheduled, hosts: ["db-1", "db-2"],
            advisory: "CVE-2026-1005", isOffered: false),
        Want(
            source: "nginx", from: 15, until: 99, outcome: .outOfCycle, hosts: ["web-3", "web-4"],
            advisory: "CVE-2026-1006"),
        Want(
            source: "openssl", from: 18, until: 99, outcome: .outOfCycle,
            hosts: ["web-1", "web-2", "web-3", "web-4", "db-1", "lb-1"], advisory: "CVE-2026-1007"),
        Want(
            source: "python3.11", from: 19, until: 99, outcome: .scheduled,
            hosts: ["stage-1", "stage-2", "dev-1", "db-2"], advisory: "CVE-2026-1008"),
        Want(source: "vim", from: 14, until: 99, outcome: .defer, hosts: ["dev-1", "lb-1"], advisory: "CVE-2026-1009"),
    ]

    private static func findings(in week: Int) -> [Finding] {
        wants.filter { $0.from <= week && week < $0.until }.flatMap { want in
            want.hosts.map { host in
                var finding = Finding(
                    id: FindingID("\(host)/\(want.source)/2.0"), resource: ResourceID(host), source: want.source,
                    packages: [want.source], installed: "1.9", fixed: "2.0", updateClass: .security,
                    advisories: [Advisory(id: AdvisoryID(want.advisory))], state: .missing, owner: .us,
                    outcome: want.outcome, dueAt: nil, explanation: [], isOffered: want.isOffered, isHeld: false)
                finding.severity = .high
                return finding
            }
        }.sorted { ($0.outcome, $0.resource, $0.source) < ($1.outcome, $1.resource, $1.source) }
    }

    private static func facts(_ week: Int) -> FactSet {
        let hosts = fleet.resources.filter { $0.address.transport == .ssh }.map { resource -> HostFacts in
            if resource.id == "stage-2", week == weeks {
                return .nothingObserved(
                    of: resource.id, at: Self.week(week), reachability: .unreachable(reason: "no route to host"),
                    reason: "no route to host")
            }
            let isOld = ["web-3", "web-4"].contains(resource.id.rawValue)
            return FactSample.host(
                resource.id,
                packages: [
                    FactSample.package("libc6", "2.36-9+deb12u10", source: "glibc"),
                    FactSample.package("nginx", isOld ? "1.22.1-9+deb12u2" : "1.22.1-9+deb12u3"),
                    FactSample.package("openssl", resource.id == "db-2" ? "3.0.17-1~deb12u3" : "3.0.17-1~deb12u2"),
                ], at: Self.week(week))
        }
        return FactSet(id: "facts-\(week)", observedAt: Self.week(week), hosts: hosts)
    }

    func keep() async throws {
        let keeper = StageKeeper(store: store)
        for week in 1...Self.weeks {
            let time = Self.week(week)
            let facts = Self.facts(week)
            let reference = try await keeper.keep(facts, as: .facts, id: facts.id, at: time)
            let unreachable = facts.hosts.filter { $0.reachability != .reachable }.map(\.resource)
            var set = FindingSet(
                id: "findings-\(week)", facts: reference, assessedAt: time,
                feeds: FeedCoverage(feeds: [
                    .init(name: "Debian Security Tracker", kind: .advisories, publishedAt: time, records: 41_327)
                ]), findings: Self.findings(in: week).filter { !unreachable.contains($0.resource) },
                notJudged: unreachable.map { .init(resource: $0, reason: "no route to host") })
            set.id = "findings-\(week)"
            try await keeper.keep(set, as: .findings, id: set.id, at: time)
            try await store.record(set.look(at: facts))
        }
        try await waive()
    }

    private func waive() async throws {
        func grant(
            _ subject: WaiverScope.Subject, _ kind: Waiver.Kind, _ reason: String, week: Int, days: Int,
            environments: [String] = []
        ) async throws {
            let time = Self.week(week)
            let service = WaiverService(store: store, now: { time })
            _ = try await service.grant(
                .init(
                    scope: WaiverScope(subject, environments: environments), kind: kind, reason: reason, owner: "carol",
                    expiresAt: time.adding(seconds: days * 86_400)), by: "alice", policy: Policy())
        }
        try await grant(.source("vim"), .accepted, "only started by administrators", week: 15, days: 120)
        try await grant(
            .advisory("CVE-2026-1005", aliases: []), .mitigated, "the filter in front drops such files", week: 12,
            days: 63)
        try await grant(.source("perl"), .accepted, "the next release replaces it", week: 4, days: 30)
        try await grant(.source("emacs"), .notAffected, "not built with it", week: 10, days: 300, environments: ["dev"])
        let ended = Self.week(13)
        _ = try await WaiverService(store: store, now: { ended }).end(
            "waiver-4", by: "bob", reason: "nobody has it any more")
    }
}
