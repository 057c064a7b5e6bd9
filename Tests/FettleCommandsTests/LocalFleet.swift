import FettleControl
import FettleDatabase
import FettleModel
import FettleStore
import FettleTestSupport
import Foundation

/// A fleet of this machine alone, under two names, and a plan for it that only looks and waits: a real run, without any other host.
struct LocalFleet {
    static let fleet = """
        version: 1
        environments: [dev]
        resources:
          - {id: here, address: local, environment: dev}
          - {id: there, address: local, environment: dev}
          - {id: mail, address: none, environment: dev, serviceModel: saas, kind: cloudService}
        """

    static let policy = """
        version: 1
        baselines:
          - {name: careful, environments: [dev], ageInDays: 3, deny: [mysql*]}
          - {name: everywhere}
        """

    /// The plan's gate takes so long.
    var gateSeconds = 0
    /// What the patch set holds. Of a platform that no host has: nothing comes of promoting it.
    var part = PatchSet.Part(
        platform: "plan9:4", manager: .dpkg,
        packages: [PackageVersion(name: "openssl", architecture: "amd64", version: "3.0.22")])

    private static let reference = StageReference(id: "none", digest: Digest(rawValue: "0"))

    /// Everything that a run and its report go back to, from the facts to an approved change.
    ///
    /// - Parameter promoting: the plan is one of a patch set, so that its run brings that set to dev.
    func keep(in folder: TestFolder, promoting: Bool = false, store other: (any Store)? = nil) async throws {
        try folder.write(Self.fleet, to: "fleet.yaml")
        let store =
            if let other { other } else { try SQLiteStore(path: folder.file(".fettle/fettle.db").path) as any Store }
        let keeper = StageKeeper(store: store)
        let time = Timestamp.now()
        let facts = try await keeper.keep(
            FactSet(
                id: "facts-1", observedAt: time,
                hosts: ["here", "there"].map {
                    FactSample.host($0, packages: [FactSample.package("openssl", "3.0.20")], at: time)
                }), as: .facts,
            id: "facts-1", at: time)
        let findings = try await keeper.keep(
            FindingSet(
                id: "findings-1", facts: facts, assessedAt: time, feeds: .none, findings: [Self.finding], notJudged: []),
            as: .findings, id: "findings-1", at: time)
        let set = try await keeper.keep(
            PatchSet(id: "patchset-1", title: "a set", madeBy: "maker", madeAt: time, plans: [], platforms: [part]),
            as: .patchset, id: "patchset-1", at: time)
        let selection = try await keeper.keep(
            Selection(
                id: "selection-1", findings: findings, selectedAt: time, hosts: [], leftOut: [],
                patchSet: promoting ? set : nil),
            as: .selection, id: "selection-1", at: time)
        try await keeper.keep(plan(selection), as: .plan, id: "plan-1", at: time)
    }

    private static let finding = Finding(
        id: "here/openssl/3.0.22", resource: "here", source: "openssl", packages: ["openssl"], installed: "3.0.20",
        fixed: "3.0.22", updateClass: .security, advisories: [Advisory(id: "CVE-2026-1001")], state: .missing,
        owner: .us, outcome: .scheduled, dueAt: nil, explanation: [], isOffered: false, isHeld: false)

    private func plan(_ selection: StageReference) -> Plan {
        let probe = Probe(
            name: "waits", check: .command(argv: ["sleep", "\(gateSeconds)"]), timeoutSeconds: gateSeconds + 10,
            samples: 1,
            deadlineSeconds: gateSeconds + 20)
        let actions: [(String, StepAction, AvailabilityEffect)] = [
            ("take-out", .takeOut, .takesOut), ("gate", .gate(probes: [probe]), .requiresOut),
            ("bring-back", .bringBack, .bringsBack),
        ]
        var steps: [Step] = []
        for host in ["here", "there"] {
            var before: [StepID] = []
            for (name, action, availability) in actions {
                steps.append(
                    Step(
                        id: StepID("\(host)/\(name)"), resource: ResourceID(host), wave: 0, action: action,
                        after: before, availability: availability,
                        rollbackClass: .nothingToUndo,
                        estimate: DurationEstimate(medianSeconds: 1, p95Seconds: 2), timeoutSeconds: gateSeconds + 60))
                before = [StepID("\(host)/\(name)")]
            }
        }
        return Plan(
            id: "plan-1", title: "wait a little", selection: selection, createdAt: .now(), environments: ["dev"],
            targets: ["here", "there"].map { PlanTarget(resource: $0, address: .local, environment: "dev") },
            groups: [],
            steps: steps,
            rollback: [], order: [TurnOrder(reason: "one after the other", turns: [["here"], ["there"]])],
            limits: PlanLimits())
    }

    /// Submitted by alice, approved by bob.
    func approve(in folder: TestFolder) async throws {
        for words in [
            ["change", "submit", "plan-1", "--reason", "a test", "--as", "alice"],
            ["change", "approve", "change-1", "--as", "bob"],
        ] {
            let program = try Program(words, in: folder)
            let status = try await program.end()
            guard status == 0 else { throw TestTrouble("\(words): \(status)\n\(program.output)\(program.error)") }
        }
    }
}

struct TestTrouble: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}
