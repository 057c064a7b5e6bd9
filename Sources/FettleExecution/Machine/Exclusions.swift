import FettleModel

/// Pairs of resources that a plan never has out together: on the way forward or on the way back one of them waits for the other's
/// return. The order says who comes first; that the two exclude each other holds whatever way each of them goes, such as for one
/// that is put back unchanged, or is tried once more while the others have gone on (I1).
struct Exclusions: Sendable {
    private let places: [ResourceID: Int]
    /// For each resource a row of bits, one for each other.
    private var bits: [UInt64]
    private let width: Int

    /// - Parameter resources: every resource that has a step.
    init(_ plan: Plan, among resources: [ResourceID]) {
        let places = Dictionary(uniqueKeysWithValues: resources.enumerated().map { ($0.element, $0.offset) })
        width = (resources.count + 63) / 64
        bits = Array(repeating: 0, count: width * resources.count)
        self.places = places
        for steps in [plan.steps, plan.rollback] {
            var returns: [StepID: Int] = [:]
            for step in steps {
                guard let place = places[step.resource] else { continue }
                if step.availability == .bringsBack { returns[step.id] = place }
                guard !step.isBake else { continue }
                for name in step.after { if let other = returns[name], other != place { insert(place, other) } }
            }
        }
    }

    private mutating func insert(_ one: Int, _ other: Int) {
        bits[one * width + other / 64] |= 1 << UInt64(other % 64)
        bits[other * width + one / 64] |= 1 << UInt64(one % 64)
    }

    func contains(_ one: ResourceID, _ other: ResourceID) -> Bool {
        guard let one = places[one], let other = places[other] else { return false }
        return bits[one * width + other / 64] & (1 << UInt64(other % 64)) != 0
    }
}
