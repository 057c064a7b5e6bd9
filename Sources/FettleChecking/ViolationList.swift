import FettleModel

/// Collects violations. Of each invariant only so many are told in words: a plan of a million steps can be wrong a million times,
/// and the report must stay readable and small.
struct ViolationList: Sendable {
    /// Told in words of one invariant; the rest is counted.
    static let mostOfOne = 500
    /// Of one message, in characters: names can be of any length.
    static let longestMessage = 4_000

    private var told: [Violation] = []
    private var counts: [Invariant: Int] = [:]

    var isEmpty: Bool { told.isEmpty }

    mutating func add(
        _ invariant: Invariant, _ message: @autoclosure () -> String, steps: @autoclosure () -> [StepID] = []
    ) {
        let count = (counts[invariant] ?? 0) + 1
        counts[invariant] = count
        guard count <= Self.mostOfOne else { return }
        told.append(Violation(invariant, String(message().prefix(Self.longestMessage)), steps: steps()))
    }

    /// What was found elsewhere, behind what is here.
    mutating func add(_ others: ViolationList) {
        for violation in others.told { add(violation.invariant, violation.message, steps: violation.steps) }
        for (invariant, count) in others.counts where count > Self.mostOfOne {
            counts[invariant, default: 0] += count - Self.mostOfOne
        }
    }

    /// In the order in which they were found, and last how many of each invariant are not among them.
    var all: [Violation] {
        told
            + Invariant.allCases.compactMap { invariant in
                guard let count = counts[invariant], count > Self.mostOfOne else { return nil }
                return Violation(
                    invariant, "\(count - Self.mostOfOne) more of \(invariant.rawValue) are not told", steps: [])
            }
    }
}
