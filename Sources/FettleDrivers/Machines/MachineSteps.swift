import FettleDriverKit
import FettleModel

/// What is the same of a hypervisor that is emptied and filled again, whichever product moves its machines.
extension Step {
    func evacuation() throws(StepFailure) -> (moves: [MachineMove], staying: [String]) {
        guard case .evacuate(let moves, let staying) = action else {
            throw StepFailure(code: .internal, message: "\(id) empties no hypervisor")
        }
        return (moves, staying ?? [])
    }

    func homecoming() throws(StepFailure) -> [MachineMove] {
        guard case .bringHome(let moves) = action else {
            throw StepFailure(code: .internal, message: "\(id) brings nothing home")
        }
        return moves
    }

    /// What runs there and is not in the plan would go down with the hypervisor.
    func refuseStrangers(_ running: [String], besides moves: [MachineMove], _ staying: [String]) throws(StepFailure) {
        let known = Set(moves.map(\.machine) + staying)
        let strangers = running.filter { !known.contains($0) }
        guard strangers.isEmpty else {
            throw StepFailure(
                code: .drift,
                message: "\(PackageWords.list(strangers)) runs on \(resource), and the plan knows nothing of it")
        }
    }

    /// Machines that the plan has left on the hypervisor, to go down with it, and that ran until it was emptied: one that its owner had
    /// shut off since the plan was made stays shut off.
    func wentDown(of ran: Set<String>, in plan: Plan) -> [String] {
        (plan.target(resource)?.interrupts ?? []).filter { $0.host == resource }.map(\.machine)
            .filter(ran.contains).sorted()
    }

    /// A machine that ran when the plan was made and is shut off now has not been moved, and is not taken for that. On the way back it
    /// holds nothing up.
    func refuseOff(_ move: MachineMove, in plan: Plan) throws(StepFailure) {
        guard !plan.rollback.contains(where: { $0.id == id }) else { return }
        throw StepFailure(
            code: .drift, message: "\(move.machine) on \(move.from) is shut off, and ran when the plan was made")
    }
}

extension Plan {
    /// The run whose place the plan's run takes, if it takes that hypervisor over, as it was left; nil: it does not.
    func run(replacedOn resource: ResourceID) -> RunID? {
        guard let supersession = supersedes, supersession.taken.contains(where: { $0.resource == resource }) else {
            return nil
        }
        return supersession.run
    }
}

extension StepFailure {
    /// Once, and only after all are home: what is to become of it is for people, and the hypervisor has not to wait for that.
    ///
    /// - Parameter machines: each with where it was found.
    static func areHomeAndOff(_ machines: [String]) -> StepFailure {
        StepFailure(
            code: .unhealthy,
            message:
                "all are home, but shut off: \(PackageWords.list(machines)) went down while away, or was shut down there"
        )
    }
}

extension HypervisorFacts {
    /// Of a destination at this moment, with what runs there, and not when the plan was made.
    ///
    /// - Parameters:
    ///   - memoryMebibytes: of the machine that is to be moved.
    ///   - processors: of that, too.
    ///   - apart: as in the fleet.
    /// - Throws: `drift` where it has no room for the machine, or something runs there that may not be beside it.
    func require(
        roomFor move: MachineMove, memoryMebibytes: Int, processors: Int, apart: [[String]]
    ) throws(StepFailure) {
        let memory = residents.reduce(0) { $0 + $1.memoryMebibytes } + memoryMebibytes
        let given = residents.reduce(0) { $0 + $1.processors } + processors
        guard memory <= self.memoryMebibytes, given <= self.processors else {
            throw StepFailure(
                code: .drift,
                message:
                    "\(move.to) has no room for \(move.machine) now: with it \(memory) of \(self.memoryMebibytes) MiB "
                    + "and \(given) of \(self.processors) processors would be given out")
        }
        let enemies = Set(apart.filter { $0.contains(move.machine) }.joined())
        if let enemy = residents.first(where: { $0.name != move.machine && enemies.contains($0.name) }) {
            throw StepFailure(
                code: .drift, message: "\(move.machine) may not run beside \(enemy.name), which is on \(move.to)")
        }
    }
}
