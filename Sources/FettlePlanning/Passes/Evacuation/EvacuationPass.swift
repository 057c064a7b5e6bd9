import FettleModel

/// Pass 6: where the machines of each hypervisor are while it is out, so that they fit, and so that none is moved to a hypervisor
/// that goes out itself at the same time (cubecos#583).
///
/// A destination is a member of the same pool that is reachable and known by the facts, and that the plan does not take out, or
/// takes out in another turn. What several hypervisors that can be out at once bring to one destination is added up; of those that
/// never are, the largest counts. A machine's home is kept for it: nobody else is moved there before it is back.
struct EvacuationPass {
    /// By hypervisor; by machine.
    private(set) var moves: [ResourceID: [MachineMove]] = [:]
    /// By hypervisor: each that machines are moved to.
    private(set) var rooms: [HypervisorRoom] = []
    /// Rules of anti-affinity that the moves touch; nil if they touch none.
    private(set) var apart: [ApartMachine]?

    private let scene: EvacuationScene?
    /// Sources of the scene, solved together, whose machines do not all fit.
    private var failed: [[Int]] = []

    /// Passes 4 to 6: the orders, the layout, and where machines go. How many of a pool may be out at once is a limit and no demand:
    /// where the machines do not fit on those that stay, fewer go at once.
    static func arrange(
        _ line: HostOrder, _ groups: inout [GroupWork], _ groupOrder: GroupOrder, rules: [TurnOrder],
        _ index: PlanningIndex, parallelSteps: Int, notes: inout PlanNotes
    ) -> (WaveLayout, EvacuationPass) {
        while true {
            let orders = OrderPass(line, groups: groups, groupOrder, rules: rules, parallelSteps: parallelSteps).orders
            let layout = WaveLayout(line, orders)
            let pass = EvacuationPass(layout, index)
            guard pass.narrow(&groups) else {
                pass.tell(&notes)
                return (layout, pass)
            }
        }
    }

    private init(_ layout: WaveLayout, _ index: PlanningIndex) {
        guard layout.hosts.contains(where: { $0.residence?.staying.isEmpty == false || $0.isEmptied }) else {
            scene = nil
            return
        }
        let scene = EvacuationScene(layout, index)
        self.scene = scene
        var used: [ResourceID: PlacementProblem.Destination] = [:]
        for part in scene.parts() {
            let problem = scene.problem.keeping(part)
            guard case .placed(let places) = PlacementSearch.solve(problem) else {
                failed.append(part)
                continue
            }
            for (source, destinations) in zip(problem.sources, places) {
                for place in destinations { used[problem.destinations[place].id] = problem.destinations[place] }
                moves[source.id] = zip(source.machines, destinations).map { machine, destination in
                    MachineMove(
                        machine: machine.name, resource: machine.resource, from: source.id,
                        to: problem.destinations[destination].id, memoryMebibytes: machine.memory,
                        processors: machine.processors)
                }.sorted { $0.machine < $1.machine }
            }
        }
        rooms = used.sorted { $0.key < $1.key }.map { id, destination in
            HypervisorRoom(
                hypervisor: id, memoryMebibytes: destination.memory, processors: destination.processors)
        }
        apart = ApartRules(moves, index).machines
    }

    /// - Returns: whether a pool that did not fit can be tried once more with fewer out at once.
    private func narrow(_ groups: inout [GroupWork]) -> Bool {
        guard let scene, !failed.isEmpty else { return false }
        var isChanged = false
        for place in groups.indices {
            let pace = groups[place].carriers.isEmpty ? groups[place].maximumOut : groups[place].pace
            let stuck = failed.joined().map { scene.hosts[$0] }.filter {
                $0.residence?.pools.contains(groups[place].group.id) == true
            }
            guard pace > 1, !stuck.isEmpty else { continue }
            let fewer = (pace + 1) / 2
            groups[place].setPace(fewer)
            groups[place].reason +=
                "; \(pace) at once reduced to \(fewer), so that the machines of \(stuck.map(\.id).min() ?? "") fit on "
                + "those that stay"
            isChanged = true
        }
        return isChanged
    }

    private func tell(_ notes: inout PlanNotes) {
        guard let scene else { return }
        for part in failed { EvacuationRefusal(scene, part: part).tell(&notes) }
        warn(scene, notes: &notes)
    }

    /// What goes down is told before the run, not found out in it (harvester#11108).
    private func warn(_ scene: EvacuationScene, notes: inout PlanNotes) {
        for host in scene.hypervisors {
            let staying = host.residence?.staying ?? []
            guard !staying.isEmpty else { continue }
            let names = staying.prefix(5).map { "\($0.machine) (\($0.because))" }.joined(separator: ", ")
            let more = staying.count > 5 ? " and \(staying.count - 5) more" : ""
            notes.warn("\(host.id): not moved away, and down when it restarts: \(names)\(more)")
        }
    }

    /// Out first, then emptied; the machines are home before it counts as back. So one that is put back unchanged, because its
    /// machines could not all be moved, gets back those that were.
    func add(to extras: inout [ResourceID: ChainExtras], _ layout: WaveLayout, priors: DurationPriors) {
        for host in layout.hosts {
            guard host.isEmptied else { continue }
            // Where nothing is known to run it is looked all the same: somebody may have come since (I9).
            let moves = moves[host.id] ?? []
            let estimate = moves.isEmpty ? priors.verify : priors.move(moves)
            let group = host.residence?.pools.first
            let leastTimeout = leastTimeout(moves, host, group)
            let away = ExtraStep(
                name: "evacuate",
                action: .evacuate(moves: moves, staying: host.residence?.staying(on: host.id)),
                availability: .requiresOut, estimate: estimate, group: group,
                leastTimeout: leastTimeout)
            extras[host.id, default: ChainExtras()].forward.afterOut.append(away)
            extras[host.id, default: ChainExtras()].back.afterOut.append(away)
            // Even without a machine of its own it takes others again only by this.
            let home = ExtraStep(
                name: "bring-home", action: .bringHome(moves: moves.map(\.reversed)), availability: .bringsBack,
                estimate: estimate, group: group, leastTimeout: max(leastTimeout, Self.leastHomecomingSeconds))
            extras[host.id, default: ChainExtras()].forward.beforeBack.append(home)
            extras[host.id, default: ChainExtras()].back.beforeBack.append(home)
        }
    }

    /// Every move may take all of the time that its pool allows, and a minute besides; otherwise the step would end before the time
    /// limit of a move does, and the move would go on by itself.
    private func leastTimeout(_ moves: [MachineMove], _ host: HostWork, _ group: GroupID?) -> Int {
        guard !moves.isEmpty else { return 0 }
        let rules = host.groups.first { $0.id == group }?.machines
        let limit = min(max(1, (rules ?? MachineRules(driver: "")).timeLimitSeconds), Self.longestSeconds)
        return min(moves.count * (limit + 60) + 60, Self.longestSeconds)
    }

    /// Also without a move home it takes minutes until what manages a pool sees a hypervisor that has restarted, and until what went
    /// down with it runs again.
    private static let leastHomecomingSeconds = 900
    /// What a plan may say of any step: a year.
    private static let longestSeconds = 31_536_000
}
