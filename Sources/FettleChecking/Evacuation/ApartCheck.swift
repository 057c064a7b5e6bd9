import FettleModel

/// I1 for machines that must run apart: no two of them are on one hypervisor in any state of both ways that the plan brings about,
/// also not when only one of two hypervisors is empty yet.
///
/// A machine can be at home whenever its home is not out, and where it is moved to as long as its home is out. A destination is
/// never out together with the hypervisor whose machines it takes (`EvacuationCheck`), so what is at home there stays there
/// meanwhile. Two that are moved to one hypervisor meet unless an order keeps their homes apart. What stands side by side before
/// anything is moved is not the plan's doing.
///
/// The rules are the plan's own; that none is left out is a question to the facts.
struct ApartCheck {
    let plan: Plan
    let evacuations: [Evacuation]
    let turns: TurnPlaces
    /// Pairs that are looked at in all.
    var mostPairs = 20_000_000

    private struct Key: Hashable {
        var home: ResourceID
        var machine: String
    }

    /// A machine that can be on a hypervisor.
    private struct Occupant: Hashable {
        var machine: String
        var home: ResourceID
        /// Nobody has to move it.
        var isAtHome: Bool
    }

    func violations() -> [Violation] {
        guard let apart = plan.apart, !apart.isEmpty else { return [] }
        var found: [Violation] = []
        var rules: [Key: [String]] = [:]
        var ruled: Set<String> = []
        for machine in apart {
            let key = Key(home: machine.home, machine: machine.machine)
            if rules.updateValue(machine.apartFrom, forKey: key) != nil {
                found.append(
                    Violation(
                        .form, "what \(machine.machine) on \(machine.home) must be apart from is told twice", steps: [])
                )
            }
            ruled.insert(machine.machine)
            ruled.formUnion(machine.apartFrom)
        }
        var pairsLeft = mostPairs
        for (place, occupants) in occupants(of: ruled).sorted(by: { $0.key < $1.key }) {
            judge(place, occupants.sorted(by: Self.isBefore), rules, &pairsLeft, &found)
        }
        if pairsLeft <= 0 {
            found.append(
                Violation(
                    .capacity,
                    "that machines run apart is not proven: there are more pairs than \(mostPairs) to look at",
                    steps: []))
        }
        return found
    }

    /// By hypervisor, everyone that some rule can speak of and that can be there; each once.
    private func occupants(of ruled: Set<String>) -> [ResourceID: Set<Occupant>] {
        var result: [ResourceID: Set<Occupant>] = [:]
        for machine in plan.apart ?? [] {
            result[machine.home, default: []].insert(
                Occupant(machine: machine.machine, home: machine.home, isAtHome: true))
        }
        for evacuation in evacuations {
            for move in evacuation.moves where ruled.contains(move.machine) {
                result[evacuation.hypervisor, default: []].insert(
                    Occupant(machine: move.machine, home: evacuation.hypervisor, isAtHome: true))
                result[move.to, default: []].insert(
                    Occupant(machine: move.machine, home: evacuation.hypervisor, isAtHome: false))
            }
        }
        return result
    }

    private func judge(
        _ place: ResourceID, _ occupants: [Occupant], _ rules: [Key: [String]], _ pairsLeft: inout Int,
        _ found: inout [Violation]
    ) {
        guard occupants.count > 1 else { return }
        let named = Dictionary(grouping: occupants, by: \.machine)
        var met: [(Occupant, Occupant)] = []
        for one in occupants {
            for name in rules[Key(home: one.home, machine: one.machine)] ?? [] {
                pairsLeft -= 1
                guard pairsLeft > 0 else { return }
                for other in named[name] ?? [] where other != one {
                    pairsLeft -= 1
                    if canMeet(one, other) { met.append(Self.isBefore(one, other) ? (one, other) : (other, one)) }
                }
            }
        }
        var seen: Set<[Occupant]> = []
        for (one, other) in met where seen.insert([one, other]).inserted {
            found.append(
                Violation(
                    .capacity,
                    "\(one.machine) of \(one.home) and \(other.machine) of \(other.home) must run apart, and can both be on "
                        + "\(place)", steps: steps(one, other)))
        }
    }

    private func canMeet(_ one: Occupant, _ other: Occupant) -> Bool {
        if one.isAtHome && other.isAtHome { return false }
        if one.isAtHome || other.isAtHome { return true }
        return one.home == other.home || !turns.keepsApart(one.home, other.home)
    }

    private func steps(_ one: Occupant, _ other: Occupant) -> [StepID] {
        let moved = [one, other].filter { !$0.isAtHome }.map(\.home)
        return evacuations.filter { moved.contains($0.hypervisor) }.flatMap { $0.away.map(\.id) }
    }

    private static func isBefore(_ one: Occupant, _ other: Occupant) -> Bool {
        (one.machine, one.home) < (other.machine, other.home)
    }
}
