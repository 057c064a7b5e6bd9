public import FettleModel

/// A right plan for a fleet of any size: pools of equal size, spread over environments that follow each other; in each pool a
/// canary that is watched, then lanes. A host has 9 steps forward and 7 back, as a host that may have to be rebooted has.
public struct FleetPlan: Sendable {
    public var groups: Int
    /// Members of a group, and how many of them may be out at once.
    public var size: Int
    public var lanes: Int
    /// At most as many as groups.
    public var environments: Int
    /// The first of each environment's windows opens when the one before has closed; nil: no windows.
    public var windowSeconds: Int?
    public var parallelSteps = 20

    public init(groups: Int, size: Int = 20, lanes: Int = 2, environments: Int = 4) {
        self.groups = groups
        self.size = size
        self.lanes = lanes
        self.environments = environments
    }

    public func plan() -> Plan {
        var plan = Plan(
            id: "fleet", title: "a fleet", selection: StageReference(id: "s", digest: Digest(rawValue: "0")),
            createdAt: Timestamp(milliseconds: 0), environments: (0..<environments).map(environment), targets: [],
            groups: [], steps: [], rollback: [], limits: PlanLimits(parallelSteps: parallelSteps))
        plan.steps.reserveCapacity(groups * (size * 9 + 1))
        plan.rollback.reserveCapacity(groups * size * 7)
        for group in 0..<groups { add(group, to: &plan) }
        plan.rollback.reverse()
        addEnvironments(to: &plan)
        if let windowSeconds {
            plan.windows = (0..<environments).map { place in
                let opensAt = Timestamp(milliseconds: 0).adding(seconds: place * windowSeconds)
                return TimeWindow(opensAt: opensAt, closesAt: opensAt.adding(seconds: windowSeconds))
            }
        }
        return plan
    }

    private func environment(_ place: Int) -> EnvironmentID { EnvironmentID("environment-\(place + 1)") }
    private func place(of group: Int) -> Int { group * environments / groups }

    private func add(_ number: Int, to plan: inout Plan) {
        let group = GroupID("pool-\(number + 1)")
        let members = (0..<size).map { ResourceID("pool-\(number + 1)-host-\($0 + 1)") }
        let traffic = TrafficBinding(
            driver: "haproxy", via: "balancer-1", endpoint: "/run/haproxy.sock", backend: group.rawValue)
        let bake = StepID("\(group)/bake")
        for (place, member) in members.enumerated() {
            plan.targets.append(
                PlanTarget(
                    resource: member, address: .ssh(member.rawValue), environment: environment(self.place(of: number)),
                    window: windowSeconds.map { _ in self.place(of: number) }))
            var host = HostSteps(host: member, group: group, traffic: traffic)
            host.goForward(waitingFor: place == 0 ? nil : bake)
            plan.steps += host.steps
            if place == 0 { plan.steps.append(host.bake(named: bake)) }
            host = HostSteps(host: member, group: group, traffic: traffic)
            host.goBack()
            plan.rollback += host.steps.reversed()
        }
        plan.groups.append(
            PlannedGroup(
                id: group, members: members.sorted(), minimumAvailable: max(0, size - lanes), maximumOut: lanes,
                traffic: traffic, probes: [HostSteps.probe]))
        let others = members.dropFirst()
        for lane in 0..<lanes {
            let turns = stride(from: 1 + lane, to: size, by: lanes).map { [members[$0]] }
            guard turns.count > 1 else { continue }
            plan.order.append(TurnOrder(reason: "group \(group): at most \(lanes) of \(size) out", turns: turns))
        }
        guard size > 1 else { return }
        plan.order.append(TurnOrder(reason: "group \(group): canary first", turns: [[members[0]], Array(others)]))
    }

    private func addEnvironments(to plan: inout Plan) {
        guard environments > 1 else { return }
        var turns = [[ResourceID]](repeating: [], count: environments)
        for (place, target) in plan.targets.enumerated() { turns[self.place(of: place / size)].append(target.resource) }
        plan.order.append(TurnOrder(reason: "environments follow each other", turns: turns))
    }
}

