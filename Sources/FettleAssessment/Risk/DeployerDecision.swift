public import FettleIndex
public import FettleModel

/// One decision of SSVC's deployer tree with its inputs, each with where it is from: what is not known is assumed, and told so.
public struct DeployerDecision: Codable, Sendable, Equatable {
    /// An input of the tree.
    public struct Point: Codable, Sendable, Equatable {
        /// In SSVC's words, such as `active` or `yes`.
        public var value: String
        public var because: String
        /// Nothing says it: the default was taken.
        public var isAssumed: Bool

        public init(value: String, because: String, isAssumed: Bool = false) {
            self.value = value
            self.because = because
            self.isAssumed = isAssumed
        }
    }

    /// The weakness that decided; nil if the patch closes none that is known.
    public var weakness: String?
    public var exploitation: Point
    public var exposure: Point
    public var automatable: Point
    public var humanImpact: Point
    public var outcome: Outcome

    /// The most urgent decision over all weaknesses that a patch closes; of equally urgent ones the first by id.
    ///
    /// - Parameter weaknesses: rejected ones are left out: they name no weakness.
    /// - Parameter exploitedListChecked: whether the list of known exploited vulnerabilities was loaded.
    public init(
        closing weaknesses: [WeaknessRecord], exposure: Resource.Exposure, criticality: Resource.Criticality,
        exploitedListChecked: Bool
    ) {
        var best: (weakness: WeaknessRecord, outcome: Outcome)?
        for weakness in weaknesses where !weakness.isRejected {
            let outcome = Self.outcome(weakness, exposure, criticality)
            if let best, (best.outcome, best.weakness.id) <= (outcome, weakness.id) { continue }
            best = (weakness, outcome)
        }
        self.init(best?.weakness, exposure, criticality, exploitedListChecked: exploitedListChecked)
    }

    private init(
        _ weakness: WeaknessRecord?, _ exposure: Resource.Exposure, _ criticality: Resource.Criticality,
        exploitedListChecked: Bool
    ) {
        self.weakness = weakness?.id
        outcome = Self.outcome(weakness, exposure, criticality)
        exploitation = Self.exploitation(weakness, exploitedListChecked)
        self.exposure = Point(
            value: DeployerTree.Exposure(exposure).rawValue,
            because: "\(exposure.rawValue) in the fleet file, or by its default")
        humanImpact = Point(
            value: DeployerTree.HumanImpact(criticality).rawValue,
            because: "\(criticality.rawValue) in the fleet file, or by its default")
        automatable =
            if let known = weakness?.decision?.isAutomatable {
                Point(value: known ? "yes" : "no", because: "SSVC's published decision points")
            } else {
                Point(value: "yes", because: "nothing says it, and yes is the safer answer", isAssumed: true)
            }
    }

    private static func outcome(
        _ weakness: WeaknessRecord?, _ exposure: Resource.Exposure, _ criticality: Resource.Criticality
    ) -> Outcome {
        DeployerTree.outcome(
            weakness?.exploitation ?? .none, DeployerTree.Exposure(exposure),
            isAutomatable: weakness?.decision?.isAutomatable ?? true, DeployerTree.HumanImpact(criticality))
    }

    /// Never from EPSS: a prediction is no exploitation.
    private static func exploitation(_ weakness: WeaknessRecord?, _ listChecked: Bool) -> Point {
        let value = (weakness?.exploitation ?? .none).rawValue
        if let entry = weakness?.exploited { return Point(value: value, because: "in KEV since \(entry.addedAt.day)") }
        if weakness?.decision != nil { return Point(value: value, because: "SSVC's published decision points") }
        let list = listChecked ? "not in KEV" : "KEV was not loaded"
        return Point(value: value, because: "\(list), and nothing says more", isAssumed: true)
    }

    /// One line: the outcome and what it follows from.
    public var explanation: String {
        let points = [
            ("exploitation", exploitation), ("exposure", exposure), ("automatable", automatable),
            ("human impact", humanImpact),
        ].map { "\($0) \($1.value) (\($1.isAssumed ? "assumed: " : "")\($1.because))" }
        return "SSVC's deployer tree\(weakness.map { " for \($0)" } ?? "") says \(outcome.rawValue): "
            + points.joined(separator: ", ")
    }
}

extension WeaknessRecord {
    /// What is known of its exploitation: the list of known exploited, or SSVC's decision points. EPSS has no say.
    var exploitation: DecisionPoints.Exploitation {
        if exploited != nil { return .active }
        return decision?.exploitation ?? .none
    }
}
