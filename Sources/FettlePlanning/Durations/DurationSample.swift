public import FettleModel

/// How long one step took in a run.
public struct DurationSample: Sendable, Equatable {
    /// The action's name, such as `patch`: steps of one kind are comparable, if each is held against what was to be expected of it.
    public var action: String
    public var resource: ResourceID
    /// The resource's groups, as the plan had them; sorted.
    public var groups: [GroupID]
    /// The packages that it changed, sorted; empty for other steps.
    public var packages: [String]
    public var seconds: Double
    /// The median of the table (`DurationPriors.documented`) for exactly this step: so many packages, so many bytes.
    public var expectedSeconds: Double
    /// When it ended.
    public var at: Timestamp

    public init(
        action: String, resource: ResourceID, groups: [GroupID] = [], packages: [String] = [], seconds: Double,
        expectedSeconds: Double, at: Timestamp
    ) {
        self.action = action
        self.resource = resource
        self.groups = groups
        self.packages = packages
        self.seconds = seconds
        self.expectedSeconds = expectedSeconds
        self.at = at
    }
}

extension DurationSample {
    /// What one run says of durations: a pure fold over its journal.
    ///
    /// Counted is the attempt that was done, from its intent to its observation. Not counted: attempts that failed, because how
    /// long a failure takes says nothing of a success, and its timeout is counted with apart; what was so already and was not
    /// done; steps over which the executor died or somebody paused the run; and steps for which the table has no figure.
    /// None counts as longer than its step was given, whatever a clock said.
    public static func samples(plan: Plan, journal: [JournalRecord]) -> [DurationSample] {
        var steps: [StepID: Step] = [:]
        for step in plan.steps + plan.rollback { steps[step.id] = step }
        var groups: [ResourceID: [GroupID]] = [:]
        for group in plan.groups { for member in group.members { groups[member, default: []].append(group.id) } }
        let lookedAt = lookedAt(in: plan)
        var begun: [StepID: (attempt: Int, at: Timestamp)] = [:]
        var samples: [DurationSample] = []
        for record in journal {
            switch record.event {
            case .stepIntended(let id, let attempt, let prior):
                begun[id] = prior?.alreadySo == true ? nil : (attempt, record.at)
            case .stepDone(let id, let attempt, let observation):
                guard let start = begun.removeValue(forKey: id), start.attempt == attempt, let step = steps[id],
                    observation.verdict == .pass, !isPreflight(step) || !lookedAt.contains(step.resource),
                    let sample = sample(step, groups[step.resource] ?? [], from: start.at, to: record.at)
                else { continue }
                samples.append(sample)
            case .stepFailed(let id, _, _), .stepSkipped(let id, _, _): begun[id] = nil
            case .claimed, .paused, .resumed, .awaitingHuman: begun.removeAll()
            default: break
            }
        }
        return samples
    }

    /// Resources that are looked at before they are patched, for want of others to compare them with: their preflights last as long
    /// as they are told to.
    private static func lookedAt(in plan: Plan) -> Set<ResourceID> {
        var result: Set<ResourceID> = []
        for step in plan.steps {
            guard case .bake(_, let watched, _, let judgement?) = step.action, judgement.controls.isEmpty else {
                continue
            }
            result.formUnion(watched)
        }
        return result
    }

    private static func isPreflight(_ step: Step) -> Bool {
        if case .preflight = step.action { true } else { false }
    }

    private static func sample(
        _ step: Step, _ groups: [GroupID], from start: Timestamp, to end: Timestamp
    ) -> DurationSample? {
        guard let expected = DurationPriors.documented.expectation(of: step.action) else { return nil }
        let seconds = end.seconds(since: start)
        guard seconds >= 0 else { return nil }
        var packages: [String] = []
        if case .changePackages(let transaction) = step.action {
            packages = Set(transaction.changes.map(\.name)).sorted()
        }
        return DurationSample(
            action: step.action.name, resource: step.resource, groups: groups.sorted(), packages: packages,
            seconds: min(seconds, Double(max(1, step.timeoutSeconds))),
            expectedSeconds: Double(max(1, expected.medianSeconds)), at: end)
    }
}

extension DurationPriors {
    /// What the table says of an action that takes place; nil for those that last as long as they are told to, and for those it
    /// has no figure for.
    func expectation(of action: StepAction) -> DurationEstimate? {
        switch action {
        case .preflight(_, let probes): preflight.adding(probes.isEmpty ? nil : gate(probes))
        case .stage(let transaction): stage(transaction)
        case .drain(let traffic): drain(traffic)
        case .takeOut, .bringBack: takeOut
        case .changePackages(let transaction): change(transaction)
        case .restartServices: restartServices
        case .reboot: reboot(isExpected: true)
        case .gate(let probes): gate(probes)
        case .restore(let traffic): restore(traffic)
        case .verify: verify
        case .handOver: handOver
        default: nil
        }
    }
}
