/// Through which stages patch sets go, and what each demands: `promotion` in `policy.yaml`.
public struct PromotionPolicy: Codable, Sendable, Equatable {
    /// From the first to the last; names and number are the user's.
    public var stages: [PromotionStage]
    /// How sets against actively exploited weaknesses go; nil: like all others.
    public var fastLane: FastLane?

    public init(stages: [PromotionStage], fastLane: FastLane? = nil) {
        self.stages = stages
        self.fastLane = fastLane
    }

    public func stage(_ id: StageID) -> PromotionStage? { stages.first { $0.id == id } }

    /// Each environment a stage, in the fleet's order, with criteria's defaults: what holds where the policy names none.
    public static func standard(for fleet: Fleet) -> PromotionPolicy {
        PromotionPolicy(
            stages: fleet.environments.map { PromotionStage(id: StageID($0.id.rawValue), environments: [$0.id]) })
    }

    /// The stages that a set has to have passed before this one, the nearest last; and what each of them had to show.
    public func path(to stage: StageID, lane: PromotionLane) -> [(stage: PromotionStage, criteria: PromotionCriteria)] {
        guard let place = stages.firstIndex(where: { $0.id == stage }) else { return [] }
        switch lane {
        case .normal:
            // What the following stage demands is what this one had to show.
            return (0..<place).map { (stages[$0], stages[$0 + 1].after) }
        case .fast:
            guard let fastLane else { return path(to: stage, lane: .normal) }
            return stages[..<place].filter { fastLane.through.contains($0.id) }.map { ($0, fastLane.after) }
        }
    }
}

/// One stage: the environments that get a set at the same time.
public struct PromotionStage: Codable, Sendable, Equatable {
    public var id: StageID
    public var environments: [EnvironmentID]
    /// What the stage before has to have shown. Of the first stage it says nothing.
    public var after: PromotionCriteria
    /// Whether plans for it have to be made from a patch set.
    public var setsOnly: Bool
    /// The suite that tests sets here; nil: people sign off.
    public var tests: StageTests?

    public init(
        id: StageID, environments: [EnvironmentID], after: PromotionCriteria = PromotionCriteria(),
        setsOnly: Bool = false, tests: StageTests? = nil
    ) {
        self.id = id
        self.environments = environments
        self.after = after
        self.setsOnly = setsOnly
        self.tests = tests
    }
}

public typealias StageID = Identifier<PromotionStage>

/// What a set has to have shown in one stage. That none of its runs failed and no regression is open is always demanded.
public struct PromotionCriteria: Codable, Sendable, Equatable {
    /// How long it has to have been there, in seconds, since the runs and hosts that are demanded were reached.
    public var soakSeconds: Int
    /// Runs that succeeded, at least.
    public var runs: Int
    /// Different hosts that a run brought to the set; a share is one of all hosts that the set's plans there have named.
    public var hosts: Quantity
    /// A canary was judged, and none but as well.
    public var canaries: Bool
    /// A gate was passed.
    public var gates: Bool
    /// The hosts were judged again after the run, and nothing of what the set is for is found on them. nil: not demanded.
    public var closed: Bool?
    /// Whatever service runs on the hosts of the stage behind ran beside the set here. nil: not demanded.
    public var beside: Bool?
    /// Kinds of sign-off that have to be there.
    public var signOffs: [PatchSetNote.Kind]

    /// Whether anything has to have run at all: of a stage where the set has nothing to do nothing is demanded.
    var demandsRuns: Bool { runs > 0 || hosts.asMinimum(of: 100) > 0 }

    public init(
        soakSeconds: Int = 0, runs: Int = 1, hosts: Quantity = .count(1), canaries: Bool = false, gates: Bool = false,
        signOffs: [PatchSetNote.Kind] = [], closed: Bool? = nil, beside: Bool? = nil
    ) {
        self.soakSeconds = soakSeconds
        self.runs = runs
        self.hosts = hosts
        self.canaries = canaries
        self.gates = gates
        self.signOffs = signOffs
        self.closed = closed
        self.beside = beside
    }
}

/// The way of sets that close an actively exploited weakness.
public struct FastLane: Codable, Sendable, Equatable {
    /// The stages that they still have to go through; the others are left out.
    public var through: [StageID]
    /// What each of these has to have shown.
    public var after: PromotionCriteria

    public init(through: [StageID] = [], after: PromotionCriteria = PromotionCriteria()) {
        self.through = through
        self.after = after
    }
}

public enum PromotionLane: String, Codable, Sendable, CaseIterable {
    case normal, fast
}
