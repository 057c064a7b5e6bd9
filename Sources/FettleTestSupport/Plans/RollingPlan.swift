public import FettleModel

/// A rolling change of one pool, written out by hand: what a right plan looks like, for tests that then break it.
public enum RollingPlan {
    public static let transaction = PackageTransaction(
        manager: .dpkg, purpose: .patch,
        changes: [PackageChange(name: "openssl", architecture: "amd64", from: "1", to: "2")],
        conffiles: .keepCurrent, downloadBytes: 1)

    public static var back: PackageTransaction {
        var back = transaction
        back.purpose = .rollback
        back.changes = back.changes.map(\.reversed)
        return back
    }

    /// `size` members, `lanes` of them out at once at most, minimum `size - lanes`: in each lane one member after another.
    /// - Parameter restarting: members whose packages are right already and whose services still run the earlier code.
    public static func plan(
        size: Int, lanes: Int, reboot: Bool = false, restarting: Set<ResourceID> = []
    ) -> Plan {
        let members = (1...size).map { ResourceID("web-\($0)") }
        let steps = members.flatMap { member in
            restarting.contains(member) ? restart(member, prefix: "") : forward(member, reboot: reboot)
        }
        let rollback = members.reversed().flatMap { member in
            restarting.contains(member) ? restart(member, prefix: "rollback/") : wayBack(member)
        }
        let order = (0..<min(lanes, size)).map { lane in
            TurnOrder(
                reason: "group web: at most \(lanes) of \(size) out",
                turns: stride(from: lane, to: size, by: lanes).map { [members[$0]] })
        }
        let traffic = binding
        return Plan(
            id: "plan-1", title: "a pool", selection: StageReference(id: "s", digest: Digest(rawValue: "0")),
            createdAt: Timestamp(milliseconds: 0), environments: ["production"],
            targets: members.map {
                PlanTarget(resource: $0, address: .ssh($0.rawValue), environment: "production")
            },
            groups: [
                PlannedGroup(
                    id: "web", members: members, minimumAvailable: max(0, size - lanes), maximumOut: lanes,
                    traffic: traffic,
                    probes: [probe])
            ], steps: steps, rollback: rollback, order: order, limits: PlanLimits())
    }

    static let probe = Probe(name: "healthz", check: .tcp(port: 80))
    public static var traffic: TrafficBinding { binding }
    static let binding = TrafficBinding(driver: "haproxy", via: "lb-1", endpoint: "/s", backend: "web")

    private static func forward(_ member: ResourceID, reboot: Bool) -> [Step] {
        let transaction = Self.transaction
        var steps = [
            step(member, "preflight", .preflight(expectation: HostExpectation(packages: []), probes: []), after: []),
            step(member, "stage", .stage(transaction: transaction), after: ["preflight"]),
            step(member, "drain", .drain(traffic: binding), after: ["stage"], .takesOut),
            step(
                member, "patch", .changePackages(transaction: transaction), after: ["drain"], .requiresOut,
                .exactVersions),
        ]
        if reboot { steps.append(step(member, "reboot", .reboot(condition: .always), after: ["patch"], .requiresOut)) }
        steps.append(
            step(member, "gate", .gate(probes: [probe]), after: [reboot ? "reboot" : "patch"], .requiresOut))
        steps.append(step(member, "restore", .restore(traffic: binding), after: ["gate"], .bringsBack))
        return steps
    }

    private static func wayBack(_ member: ResourceID) -> [Step] {
        var steps = [
            step(member, "rollback/drain", .drain(traffic: binding), after: [], .takesOut),
            step(
                member, "rollback/return", .changePackages(transaction: back), after: ["rollback/drain"], .requiresOut),
            step(member, "rollback/gate", .gate(probes: [probe]), after: ["rollback/return"], .requiresOut),
            step(member, "rollback/restore", .restore(traffic: binding), after: ["rollback/gate"], .bringsBack),
        ]
        steps[1].compensates = StepID("\(member)/patch")
        return steps
    }

    private static func restart(_ member: ResourceID, prefix: String) -> [Step] {
        let (drain, restart, gate) = (prefix + "drain", prefix + "restart", prefix + "gate")
        return [
            step(member, drain, .drain(traffic: binding), after: [], .takesOut),
            step(member, restart, .restartServices(except: []), after: [drain], .requiresOut),
            step(member, gate, .gate(probes: [probe]), after: [restart], .requiresOut),
            step(member, prefix + "restore", .restore(traffic: binding), after: [gate], .bringsBack),
        ]
    }

    private static func step(
        _ member: ResourceID, _ name: String, _ action: StepAction, after: [String],
        _ availability: AvailabilityEffect = .none, _ rollbackClass: RollbackClass = .nothingToUndo
    ) -> Step {
        Step(
            id: StepID("\(member)/\(name)"), resource: member, group: "web", wave: 0, action: action,
            after: after.map { StepID("\(member)/\($0)") }, availability: availability, rollbackClass: rollbackClass,
            estimate: DurationEstimate(medianSeconds: 5, p95Seconds: 10), timeoutSeconds: 60)
    }
}

extension Plan {
    /// The plan after a change to one of its steps.
    public func changing(_ id: StepID, _ change: (inout Step) -> Void) -> Plan {
        var plan = self
        for index in plan.steps.indices where plan.steps[index].id == id { change(&plan.steps[index]) }
        for index in plan.rollback.indices where plan.rollback[index].id == id { change(&plan.rollback[index]) }
        return plan
    }

    /// The plan without a step; who waited for it waits for what it waited for.
    public func dropping(_ id: StepID) -> Plan {
        var plan = self
        func drop(_ steps: inout [Step]) {
            guard let dropped = steps.first(where: { $0.id == id }) else { return }
            steps.removeAll { $0.id == id }
            for index in steps.indices where steps[index].after.contains(id) {
                steps[index].after.removeAll { $0 == id }
                steps[index].after += dropped.after
            }
        }
        drop(&plan.steps)
        drop(&plan.rollback)
        return plan
    }
}
