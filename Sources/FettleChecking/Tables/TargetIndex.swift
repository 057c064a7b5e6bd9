import FettleModel

/// Every target by a number, its place among the plan's targets.
struct TargetIndex {
    let targets: [PlanTarget]
    private let places: [ResourceID: Int32]

    /// - Parameter repeated: is given the names that stand twice; the first of them counts.
    init(_ targets: [PlanTarget], repeated: (ResourceID) -> Void) {
        self.targets = targets
        var places: [ResourceID: Int32] = [:]
        places.reserveCapacity(targets.count)
        for (place, target) in targets.enumerated() {
            let known = places.updateValue(Int32(truncatingIfNeeded: place), forKey: target.resource)
            guard let known else { continue }
            places[target.resource] = known
            repeated(target.resource)
        }
        self.places = places
    }

    var count: Int { targets.count }

    func place(of resource: ResourceID) -> Int? { places[resource].map(Int.init) }
    func name(_ place: Int) -> ResourceID { targets[place].resource }
}
