public import FettleModel

/// Why a plan cannot be made: demands that cannot all be met, none of which can be left out of the conflict, and what easing one of
/// them would buy.
public struct Conflict: Codable, Sendable, Equatable {
    /// Kept alone they allow no plan; without any one of them they do.
    public var demands: [Stated]
    /// In the order of `demands`. A demand has none if easing it alone does not help, because another conflict lies behind this one.
    public var options: [Option]

    public init(demands: [Stated], options: [Option]) {
        self.demands = demands
        self.options = options
    }

    public struct Stated: Codable, Sendable, Equatable {
        public var demand: Demand
        public var words: String

        public init(demand: Demand, words: String) {
            self.demand = demand
            self.words = words
        }
    }

    /// One way out, each enough by itself.
    public struct Option: Codable, Sendable, Equatable {
        public var demand: Demand
        /// What to change, such as `lower minimumAvailable of group web from 3 to 2`.
        public var change: String
        /// How long the plan then takes.
        public var duration: DurationEstimate

        public init(demand: Demand, change: String, duration: DurationEstimate) {
            self.demand = demand
            self.change = change
            self.duration = duration
        }
    }
}
