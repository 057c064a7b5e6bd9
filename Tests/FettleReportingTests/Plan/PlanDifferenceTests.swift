import FettleModel
import FettleReporting
import Foundation
import Testing

@Suite struct PlanDifferenceTests {
    private static let digest = Digest(rawValue: String(repeating: "a", count: 64))

    private static func plan(_ change: (inout PlanSample) -> Void = { _ in }) -> Plan {
        var sample = PlanSample.small
        change(&sample)
        return sample.picture.plan
    }

    private static func difference(_ first: Plan, _ second: Plan) -> PlanDifference {
        PlanDifference(from: first, digest, to: second, Digest(rawValue: String(repeating: "b", count: 64)))
    }

    @Test func namesAndTimesOfMakingAreNoDifference() {
        let first = Self.plan()
        var second = first
        second.id = "plan-2"
        second.title = "Something else"
        second.createdAt = first.createdAt.adding(seconds: 3_600)
        second.selection = StageReference(id: "selection-7", digest: Self.digest)
        let difference = Self.difference(first, second)
        #expect(difference.isEmpty)
        #expect(
            difference.lines() == [
                "plan-1 and plan-2 would do the same; their digests differ, so neither is approved by votes for the other."
            ])
    }

    /// Whatever is carried out and is changed anywhere in a plan, it is seen.
    @Test(arguments: Self.edits)
    func everyChangeOfWhatIsCarriedOutIsSeen(edit: Edit) throws {
        let first = Self.plan()
        var second = first
        edit.change(&second)
        let difference = Self.difference(first, second)
        #expect(difference.entries.contains { $0.kind == edit.kind }, "\(edit.name): \(difference.entries)")
        #expect(Set(difference.entries.map(\.kind)).isSubset(of: edit.may.union([edit.kind])), "\(difference.entries)")
        // The other way round it is the same, turned over.
        let back = Self.difference(second, first).entries
        let turned = difference.entries.map {
            PlanDifference.Entry($0.kind, $0.subject, at: $0.resource, before: $0.after, after: $0.before)
        }
        #expect(Set(back) == Set(turned))
        #expect(difference.lines().joined().contains(edit.says), "\(difference.lines())")
    }

    /// A part that is added to plans later is compared too, or is named here.
    @Test func aPlanHasNoPartThatIsNotCompared() {
        let notCarriedOut: Set = ["schema", "id", "title", "selection", "createdAt"]
        let compared: Set = [
            "environments", "targets", "groups", "steps", "rollback", "order", "rooms", "apart", "limits",
            "pointOfNoReturn", "windows", "supersedes",
        ]
        let parts = Set(Mirror(reflecting: Self.plan()).children.compactMap(\.label))
        #expect(parts == notCarriedOut.union(compared))
    }

    @Test func whatIsTheSameOnSeveralResourcesIsSaidOnce() throws {
        let first = Self.plan()
        var second = first
        for index in second.steps.indices {
            guard case .changePackages(var transaction) = second.steps[index].action else { continue }
            transaction.changes[1].to = "3.0.18-1"
            second.steps[index].action = .changePackages(transaction: transaction)
        }
        let lines = Self.difference(first, second).lines()
        let line = try #require(lines.first { $0.contains("openssl amd64") })
        #expect(line.contains("3.0.17-1~deb12u2 → 3.0.18-1 instead of 3.0.17-1~deb12u2 → 3.0.17-1~deb12u3"))
        #expect(line.contains("17 more"))
        #expect(lines.count { $0.contains("openssl amd64") } == 1)
    }

    @Test func theJSONComesBackAsItWasWritten() throws {
        let difference = Self.difference(Self.plan(), Self.plan { $0.pools.removeLast() })
        let data = try CanonicalJSON.encode(difference)
        #expect(try CanonicalJSON.decode(PlanDifference.self, from: data) == difference)
    }

    struct Edit: Sendable, CustomTestStringConvertible {
        var name: String
        var kind: PlanDifference.Kind
        /// What else follows from it.
        var may: Set<PlanDifference.Kind> = []
        var says: String
        var change: @Sendable (inout Plan) -> Void
        var testDescription: String { name }
    }

    static let edits: [Edit] = [
        Edit(name: "a target more", kind: .target, may: [.group], says: "added (new-1)") {
            $0.targets.append(PlanTarget(resource: "new-1", address: .local, environment: "qa"))
        },
        Edit(name: "a target less", kind: .target, says: "no longer") { $0.targets.removeFirst() },
        Edit(name: "another address", kind: .target, says: "address") {
            $0.targets[0].address = .ssh("elsewhere", port: 2222)
        },
        Edit(name: "another environment", kind: .target, says: "environment") { $0.targets[0].environment = "dev" },
        Edit(name: "carries", kind: .target, says: "takes down with it") { $0.targets[0].carries = ["guest"] },
        Edit(name: "what is interrupted", kind: .target, says: "interrupts: guest on vm-1 (bound)") {
            $0.targets[0].interrupts = [
                InterruptedMachine(machine: "guest", resource: nil, host: "vm-1", because: "bound")
            ]
        },
        Edit(name: "what runs apart", kind: .group, says: "guest runs apart from") {
            $0.apart = [ApartMachine(machine: "guest", home: "vm-1", apartFrom: ["other"])]
        },
        Edit(name: "environments", kind: .environment, says: "production, qa instead of qa, production") {
            $0.environments.reverse()
        },
        Edit(name: "minimum", kind: .group, says: "minimum available: 0 instead of") {
            $0.groups[0].minimumAvailable = 0
        },
        Edit(name: "out at once", kind: .group, says: "out at once: 99") { $0.groups[0].maximumOut = 99 },
        Edit(name: "a member", kind: .group, says: "member") { $0.groups[0].members.removeLast() },
        Edit(name: "probes", kind: .group, says: "probes") {
            $0.groups[0].probes = [Probe(name: "x", check: .tcp(port: 1))]
        },
        Edit(name: "traffic", kind: .group, says: "traffic") {
            $0.groups[0].traffic = TrafficBinding(driver: "haproxy", via: "lb", endpoint: "/s", backend: "b")
        },
        Edit(name: "a group", kind: .group, says: "no longer") { $0.groups.removeFirst() },
        Edit(name: "a room", kind: .group, says: "room for machines") {
            $0.rooms = [HypervisorRoom(hypervisor: "vm-1", memoryMebibytes: 4_096, processors: 8)]
        },
        Edit(name: "parallel", kind: .limit, says: "steps at the same time") { $0.limits.parallelSteps += 1 },
        Edit(name: "budget", kind: .limit, says: "may fail") { $0.limits.failureBudget += 1 },
        Edit(name: "attempts", kind: .limit, says: "tries") { $0.limits.attempts += 1 },
        Edit(name: "quarantine", kind: .limit, says: "quarantine") { $0.limits.quarantineDeadlineSeconds += 1 },
        Edit(name: "a window", kind: .window, says: "added") {
            $0.windows = [TimeWindow(opensAt: $0.createdAt, closesAt: $0.createdAt.adding(seconds: 60))]
        },
        Edit(name: "a target's window", kind: .window, says: "instead of at any time") {
            $0.windows = [TimeWindow(opensAt: $0.createdAt, closesAt: $0.createdAt.adding(seconds: 60))]
            $0.targets[0].window = 0
        },
        Edit(name: "an order", kind: .order, says: "no longer") { $0.order.removeFirst() },
        Edit(name: "turns", kind: .order, says: "instead of") { $0.order[0].turns.reverse() },
        Edit(name: "the way back of an order", kind: .order, says: "the same way back") { $0.order[0].wayBack = .same },
        Edit(name: "a step less", kind: .step, may: [.version], says: "no longer") { $0.steps.removeFirst() },
        Edit(name: "a wave", kind: .step, says: "wave: 9 instead of") { $0.steps[0].wave = 9 },
        Edit(name: "waits", kind: .step, says: "waits for") { $0.steps[1].after = ["x"] },
        Edit(name: "an effect", kind: .step, says: "effect") { $0.steps[0].availability = .bringsBack },
        Edit(name: "a class", kind: .step, says: "way back: irreversible") {
            $0.steps[0].rollbackClass = .irreversible
        },
        Edit(name: "a timeout", kind: .duration, says: "counts as failed") { $0.steps[0].timeoutSeconds += 1 },
        Edit(name: "an estimate", kind: .duration, says: "95%") { $0.steps[0].estimate.p95Seconds += 1 },
        Edit(name: "an action", kind: .step, says: "reboot") { $0.steps[0].action = .reboot(condition: .always) },
        Edit(name: "what an action does", kind: .step, says: "what it does") {
            $0.steps[0].action = .preflight(
                expectation: HostExpectation(packages: [], noRebootPending: true), probes: [])
        },
        Edit(name: "the way back", kind: .wayBack, says: "no longer") { $0.rollback.removeLast() },
        Edit(name: "a run that is replaced", kind: .target, says: "run that is replaced: added") {
            $0.supersedes = Supersession(run: "run-7", sequence: 3, taken: [])
        },
        Edit(name: "no return", kind: .pointOfNoReturn, says: "qa-db-1/patch") { $0.pointOfNoReturn = "qa-db-1/patch" },
    ]
}
