import FettleControl
import FettleDatabase
import FettleDriverKit
import FettleModel
import FettleStore
import Foundation
import Testing

/// Hosts of three environments with a policy that promotes patch sets from one to the next, and the real program.
struct PromotionSite {
    let site: Site
    let hosts: Hosts

    /// One host or more for each environment; those of production stand in one group.
    struct Hosts {
        var dev: String
        var staging: [String]
        var production: [String]
        /// Of HAProxy, where production is taken out of it; nil: its members are not.
        var backend: String?

        var all: [String] { [dev] + staging + production }
    }

    init(_ hosts: Hosts) throws {
        site = try Site()
        self.hosts = hosts
        try write(Self.fleet(hosts), to: "fleet.yaml")
        try write(Self.policy, to: "policy.yaml")
    }

    private func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: site.directory.appending(path: name))
    }

    /// Nothing asks a host of dev whether it serves: what is ill there shows in staging.
    private static func fleet(_ hosts: Hosts) -> String {
        let probe =
            "{name: healthz, http: {url: \"http://{host}:8080/healthz\", status: 200}, samples: 2, interval: 1s, "
            + "deadline: 6s}"
        func resources(_ names: [String], _ environment: String) -> String {
            names.map { "  - {id: \($0), environment: \(environment), labels: {role: \(environment)}}\n" }.joined()
        }
        func group(_ name: String, _ size: Int, _ traffic: String) -> String {
            """
              - id: \(name)
                select: {labels: {role: \(name)}}
                minimumAvailable: \(size - 1)
            \(traffic)    probes: [\(probe)]

            """
        }
        let traffic = hosts.backend.map {
            """
                strategy: {canary: {first: 1, bake: 2s, judge: probes, maxUnavailable: 1}}
                traffic: {driver: haproxy, via: lb-1, endpoint: /run/haproxy/admin.sock, backend: \($0), drainTimeout: 30s}

            """
        }
        return """
            version: 1
            environments: [dev, staging, {name: production, protected: true}]
            defaults: {owner: lab}
            resources:
            \(resources([hosts.dev], "dev"))\(resources(hosts.staging, "staging"))\
            \(resources(hosts.production, "production"))\
            \(hosts.backend == nil ? "" : "  - {id: lb-1, kind: loadBalancer, environment: production}\n")groups:
            \(group("staging", hosts.staging.count, ""))\(group("production", hosts.production.count, traffic ?? ""))
            """
    }

    private static let policy = """
        version: 1
        classes: [security, unclassified]
        reboot: ifRequired
        limits: {parallelSteps: 20, failureBudget: 0, attempts: 1, quarantineDeadline: 1d}
        approvals:
          dev: {approvals: 0}
          staging: {approvals: 1}
          production: {approvals: 2}
        changes:
          emergency: {approvals: 1, reviewWithin: 5d}
        promotion:
          stages:
            - dev
            - {name: staging, after: {hosts: "100%"}}
            - {name: production, setsOnly: true, after: {hosts: "100%", gates: true, beside: true, signOffs: [tests]}}
          fastLane: {through: [staging], after: {gates: true, closed: true}}

        """

    // MARK: The hosts

    /// As new: pristine disks, nothing offered.
    func renew() async throws {
        try await lab("reset", hosts.all)
        guard hosts.backend != nil else { return }
        try await Balancer.putAllBack()
        for _ in 0..<900 where try await !membersServe() { try await Task.sleep(for: .milliseconds(200)) }
        #expect(try await membersServe())
    }

    func offer(_ suite: String, to names: [String]? = nil) async throws {
        try await lab("offer", [suite] + (names ?? hosts.all))
    }

    private func lab(_ command: String, _ words: [String]) async throws {
        let result = try await PackagesLab.attempt([command] + words)
        try #require(result.succeeded, "lab \(command) \(words.joined(separator: " ")): \(result.errorText)")
    }

    /// By HAProxy's own view; other tests use the other pool meanwhile.
    func membersServe() async throws -> Bool {
        let members = try await Balancer.servers().filter { hosts.production.contains($0.name) }
        return members.count == hosts.production.count && members.allSatisfy { $0.isUp && !$0.isTakenOut }
    }

    func versions(of package: String) async throws -> [String] {
        try await Truth.version(of: package, on: hosts.all)
    }

    // MARK: The set's way

    /// A set of one package's newest version, as dev is offered it.
    func makeSet(of package: String, feeds: URL? = nil) async throws {
        if let feeds {
            try await site.fettle("scan", "--feeds", feeds.path, ends: 100, 101)
        } else {
            try await site.fettle("scan", ends: 100, 101)
        }
        try await site.fettle("plan", "make", "--environment", "dev", "--only", package)
        try await site.fettle("patchset", "make", "plan-1", "--title", "October")
    }

    /// Asked for by alice, approved by the others, carried out.
    func promote(
        to stage: String, as change: String, _ words: String..., approvedBy people: [String] = [],
        runEnds codes: Int32 = 0
    ) async throws {
        let process = try site.launch(words: ["promote", "patchset-1", "--to", stage] + words)
        try #require(try await process.end() == 0, "\(process.output)")
        for person in people { try await site.fettle("change", "approve", change, as: person) }
        try await site.fettle("run", "start", change, ends: codes)
    }

    // MARK: What it keeps

    func plan(of change: String) async throws -> (plan: Plan, document: StoredDocument) {
        let kept = try #require(try await site.store.document(.change, id: change))
        let id = try CanonicalJSON.decode(Change.self, from: Data(kept.bytes)).plan.id
        let document = try #require(try await site.store.document(.plan, id: id))
        return (try CanonicalJSON.decode(Plan.self, from: Data(document.bytes)), document)
    }

    /// Alters a plan where it is kept, by somebody who knows that its digest has to be right.
    func forge(_ document: StoredDocument, as plan: Plan) async throws {
        var forged = document
        forged.bytes = [UInt8](try CanonicalJSON.encode(plan))
        forged.digest = try StageKeeper.digest(of: plan)
        try #require(forged.digest != document.digest)
        try await put(forged)
    }

    /// In the place of what is kept under its name.
    func put(_ forged: StoredDocument) async throws {
        let present = try #require(try await site.store.document(.plan, id: forged.id))
        try await site.store.replace(forged, expecting: present.digest)
    }
}

extension Plan {
    /// Each with one thing that is not as it was approved, and the word by which that is told.
    var forgeries: [(word: String, plan: Plan)] {
        var (version, target, limit) = (self, self, self)
        for place in version.steps.indices {
            guard case .changePackages(var transaction) = version.steps[place].action else { continue }
            transaction.changes[0].to = "1.7"
            version.steps[place].action = .changePackages(transaction: transaction)
            break
        }
        let gone = target.targets.removeLast().resource
        limit.limits.failureBudget += 1
        return [("1.7", version), (gone.rawValue, target), ("resources that may fail", limit)]
    }
}
