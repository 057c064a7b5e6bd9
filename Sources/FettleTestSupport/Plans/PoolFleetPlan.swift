public import FettleModel

/// Builds plans over many pools in several environments, of the shape that the planner gives them: each pool in lanes behind its
/// canary and the bake that watches it, one environment after the other. As long as the fleet, for tests at scale.
public struct PoolFleetPlan: Sendable {
    public var environments: Int
    public var poolsInEach: Int
    public var poolSize: Int
    /// How many of a pool may be out.
    public var lanes: Int
    public var limits = PlanLimits()

    public init(environments: Int, poolsInEach: Int, poolSize: Int, lanes: Int) {
        self.environments = environments
        self.poolsInEach = poolsInEach
        self.poolSize = poolSize
        self.lanes = lanes
    }

    public func plan(id: PlanID = "plan-1") -> Plan {
        var plan = Plan(
            id: id, title: "a fleet", selection: StageReference(id: "selection-1", digest: Digest(rawValue: "00")),
            createdAt: Timestamp(milliseconds: 0), environments: [], targets: [], groups: [], steps: [], rollback: [],
            limits: limits)
        var phases: [[ResourceID]] = []
        for environment in 0..<environments {
            let name = EnvironmentID("env-\(environment)")
            plan.environments.append(name)
            phases.append([])
            for number in 0..<poolsInEach {
                let pool = GroupID("\(name)-pool-\(number)")
                let hosts = (0..<poolSize).map { ResourceID("\(pool)-host-\($0)") }
                phases[environment] += hosts
                add(pool, hosts, in: name, to: &plan)
            }
        }
        for group in plan.groups.reversed() {
            guard let traffic = group.traffic else { continue }
            for host in group.members.reversed() {
                plan.rollback += chain(host, group.id, traffic, isForward: false, bake: nil)
            }
        }
        plan.order.append(TurnOrder(reason: "environments", turns: phases))
        plan.order = plan.order.filter { $0.turns.count > 1 }
        return plan
    }

    private func add(_ pool: GroupID, _ hosts: [ResourceID], in environment: EnvironmentID, to plan: inout Plan) {
        let traffic = TrafficBinding(
            driver: "haproxy", via: "lb", endpoint: "/run/haproxy.sock", backend: pool.rawValue)
        plan.targets += hosts.map {
            PlanTarget(resource: $0, address: .ssh($0.rawValue), environment: environment)
        }
        plan.groups.append(
            PlannedGroup(
                id: pool, members: hosts.sorted(), minimumAvailable: hosts.count - lanes, maximumOut: lanes,
                traffic: traffic, probes: []))
        let (canary, others) = (hosts[0], hosts.dropFirst())
        let bake = StepID("\(pool)/bake")
        for host in hosts {
            plan.steps += chain(host, pool, traffic, isForward: true, bake: host == canary ? nil : bake)
            guard host == canary else { continue }
            plan.steps.append(
                Self.step(
                    bake, host, pool, .bake(seconds: 30, resources: [host], probes: []), .none,
                    after: [StepID("\(host)/restore")]))
        }
        plan.order.append(TurnOrder(reason: "group \(pool): canaries first", turns: [[canary], Array(others)]))
        for lane in 0..<lanes {
            let members = stride(from: others.startIndex + lane, to: others.endIndex, by: lanes).map { [others[$0]] }
            plan.order.append(
                TurnOrder(reason: "group \(pool): at most \(lanes) of \(hosts.count) out", turns: members))
        }
    }

    private func chain(
        _ host: ResourceID, _ pool: GroupID, _ traffic: TrafficBinding, isForward: Bool, bake: StepID?
    ) -> [Step] {
        let transaction = PackageTransaction(
            manager: .dpkg, purpose: isForward ? .patch : .rollback, changes: [], conffiles: .keepCurrent,
            downloadBytes: 0)
        let nothing = HostExpectation(packages: [])
        var chain: [(String, StepAction, AvailabilityEffect)] = [
            ("drain", .drain(traffic: traffic), .takesOut),
            (isForward ? "patch" : "return", .changePackages(transaction: transaction), .requiresOut),
            ("restart", .restartServices(except: []), .requiresOut),
            ("gate", .gate(probes: []), .requiresOut),
            ("verify", .verify(expectation: nothing), .requiresOut),
            ("restore", .restore(traffic: traffic), .bringsBack),
        ]
        if isForward {
            chain.insert(("preflight", .preflight(expectation: nothing, probes: []), .none), at: 0)
            chain.insert(("stage", .stage(transaction: transaction), .none), at: 1)
        }
        var last: [StepID] = []
        return chain.map { name, action, effect in
            let id = StepID("\(host)/\(isForward ? "" : "rollback/")\(name)")
            let others = effect == .takesOut ? [bake].compactMap { $0 } : []
            defer { last = [id] }
            return Self.step(
                id, host, pool, action, effect, after: (last + others).sorted(),
                compensates: name == "return" ? StepID("\(host)/patch") : nil)
        }
    }

    private static func step(
        _ id: StepID, _ host: ResourceID, _ pool: GroupID, _ action: StepAction, _ effect: AvailabilityEffect,
        after: [StepID], compensates: StepID? = nil
    ) -> Step {
        Step(
            id: id, resource: host, group: pool, wave: 0, action: action, after: after, availability: effect,
            rollbackClass: .exactVersions, compensates: compensates,
            estimate: DurationEstimate(medianSeconds: 20, p95Seconds: 60), timeoutSeconds: 120)
    }
}
