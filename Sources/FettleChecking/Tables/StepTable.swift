import FettleModel

/// The steps of one way as numbers: what each is, whose, and what it waits for. Shared by all chains.
final class StepTable: Sendable {
    let steps: [Step]
    let isRollback: Bool
    /// For each step the place of its target.
    let targets: [Int32]
    let traits: [StepTraits]
    /// For each step where it stands among the steps of its resource.
    let links: [UInt8]
    /// For each step the positions of those that it names; the last entry closes the list.
    private let earlierStarts: [Int32]
    private let earlier: [Int32]
    /// For each target the positions of its steps, ascending.
    private let chainStarts: [Int32]
    private let chainSteps: [Int32]

    /// Steps of one resource: a longer chain is no patch.
    static let longestChain = 256

    /// - Parameter draft: of a well-formed plan; of any other the chains are empty.
    init(_ draft: StepTableDraft, targets count: Int, isWhole: Bool) {
        steps = draft.steps
        isRollback = draft.isRollback
        targets = draft.targets
        traits = draft.traits
        links = draft.links
        earlierStarts = draft.earlierStarts
        earlier = draft.earlier
        var starts = [Int32](repeating: 0, count: count + 1)
        var sorted = [Int32](repeating: 0, count: isWhole ? draft.steps.count : 0)
        if isWhole {
            for target in draft.targets { starts[Int(target) + 1] += 1 }
            for target in 0..<count { starts[target + 1] += starts[target] }
            for (position, target) in draft.targets.enumerated() {
                sorted[Int(starts[Int(target)]) + Int(draft.links[position])] = Int32(truncatingIfNeeded: position)
            }
        }
        chainStarts = starts
        chainSteps = sorted
    }

    var count: Int { steps.count }

    func id(_ position: Int) -> StepID { steps[position].id }
    func seconds(_ position: Int) -> Int { steps[position].estimate.p95Seconds }
    func target(_ position: Int) -> Int { Int(targets[position]) }

    /// The positions of the steps that this one names.
    func waits(of position: Int) -> ArraySlice<Int32> {
        earlier[Int(earlierStarts[position])..<Int(earlierStarts[position + 1])]
    }

    /// The positions of a target's steps, ascending.
    func chain(of target: Int) -> ArraySlice<Int32> {
        chainSteps[Int(chainStarts[target])..<Int(chainStarts[target + 1])]
    }
}

/// What is known of the steps of one way while they are gone through.
struct StepTableDraft {
    let steps: [Step]
    let isRollback: Bool
    private(set) var targets: [Int32] = []
    private(set) var traits: [StepTraits] = []
    private(set) var links: [UInt8] = []
    private(set) var earlierStarts: [Int32] = [0]
    private(set) var earlier: [Int32] = []

    init(_ steps: [Step], isRollback: Bool) {
        self.steps = steps
        self.isRollback = isRollback
        targets.reserveCapacity(steps.count)
        traits.reserveCapacity(steps.count)
        links.reserveCapacity(steps.count)
        earlierStarts.reserveCapacity(steps.count + 1)
        earlier.reserveCapacity(steps.count)
    }

    mutating func append(target: Int, traits: StepTraits, link: Int) {
        targets.append(Int32(truncatingIfNeeded: target))
        self.traits.append(traits)
        links.append(UInt8(truncatingIfNeeded: link))
    }

    mutating func appendWait(for position: Int) { earlier.append(Int32(truncatingIfNeeded: position)) }
    mutating func closeWaits() { earlierStarts.append(Int32(truncatingIfNeeded: earlier.count)) }
}
