import FettleModel

extension PlacementSearch {
    /// The search, and where it was given up before every choice had been tried, first fit decreasing: that goes other ways from the
    /// first machine on, so that no machine stays which the simplest of rules would have placed.
    static func solve(_ problem: PlacementProblem) -> Result {
        var search = PlacementSearch(problem)
        let result = search.run()
        guard result == .undecided else { return result }
        for size in Size.allCases {
            let orders = problem.sources.map { size.order(of: $0, problem.destinations) }
            var sorted = problem
            for (source, order) in orders.enumerated() {
                sorted.sources[source].machines = order.map { problem.sources[source].machines[$0] }
            }
            for isFirst in [true, false] {
                var attempt = PlacementSearch(sorted)
                guard let places = attempt.fit(isFirst: isFirst) else { continue }
                return .placed(zip(orders, places).map(Self.unsorted))
            }
        }
        return .undecided
    }

    private static func unsorted(_ order: [Int], _ places: [Int]) -> [Int] {
        zip(order, places).sorted { $0.0 < $1.0 }.map(\.1)
    }

    /// What makes a machine a large one.
    private enum Size: CaseIterable {
        case memory, processors
        /// The larger part of what all destinations have to spare.
        case share

        /// The machines of a source, the largest first, then by name.
        func order(of source: PlacementProblem.Source, _ destinations: [PlacementProblem.Destination]) -> [Int] {
            let memory = Double(source.candidates.reduce(0) { $0 + destinations[$1].memory })
            let processors = Double(source.candidates.reduce(0) { $0 + destinations[$1].processors })
            let sizes = source.machines.map { machine -> Double in
                switch self {
                case .memory: Double(machine.memory)
                case .processors: Double(machine.processors)
                case .share:
                    max(Double(machine.memory) / max(1, memory), Double(machine.processors) / max(1, processors))
                }
            }
            return source.machines.indices.sorted {
                (sizes[$1], source.machines[$0].name) < (sizes[$0], source.machines[$1].name)
            }
        }
    }
}
