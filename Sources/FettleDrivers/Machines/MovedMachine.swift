import FettleDriverKit
import FettleModel

/// Where a machine stands that a step moves, as far as the step's outcome hangs on it, whichever product tells.
struct MovedMachine: Sendable, Equatable {
    var move: MachineMove
    var place: Place

    enum Place: Sendable, Equatable {
        /// Not there yet, and nothing keeps it from coming.
        case onItsWay
        case there
        /// Shut off where it came from.
        case off
        /// Shut off where it was to go.
        case offThere
        case trouble(StepFailure)
    }
}

extension Step {
    /// Whether all are away from a hypervisor that is being emptied.
    ///
    /// - Throws: what keeps one from going, unless that ends by itself.
    func areAway(_ machines: [MovedMachine], in plan: Plan) throws(StepFailure) -> Bool {
        var areAll = true
        for machine in machines {
            switch machine.place {
            case .there: continue
            case .off: try refuseOff(machine.move, in: plan)
            case .trouble(let failure) where failure.code != .locked: throw failure
            case .trouble, .onItsWay, .offThere: areAll = false
            }
        }
        return areAll
    }

    /// - Throws: unless all are away and run.
    func proveAway(_ machines: [MovedMachine], in plan: Plan) throws(StepFailure) {
        for machine in machines {
            let move = machine.move
            switch machine.place {
            case .there: continue
            case .off: try refuseOff(move, in: plan)
            case .trouble(let failure): throw failure
            case .onItsWay, .offThere:
                throw StepFailure(code: .timeout, message: "\(move.machine) does not run on \(move.to)")
            }
        }
    }

    func refuseOff(_ machines: [MovedMachine], in plan: Plan) throws(StepFailure) {
        for machine in machines where machine.place == .off { try refuseOff(machine.move, in: plan) }
    }

    /// The first that is not home yet; nil: all are.
    ///
    /// - Parameter countsOff: one that is shut off where it was taken is left there.
    /// - Throws: what nothing done here would settle.
    func notHome(_ machines: [MovedMachine], countsOff: Bool) throws(StepFailure) -> StepFailure? {
        var first: StepFailure?
        for machine in machines {
            let move = machine.move
            switch machine.place {
            case .there, .offThere: continue
            case .off where countsOff: continue
            case .trouble(let failure) where !failure.code.isRetryable: throw failure
            case .trouble(let failure): first = first ?? failure
            case .off, .onItsWay:
                first = first ?? StepFailure(code: .timeout, message: "\(move.machine) is not home on \(move.to)")
            }
        }
        return first
    }
}
