public import FettleModel

/// Right plans of the strategies that concern several hosts at once, written out by hand: for tests that then break
/// them.
public enum StrategyPlans {
    public static let probe = Probe(name: "healthz", check: .tcp(port: 80))
    public static let traffic = TrafficBinding(driver: "haproxy", via: "lb-1", endpoint: "/s", backend: "web")
    public static let blue: [ResourceID] = ["blue-1", "blue-2"]
    public static let green: [ResourceID] = ["green-1", "green-2"]

    // MARK: Blue-green

    /// Blue serves; green is changed, takes the traffic and is watched; then blue is changed as well, or retired.
    public static func blueGreen(retires: Bool = false) -> Plan {
        let turn = TrafficSwitch(group: "web", traffic: traffic, from: blue, to: green, probes: [probe])
        var seen = turn
        (seen.from, seen.to) = ([], blue)
        var steps = [step("green-1", "web/serving", .switchTraffic(turn: seen), group: "web")]
        for host in green { steps += forward(host, waiting: ["web/serving"]) }
        let ends = green.map { StepID("\($0)/bring-back") }
        steps.append(
            step("green-1", "web/switch", .switchTraffic(turn: turn), after: ends + ["web/serving"], group: "web"))
        let bake = StepAction.bake(seconds: 60, resources: green, probes: [probe])
        steps.append(step("green-1", "web/bake", bake, after: ends + ["web/switch"], group: "web"))
        var rollback: [Step] = []
        if retires {
            for host in blue {
                var retire = step(host, StepID("\(host)/retire"), .retire, after: ["web/bake"])
                retire.rollbackClass = .irreversible
                steps.append(retire)
            }
        } else {
            for host in blue { steps += forward(host, waiting: ["web/bake"]) }
            for host in blue.reversed() { rollback += wayBack(host, waiting: []) }
        }
        var back = step(
            "green-1", "web/rollback/switch", .switchTraffic(turn: turn.reversed),
            after: retires ? [] : blue.map { StepID("\($0)/rollback/bring-back") }, group: "web")
        back.compensates = "web/switch"
        rollback.append(back)
        for host in green.reversed() { rollback += wayBack(host, waiting: ["web/rollback/switch"]) }
        var plan = plan(
            targets: blue + green, [group("web", blue + green, minimum: 2, most: 2, traffic: traffic)], steps, rollback)
        plan.order = retires ? [] : [TurnOrder(reason: "group web: green, then blue", turns: [green, blue])]
        plan.pointOfNoReturn = retires ? "blue-1/retire" : nil
        return plan
    }

    // MARK: Through a controller

    public static let nodes: [ResourceID] = ["node-1", "node-2", "node-3"]

    /// A manager takes three nodes through, one of them out at a time; two of them are in another group, with a host of
    /// which nobody is the manager.
    public static func throughController() -> Plan {
        let upgrade = ControllerUpgrade(
            cluster: "nodes", members: nodes, atOnce: 1, transaction: patch, stallSeconds: 600)
        var back = upgrade
        back.transaction = RollingPlan.back
        var steps = nodes.map {
            step($0, StepID("\($0)/preflight"), .preflight(expectation: versions("1"), probes: []))
        }
        steps.append(step("manager", "manager/stage", .stage(transaction: patch)))
        steps.append(step("manager", "manager/take-out", .takeOut, after: ["manager/stage"], .takesOut))
        steps.append(
            step(
                "manager", "manager/upgrade", .upgradeThroughController(upgrade: upgrade),
                after: ["manager/take-out"] + nodes.map { StepID("\($0)/preflight") }, .requiresOut,
                rollback: .exactVersions))
        for node in nodes {
            steps.append(
                step(
                    node, StepID("\(node)/verify"), .verify(expectation: versions("2")),
                    after: ["manager/upgrade", StepID("\(node)/preflight")]))
        }
        steps.append(
            step(
                "manager", "nodes/bake", .bake(seconds: 0, resources: nodes, probes: [probe]),
                after: nodes.map { StepID("\($0)/verify") }, group: "nodes"))
        steps.append(
            step("manager", "manager/bring-back", .bringBack, after: ["manager/upgrade", "nodes/bake"], .bringsBack))
        steps += forward("single", waiting: [])
        var rollback = wayBack("single", waiting: [])
        rollback.append(step("manager", "manager/rollback/take-out", .takeOut, .takesOut))
        var returned = step(
            "manager", "manager/rollback/upgrade", .upgradeThroughController(upgrade: back),
            after: ["manager/rollback/take-out"], .requiresOut)
        returned.compensates = "manager/upgrade"
        rollback.append(returned)
        rollback.append(
            step("manager", "manager/rollback/bring-back", .bringBack, after: ["manager/rollback/upgrade"], .bringsBack)
        )
        var plan = plan(
            targets: nodes + ["manager", "single"],
            [
                group("across", ["node-1", "node-2", "single"], minimum: 2, most: 1),
                group("nodes", nodes, minimum: 2, most: 1),
            ], steps, rollback)
        plan.order = [TurnOrder(reason: "group across: one after the other", turns: [["manager"], ["single"]])]
        return plan
    }

    // MARK: Replaced by an image

