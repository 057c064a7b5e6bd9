import FettleExecution
import FettleModel

/// A part of work that is done one thing after the other: a machine is moved, a member is taken through, a server is turned.
///
/// When the executor that ordered it dies, what has begun comes to its end and nothing further begins; but for a controller,
/// which needs nobody for its work.
struct PartUnderWay: Sendable {
    /// What can do one such work at a time.
    enum Place: Hashable, Sendable {
        case hypervisor(ResourceID)
        case controller(ResourceID)
        case balancer(GroupID)
    }

    var executor: Int
    var place: Place
    var step: StepID
    var part: Int
    var startsAt: Int64
    var endsAt: Int64
}

extension DisasterWorld {
    /// Where the step's work is done in parts; nil: it is done at once.
    func place(of step: Step) -> PartUnderWay.Place? {
        switch step.action {
        case .evacuate, .bringHome: .hypervisor(step.resource)
        case .upgradeThroughController: .controller(step.resource)
        case .switchTraffic(let turn): .balancer(turn.group)
        default: nil
        }
    }

    /// How many parts the step's work has.
    private func partCount(of step: Step) -> Int {
        switch step.action {
        case .evacuate(let moves, _), .bringHome(let moves): max(1, moves.count)
        // Down and up again, batch by batch.
        case .upgradeThroughController(let upgrade): 2 * upgrade.batches.count
        case .switchTraffic(let turn):
            turn.from.isEmpty || sides[turn.group]?.isTurnedOneByOne != true ? 1 : turn.to.count + turn.from.count
        default: 0
        }
    }

    func isAtWork(_ place: PartUnderWay.Place, at now: Int64) -> Bool {
        underWay.contains { $0.place == place && $0.startsAt <= now && now < $0.endsAt }
    }

    /// - Returns: when each part ends, or what is broken by beginning it.
    mutating func begin(
        _ step: Step, by executor: Int, at now: Int64, milliseconds: Int64
    ) -> (ends: [Int64], broken: String?) {
        guard let place = place(of: step) else { return ([], nil) }
        if isAtWork(place, at: now) { return ([], "I2: \(step.id) begins while such work is under way") }
        let count = partCount(of: step)
        var ends: [Int64] = []
        for part in 0..<count {
            let (from, until) = (
                milliseconds * Int64(part) / Int64(count), milliseconds * Int64(part + 1) / Int64(count)
            )
            underWay.append(
                PartUnderWay(
                    executor: executor, place: place, step: step.id, part: part, startsAt: now + from,
                    endsAt: now + until))
            ends.append(now + until)
        }
        if case .evacuate = step.action { hypervisors.cordoned.insert(step.resource) }
        return (ends, nil)
    }

    /// Nobody begins what the executor has ordered and not begun.
    mutating func executorDied(_ executor: Int, at now: Int64) {
        underWay.removeAll { part in
            if case .controller = part.place { return false }
            return part.executor == executor && part.startsAt > now
        }
    }

    /// - Returns: false if the part was given up meanwhile.
    mutating func finishPart(_ part: Int, of step: Step, by executor: Int) -> Bool {
        guard let place = place(of: step),
            let found = underWay.firstIndex(where: {
                $0.place == place && $0.part == part && $0.executor == executor && $0.step == step.id
            })
        else { return false }
        underWay.remove(at: found)
        return true
    }
}