/// The chain of one host.
private struct HostSteps {
    let host: ResourceID
    let group: GroupID
    let traffic: TrafficBinding
    private(set) var steps: [Step] = []

    static let probe = Probe(name: "healthz", check: .tcp(port: 80))
    private static let transaction = PackageTransaction(
        manager: .dpkg, purpose: .patch,
        changes: [
            PackageChange(name: "libssl3", architecture: "amd64", from: "3.0.11-1", to: "3.0.13-1"),
            PackageChange(name: "openssl", architecture: "amd64", from: "3.0.11-1", to: "3.0.13-1"),
        ], conffiles: .keepCurrent, downloadBytes: 1_500_000)
    private static let reverse: PackageTransaction = {
        var reverse = transaction
        reverse.purpose = .rollback
        reverse.changes = reverse.changes.map(\.reversed)
        reverse.downloadBytes = 0
        return reverse
    }()
    private static let patched = HostExpectation(
        packages: [PackageVersion(name: "openssl", architecture: "amd64", version: "3.0.13-1")])
    private static let returned = HostExpectation(
        packages: [PackageVersion(name: "openssl", architecture: "amd64", version: "3.0.11-1")])

    init(host: ResourceID, group: GroupID, traffic: TrafficBinding) {
        self.host = host
        self.group = group
        self.traffic = traffic
    }

    mutating func goForward(waitingFor bake: StepID?) {
        add("preflight", .preflight(expectation: HostExpectation(packages: []), probes: []), .none, 10)
        add("stage", .stage(transaction: Self.transaction), .none, 30)
        add("drain", .drain(traffic: traffic), .takesOut, 60)
        if let bake { steps[steps.count - 1].after = (steps[steps.count - 1].after + [bake]).sorted() }
        add("patch", .changePackages(transaction: Self.transaction), .requiresOut, 60)
        steps[steps.count - 1].rollbackClass = .exactVersions
        finish(prefix: "")
    }

    mutating func goBack() {
        add("rollback/drain", .drain(traffic: traffic), .takesOut, 60)
        add("rollback/return", .changePackages(transaction: Self.reverse), .requiresOut, 60)
        steps[steps.count - 1].compensates = StepID("\(host)/patch")
        finish(prefix: "rollback/")
    }

    private mutating func finish(prefix: String) {
        add(prefix + "restart", .restartServices(except: []), .requiresOut, 20)
        add(prefix + "reboot", .reboot(condition: .ifRequired), .requiresOut, 120)
        add(prefix + "gate", .gate(probes: [Self.probe]), .requiresOut, 30)
        let expectation = prefix.isEmpty ? Self.patched : Self.returned
        add(prefix + "verify", .verify(expectation: expectation), .requiresOut, 10)
        add(prefix + "restore", .restore(traffic: traffic), .bringsBack, 10)
    }

    func bake(named name: StepID) -> Step {
        step(name, .bake(seconds: 60, resources: [host], probes: [Self.probe]), .none, 90, after: "restore")
    }

    private mutating func add(_ name: String, _ action: StepAction, _ availability: AvailabilityEffect, _ p95: Int) {
        var step = step(StepID("\(host)/\(name)"), action, availability, p95, after: nil)
        if let last = steps.last { step.after = [last.id] }
        steps.append(step)
    }

    private func step(
        _ id: StepID, _ action: StepAction, _ availability: AvailabilityEffect, _ p95: Int, after name: String?
    ) -> Step {
        Step(
            id: id, resource: host, group: group, wave: 0, action: action,
            after: name.map { [StepID("\(host)/\($0)")] } ?? [], availability: availability,
            rollbackClass: .nothingToUndo,
            estimate: DurationEstimate(medianSeconds: p95 / 2, p95Seconds: p95), timeoutSeconds: 2 * p95)
    }
}
