public import FettleModel

/// Three hypervisors of which two are restarted, one after the other, written out by hand: `mail` (8 GiB) and `build` (2 GiB) go
/// from node-1 to node-3 and node-2, `files` (8 GiB) from node-2 to node-3; `video` stays on node-2 and goes down with it; `mail` is
/// restarted itself, before node-1 is. Every room is just large enough. `mail` must run beside neither `files` nor `video`.
public enum EvacuationPlan {
    public static let mail = move("mail", from: "node-1", to: "node-3", gibibytes: 8, resource: "mail")
    public static let build = move("build", from: "node-1", to: "node-2", gibibytes: 2)
    public static let files = move("files", from: "node-2", to: "node-3", gibibytes: 8, resource: "files")

    public static let video = InterruptedMachine(
        machine: "video", resource: "video", host: "node-2", because: "a graphics card is passed through to it")

    public static func move(
        _ machine: String, from: ResourceID, to: ResourceID, gibibytes: Int, resource: ResourceID? = nil
    ) -> MachineMove {
        MachineMove(
            machine: machine, resource: resource, from: from, to: to, memoryMebibytes: gibibytes * 1024,
            processors: gibibytes)
    }

    public static func plan() -> Plan {
        let chains: [(ResourceID, [MachineMove])] = [("mail", []), ("node-1", [mail, build]), ("node-2", [files])]
        return Plan(
            id: "plan-1", title: "hypervisors", selection: StageReference(id: "s", digest: Digest(rawValue: "0")),
            createdAt: Timestamp(milliseconds: 0), environments: ["production"],
            targets: chains.map { resource, _ in
                PlanTarget(
                    resource: resource, address: .ssh(resource.rawValue), environment: "production",
                    carries: resource == "node-2" ? ["video"] : [],
                    interrupts: resource == "node-2" ? [video] : nil)
            },
            groups: [
                PlannedGroup(
                    id: "compute", members: ["node-1", "node-2", "node-3"], minimumAvailable: 2, maximumOut: 1,
                    traffic: nil, probes: []),
                PlannedGroup(
                    id: "screens", members: ["mail", "video"], minimumAvailable: 1, maximumOut: 1, traffic: nil,
                    probes: []),
            ],
            steps: chains.flatMap { chain($0, prefix: "", $1) },
            rollback: chains.reversed().flatMap { chain($0, prefix: "rollback/", $1) },
            order: [
                TurnOrder(reason: "group compute: at most 1 of 3 out", turns: [["node-1"], ["node-2"]]),
                TurnOrder(reason: "group screens: at most 1 of 2 out", turns: [["mail"], ["node-2"]]),
                TurnOrder(reason: "node-1 and the machines on it", turns: [["mail"], ["node-1"]]),
            ],
            rooms: [
                HypervisorRoom(hypervisor: "node-2", memoryMebibytes: 2 * 1024, processors: 2),
                HypervisorRoom(hypervisor: "node-3", memoryMebibytes: 8 * 1024, processors: 8),
            ],
            apart: [
                ApartMachine(machine: "mail", home: "node-1", apartFrom: ["files", "video"]),
                ApartMachine(machine: "files", home: "node-2", apartFrom: []),
                ApartMachine(machine: "video", home: "node-2", apartFrom: []),
            ], limits: PlanLimits())
    }

    private static func chain(_ resource: ResourceID, prefix: String, _ moves: [MachineMove]) -> [Step] {
        var actions: [(String, StepAction, AvailabilityEffect)] = [("take-out", .takeOut, .takesOut)]
        let staying = resource == "node-2" ? ["video"] : nil
        if !moves.isEmpty { actions.append(("evacuate", .evacuate(moves: moves, staying: staying), .requiresOut)) }
        actions.append(("restart", .restartServices(except: []), .requiresOut))
        actions.append(("gate", .gate(probes: [Probe(name: "healthz", check: .tcp(port: 80))]), .requiresOut))
        if !moves.isEmpty {
            actions.append(("bring-home", .bringHome(moves: moves.map(\.reversed)), .bringsBack))
        }
        actions.append(("bring-back", .bringBack, .bringsBack))
        var steps: [Step] = []
        for (name, action, availability) in actions {
            steps.append(
                Step(
                    id: StepID("\(resource)/\(prefix)\(name)"), resource: resource, wave: 0, action: action,
                    after: steps.last.map { [$0.id] } ?? [], availability: availability,
                    rollbackClass: .nothingToUndo,
                    estimate: DurationEstimate(medianSeconds: 5, p95Seconds: 10), timeoutSeconds: 60))
        }
        return steps
    }
}

extension Plan {
    /// The plan in which a hypervisor moves other machines, on both ways, away and home again.
    public func moving(_ hypervisor: ResourceID, _ moves: [MachineMove]) -> Plan {
        func changed(_ steps: [Step]) -> [Step] {
            steps.map { step in
                var step = step
                guard step.resource == hypervisor else { return step }
                switch step.action {
                case .evacuate(_, let staying): step.action = .evacuate(moves: moves, staying: staying)
                case .bringHome: step.action = .bringHome(moves: moves.map(\.reversed))
                default: break
                }
                return step
            }
        }
        var plan = self
        plan.steps = changed(steps)
        plan.rollback = changed(rollback)
        return plan
    }
}
