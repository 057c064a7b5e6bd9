import FettleModel

/// Which step must come before which, as bits: `ancestors[i]` holds every step that is observed done before step `i` starts.
struct StepGraph {
    let steps: [Step]
    let index: [StepID: Int]
    private let ofResource: [ResourceID: [Int]]
    private let words: Int
    private var ancestors: [UInt64]

    /// More steps than this would need more than 200 MB for their bits.
    static let largest = 40_000

    /// - Parameter steps: each named once, and standing after all that it depends on. `FormCheck` has made sure of both.
    init(_ steps: [Step]) {
        self.steps = steps
        words = (steps.count + 63) / 64
        ancestors = [UInt64](repeating: 0, count: words * steps.count)
        var index: [StepID: Int] = [:]
        index.reserveCapacity(steps.count)
        for (position, step) in steps.enumerated() {
            for name in step.after {
                guard let earlier = index[name] else { continue }
                for word in 0..<words { ancestors[position * words + word] |= ancestors[earlier * words + word] }
                ancestors[position * words + earlier / 64] |= 1 << UInt64(earlier % 64)
            }
            index[step.id] = position
        }
        self.index = index
        ofResource = Dictionary(grouping: steps.indices) { steps[$0].resource }
    }

    /// Whether `earlier` is always observed done before `later` starts.
    func precedes(_ earlier: Int, _ later: Int) -> Bool {
        ancestors[later * words + earlier / 64] & (1 << UInt64(earlier % 64)) != 0
    }

    func positions(of resource: ResourceID) -> [Int] {
        ofResource[resource] ?? []
    }
}

/// The time during which a resource is out: from its first step that takes it out to its last that brings it back.
struct Outage {
    let resource: ResourceID
    /// Comes before every other step that takes the resource out.
    let begin: Int
    /// Comes after every other step that brings it back.
    let end: Int
}