    /// Two members that are started anew from version 2 of an image.
    public static func replaced() -> Plan {
        let members: [ResourceID] = ["web-1", "web-2"]
        let there = ImageReplacement(image: "base", from: "1", to: "2")
        let build = ImageBuild(image: "base", version: "2", from: "1", transaction: patch, probes: [probe])
        var steps = [step("web-1", "web/build", .buildImage(build: build), group: "web")]
        var rollback: [Step] = []
        for host in members {
            steps += outage(host, "", .replaceImage(replacement: there), named: "replace", waiting: ["web/build"])
            steps[steps.count - 3].rollbackClass = .imageSwap
        }
        for host in members.reversed() {
            rollback += outage(
                host, "rollback/", .replaceImage(replacement: there.reversed), named: "replace", waiting: [])
            rollback[rollback.count - 3].compensates = StepID("\(host)/replace")
        }
        var plan = plan(targets: members, [group("web", members, minimum: 1, most: 1)], steps, rollback)
        plan.order = [TurnOrder(reason: "group web: one at a time", turns: [["web-1"], ["web-2"]])]
        return plan
    }

    /// Two virtual machines that are made anew from an image of the catalogue; the ones before them are kept, and then removed.
    public static func remade() -> Plan {
        let members: [ResourceID] = ["web-1", "web-2"]
        func there(_ number: Int) -> ImageReplacement {
            let machine = ReplacedMachine(
                driver: "libvirt", hypervisor: "hv-1", address: .ssh("hv-1"), name: "web-\(number)",
                uuid: "00000000-0000-4000-8000-00000000000\(number)", images: "/srv/images", version: "image-2",
                digest: Digest(rawValue: String(repeating: "ab", count: 32)))
            return ImageReplacement(image: "base", from: "as it is", to: "image-2", machine: machine)
        }
        var steps: [Step] = []
        var rollback: [Step] = []
        for (place, host) in members.enumerated() {
            steps += outage(host, "", .replaceImage(replacement: there(place + 1)), named: "replace", waiting: [])
            steps[steps.count - 3].rollbackClass = .imageSwap
        }
        let keep = step(
            "web-1", "web/keep", .bake(seconds: 60, resources: members, probes: [probe]),
            after: members.map { StepID("\($0)/bring-back") }, group: "web")
        steps.append(keep)
        for (place, host) in members.enumerated() {
            guard let machine = there(place + 1).machine else { continue }
            steps.append(
                step(
                    host, StepID("web/discard-\(host)"), .discardKept(machine: machine),
                    after: members.map { StepID("\($0)/bring-back") } + [keep.id], group: "web",
                    rollback: .irreversible))
        }
        for (place, host) in members.enumerated().reversed() {
            rollback += outage(
                host, "rollback/", .replaceImage(replacement: there(place + 1).reversed), named: "replace",
                waiting: [])
            rollback[rollback.count - 3].compensates = StepID("\(host)/replace")
        }
        var plan = plan(targets: members, [group("web", members, minimum: 1, most: 1)], steps, rollback)
        plan.order = [TurnOrder(reason: "group web: one at a time", turns: [["web-1"], ["web-2"]])]
        plan.pointOfNoReturn = "web/discard-web-1"
        return plan
    }

    // MARK: Pieces

    static let patch = RollingPlan.transaction

    private static func versions(_ version: String) -> HostExpectation {
        HostExpectation(packages: [PackageVersion(name: "openssl", architecture: "amd64", version: version)])
    }

    private static func forward(_ host: ResourceID, waiting: [StepID]) -> [Step] {
        let stage = step(host, StepID("\(host)/stage"), .stage(transaction: patch))
        var steps = [stage] + outage(host, "", .changePackages(transaction: patch), named: "patch", waiting: waiting)
        steps[1].after = (steps[1].after + [stage.id]).sorted()
        steps[2].rollbackClass = .exactVersions
        return steps
    }

    private static func wayBack(_ host: ResourceID, waiting: [StepID]) -> [Step] {
        var steps = outage(
            host, "rollback/", .changePackages(transaction: RollingPlan.back), named: "return", waiting: waiting)
        steps[1].compensates = StepID("\(host)/patch")
        return steps
    }

    /// take-out, the change, gate, bring-back.
    static func outage(
        _ host: ResourceID, _ prefix: String, _ change: StepAction, named name: String, waiting: [StepID]
    ) -> [Step] {
        let id = { (name: String) in StepID("\(host)/\(prefix)\(name)") }
        return [
            step(host, id("take-out"), .takeOut, after: waiting, .takesOut),
            step(host, id(name), change, after: [id("take-out")], .requiresOut),
            step(host, id("gate"), .gate(probes: [probe]), after: [id(name)], .requiresOut),
            step(host, id("bring-back"), .bringBack, after: [id("gate")], .bringsBack),
        ]
    }

    static func step(
        _ host: ResourceID, _ id: StepID, _ action: StepAction, after: [StepID] = [],
        _ availability: AvailabilityEffect = .none, group: GroupID? = nil, rollback: RollbackClass = .nothingToUndo
    ) -> Step {
        Step(
            id: id, resource: host, group: group, wave: 0, action: action, after: after.sorted(),
            availability: availability, rollbackClass: rollback,
            estimate: DurationEstimate(medianSeconds: 5, p95Seconds: 10), timeoutSeconds: 60)
    }

    static func group(
        _ id: GroupID, _ members: [ResourceID], minimum: Int, most: Int, traffic: TrafficBinding? = nil
    ) -> PlannedGroup {
        PlannedGroup(
            id: id, members: members.sorted(), minimumAvailable: minimum, maximumOut: most, traffic: traffic,
            probes: [probe])
    }

    static func plan(
        targets: [ResourceID], _ groups: [PlannedGroup], _ steps: [Step], _ rollback: [Step]
    ) -> Plan {
        Plan(
            id: "plan-1", title: "a strategy", selection: StageReference(id: "s", digest: Digest(rawValue: "0")),
            createdAt: Timestamp(milliseconds: 0), environments: ["production"],
            targets: targets.sorted().map {
                PlanTarget(resource: $0, address: .ssh($0.rawValue), environment: "production")
            },
            groups: groups, steps: steps, rollback: rollback, limits: PlanLimits())
    }
}
