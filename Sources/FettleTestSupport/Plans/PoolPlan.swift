public import FettleModel

/// Builds plans over one or two pools, of the shape that the planner gives them: preflight, drain, patch, restart, gate,
/// verify, restore for each host, wave after wave by an order of turns, a bake after the canary, and the way back.
public struct PoolPlan: Sendable {
    /// Hosts in each wave; they are named `web-1`, `web-2` and so on.
    public var waves: [Int]
    /// The pool also goes in so many lanes, each host after the one before it in its lane, as the planner orders a pool of which so
    /// many may be out; nil: only wave after wave.
    public var lanes: Int?
    /// Hosts whose packages are right already and whose services still run the earlier code.
    public var restarting: Set<ResourceID> = []
    /// Members that the plan doesn't touch.
    public var bystanders = 0
    public var minimumAvailable: Int
    public var maximumOut = 1
    public var bakes = true
    public var reboots = false
    /// Every host serves in two pools, and so is drained and restored twice.
    public var hasSecondPool = false
    public var hasWayBack = true
    public var limits = PlanLimits(parallelSteps: 8, failureBudget: 0, attempts: 3)
    public var window: TimeWindow?
    public var timeoutSeconds = 60

    public init(waves: [Int], minimumAvailable: Int) {
        self.waves = waves
        self.minimumAvailable = minimumAvailable
    }

    public var hosts: [ResourceID] { (0..<waves.reduce(0, +)).map { ResourceID("web-\($0 + 1)") } }
    public var members: [ResourceID] { hosts + (0..<bystanders).map { ResourceID("idle-\($0 + 1)") } }

    public func plan(id: PlanID = "plan-1") -> Plan {
        var steps: [Step] = []
        var rollback: [Step] = []
        var bake: StepID?
        var turns: [[ResourceID]] = []
        var remaining = hosts[...]
        for (wave, size) in waves.enumerated() {
            let members = Array(remaining.prefix(size))
            remaining = remaining.dropFirst(size)
            turns.append(members)
            for host in members {
                steps += forward(host, wave: wave, after: bake.map { [$0] } ?? [])
                if hasWayBack { rollback += wayBack(host, wave: wave) }
            }
            if bakes, wave == 0, let first = members.first {
                let name = StepID("wave-0/bake")
                let ends = members.map { StepID("\($0)/\(hasSecondPool ? "restore-api" : "restore")") }
                steps.append(
                    step(name, first, wave: wave, .bake(seconds: 1, resources: members, probes: []), after: ends))
                bake = name
            }
        }
        return Plan(
            id: id, title: "a pool", selection: StageReference(id: "selection-1", digest: Digest(rawValue: "00")),
            createdAt: Timestamp(milliseconds: 0), environments: ["production"],
            targets: hosts.map {
                PlanTarget(
                    resource: $0, address: ResourceAddress(transport: .ssh, host: $0.rawValue),
                    environment: "production", window: window == nil ? nil : 0)
            },
            groups: pools.map { pool in
                PlannedGroup(
                    id: pool, members: members.sorted(), minimumAvailable: minimumAvailable, maximumOut: maximumOut,
                    traffic: Self.traffic(of: pool), probes: [])
            },
            steps: steps, rollback: rollback, order: orders(of: turns), limits: limits,
            windows: window.map { [$0] } ?? [])
    }

    private func orders(of waves: [[ResourceID]]) -> [TurnOrder] {
        let whole = TurnOrder(reason: "pool web: wave after wave", turns: waves.filter { !$0.isEmpty })
        let count = lanes ?? 0
        let lanes = (0..<count).map { lane in
            TurnOrder(
                reason: "pool web: at most \(count) of \(members.count) out",
                turns: stride(from: lane, to: hosts.count, by: count).map { [hosts[$0]] })
        }
        return ([whole] + lanes).filter { $0.turns.count > 1 }
    }

    public var pools: [GroupID] { hasSecondPool ? ["api", "web"] : ["web"] }

    public static func traffic(of pool: GroupID) -> TrafficBinding {
        TrafficBinding(driver: "haproxy", via: "lb", endpoint: "/run/haproxy.sock", backend: pool.rawValue)
    }

    private func forward(_ host: ResourceID, wave: Int, after: [StepID]) -> [Step] {
        let preflight = StepID("\(host)/preflight")
        let first = step(preflight, host, wave: wave, .preflight(expectation: Self.nothing, probes: []), after: after)
        return [first] + chain(host, prefix: "\(host)", wave: wave, purpose: .patch, after: [preflight])
    }

    private func wayBack(_ host: ResourceID, wave: Int) -> [Step] {
        chain(host, prefix: "\(host)/rollback", wave: wave, purpose: .rollback, after: [])
    }

    private func chain(
        _ host: ResourceID, prefix: String, wave: Int, purpose: PackageTransaction.Purpose, after: [StepID]
    ) -> [Step] {
        var steps: [Step] = []
        var last = after
        func add(
            _ name: String, _ action: StepAction, _ availability: AvailabilityEffect, compensates: StepID? = nil
        ) {
            let id = StepID("\(prefix)/\(name)")
            steps.append(
                step(
                    id, host, wave: wave, action, after: last, availability: availability, compensates: compensates))
            last = [id]
        }
        for pool in pools {
            add(pools.count == 1 ? "drain" : "drain-\(pool)", .drain(traffic: Self.traffic(of: pool)), .takesOut)
        }
        let isForward = purpose == .patch
        if !restarting.contains(host) {
            add(
                isForward ? "patch" : "return", .changePackages(transaction: Self.transaction(purpose)), .requiresOut,
                compensates: isForward ? nil : StepID("\(host)/patch"))
        }
        add("restart", .restartServices(except: []), .requiresOut)
        if reboots { add("reboot", .reboot(condition: .ifRequired), .requiresOut) }
        add("gate", .gate(probes: []), .requiresOut)
        add("verify", .verify(expectation: Self.nothing), .requiresOut)
        for pool in pools.reversed() {
            add(
                pools.count == 1 ? "restore" : "restore-\(pool)", .restore(traffic: Self.traffic(of: pool)), .bringsBack
            )
        }
        return steps
    }

    private func step(
        _ id: StepID, _ host: ResourceID, wave: Int, _ action: StepAction, after: [StepID],
        availability: AvailabilityEffect = .none, compensates: StepID? = nil
    ) -> Step {
        Step(
            id: id, resource: host, group: "web", wave: wave, action: action, after: after.sorted(),
            availability: availability, rollbackClass: .exactVersions, compensates: compensates,
            estimate: DurationEstimate(medianSeconds: 5, p95Seconds: 10), timeoutSeconds: timeoutSeconds)
    }

    private static let nothing = HostExpectation(packages: [])

    private static func transaction(_ purpose: PackageTransaction.Purpose) -> PackageTransaction {
        PackageTransaction(manager: .dpkg, purpose: purpose, changes: [], conffiles: .keepCurrent, downloadBytes: 0)
    }
}
