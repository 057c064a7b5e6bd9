import FettleModel

/// What a strategy adds to the steps of one host.
struct ChainExtras: Sendable {
    var forward = Way()
    var back = Way()

    struct Way: Sendable {
        /// Before the host is taken out, disturbing nobody.
        var preparation: [ExtraStep] = []
        /// When the host's place in its groups is reserved, and before any load balancer is told.
        var beforeDrain: [ExtraStep] = []
        /// When the host is out.
        var afterOut: [ExtraStep] = []
        /// When its own packages are changed, and before anything proves it well.
        var afterChange: [ExtraStep] = []
        /// When the host is proven, before it is in its groups again.
        var beforeBack: [ExtraStep] = []
        /// When the host is in its groups again.
        var afterBack: [ExtraStep] = []
        /// Groups whose load balancer is not told of this host: its traffic is turned away as a whole.
        var undrained: Set<GroupID> = []
        /// Steps of others that a host which is not taken out waits for.
        var awaited: [StepID] = []

        /// Whether the host's place in its groups is reserved beside what its load balancers are told.
        var needsReservation: Bool { !beforeDrain.isEmpty || !beforeBack.isEmpty }
    }
}

/// A step that a strategy adds.
struct ExtraStep: Sendable {
    /// What stands behind the host's name in the step's, such as `hand-over`.
    var name: String
    var action: StepAction
    var availability: AvailabilityEffect
    var estimate: DurationEstimate
    var group: GroupID?
    var rollbackClass = RollbackClass.nothingToUndo
    var compensates: StepID?
    /// The least time that it is given, in seconds, whatever its estimate.
    var leastTimeout = 0
    /// Besides the host's own step before it.
    var after: [StepID] = []
}

/// Pass 6: what the strategies add, host by host.
enum ExtrasPass {
    static func collect(
        _ layout: WaveLayout, groups: [GroupWork], _ index: PlanningIndex, policy: Policy, priors: DurationPriors
    ) -> [ResourceID: ChainExtras] {
        var result: [ResourceID: ChainExtras] = [:]
        for group in groups {
            switch group.strategy {
            case .replicasFirst: addHandovers(of: group, index, priors, to: &result)
            case .blueGreen:
                for member in group.targets {
                    result[member, default: ChainExtras()].forward.undrained.insert(group.group.id)
                    result[member, default: ChainExtras()].back.undrained.insert(group.group.id)
                }
            case .throughController:
                ThroughController.addSteps(of: group, layout, index, policy: policy, priors, to: &result)
            default: break
            }
        }
        return result
    }

    /// Every member hands over before it goes out, on both ways: who leads when its turn comes is not known when the
    /// plan is made, nor who is behind at that moment. Of a cluster that nobody knows how to ask nobody does.
    private static func addHandovers(
        of group: GroupWork, _ index: PlanningIndex, _ priors: DurationPriors,
        to result: inout [ResourceID: ChainExtras]
    ) {
        guard group.group.kind == .cluster, group.group.members.count > 1 else { return }
        let roles = Dictionary(
            group.group.members.map { ($0, index.facts(of: $0)?.clusterRoles?[group.group.id]) },
            uniquingKeysWith: { first, _ in first })
        guard group.group.isKeptByPatroni || roles.values.contains(where: { $0 != nil }) else { return }
        for member in group.targets {
            let others = group.group.members.filter { $0 != member && roles[$0] != .witness }.sorted()
            // Where nobody may lead the step waits and says so: a leader is not restarted behind everybody's back.
            let able = others.filter { roles[$0] != .follower }
            let candidates = able.isEmpty ? others : able
            guard !candidates.isEmpty else { continue }
            let step = ExtraStep(
                name: "hand-over-\(group.group.id)",
                action: .handOver(handover: Handover(cluster: group.group.id, candidates: candidates)),
                availability: .none, estimate: priors.handOver, group: group.group.id)
            result[member, default: ChainExtras()].forward.beforeDrain.append(step)
            result[member, default: ChainExtras()].back.beforeDrain.append(step)
        }
    }
}

extension ResourceGroup {
    /// A probe of it says where its Patroni is, which can be asked again at each turn.
    var isKeptByPatroni: Bool {
        (probes + (groupProbes ?? [])).contains { if case .cluster(.patroni) = $0.check { true } else { false } }
    }
}
