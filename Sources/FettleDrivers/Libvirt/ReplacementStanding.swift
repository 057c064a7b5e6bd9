import FettleModel

/// How far a machine is on its way to being another one, by what its hypervisor tells: never by what was meant to be done.
enum ReplacementStanding: Sendable, Equatable {
    /// The machine that the plan saw has its name.
    case original
    /// It is put aside, and nothing is in its place.
    case aside
    /// The new one is in its place, and the old one is kept.
    case replaced(isActive: Bool)
    /// The new one is in its place, and nothing is kept.
    case settled
    /// Nothing may be done: a person has to look.
    case trouble(StepFailure)

    /// - Parameter isBack: one that is paused or has crashed is no obstacle to ending it.
    init(_ new: NewMachine, _ view: LibvirtView, isBack: Bool = false) {
        let (name, hypervisor) = (new.machine.name, new.machine.hypervisor)
        let (current, kept) = (view.machine(name), view.machine(new.keptName))
        func trouble(_ words: String) -> ReplacementStanding {
            .trouble(StepFailure(code: .drift, message: "\(hypervisor): \(words)"))
        }
        if let kept, kept.uuid != new.machine.uuid {
            self = trouble("another machine has the name \(new.keptName) already")
        } else if let kept, kept.isActive {
            self = trouble("\(new.keptName) was kept shut off, and somebody has started it")
        } else if let current, current.uuid == new.machine.uuid {
            self = .original
        } else if let current, current.uuid == new.uuid {
            if current.state == .paused && !isBack {
                self = trouble("\(name) is paused, or has crashed")
            } else {
                self = kept == nil ? .settled : .replaced(isActive: current.isActive)
            }
        } else if current != nil {
            self = trouble("\(name) is another machine than when the plan was made")
        } else if kept != nil {
            self = .aside
        } else {
            self = trouble("there is no machine \(name)")
        }
    }
}
