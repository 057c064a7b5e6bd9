public import FettleModel
import FettleStore

/// What is frozen of patch sets, from which hosts, and what of it nobody needs any more.
extension PromotionService {
    /// Where the archives of one part of a set can be asked for.
    public struct FreezeSource: Sendable, Equatable {
        public var part: PatchSet.Part
        /// Hosts of its platform by the newest facts that stages have, in the fleet's order.
        public var hosts: [Resource]
        /// Those of them that the last stage has.
        public var last: [ResourceID]
    }

    /// Who freezes makes sets, and takes away what is frozen of them.
    public func requireMayFreeze(by person: Person) async throws(ControlError) {
        try await gate.require(.makePatchSet, on: .nowhere, by: person, saying: .nothing)
    }

    /// Where a set's archives can be had; the role is asked for first.
    ///
    /// - Throws: `invalid` for a platform of which nothing can be frozen yet, or of which no host is known.
    public func freezeSources(
        of id: PatchSetID, fleet: Fleet, policy: Policy, by person: Person
    ) async throws(ControlError) -> (kept: Kept, sources: [FreezeSource]) {
        try await requireMayFreeze(by: person)
        try await gate.requireAccepted(policy, fleet)
        let stages = (policy.promotion ?? .standard(for: fleet)).stages
        let environments = Set(stages.flatMap(\.environments))
        let last = Set(stages.last?.environments ?? [])
        let kept = try await set(id)
        let facts = try await keeper.newest(FactSet.self, .facts)?.value
        var platforms: [ResourceID: String] = [:]
        for host in facts?.hosts ?? [] { platforms[host.resource] = host.platform.value?.setName }
        var sources: [FreezeSource] = []
        var problems: [String] = []
        for part in kept.set.platforms {
            guard part.manager != .apk else {
                problems.append(
                    "\(part.platform): only repositories of apt, dnf and zypper can be frozen yet, not those of \(part.manager)"
                )
                continue
            }
            let hosts = fleet.resources.filter {
                platforms[$0.id] == part.platform && $0.address.transport != .none
                    && environments.contains($0.environment)
            }
            if hosts.isEmpty { problems.append("\(part.platform): no host of it is known: `fettle scan`") }
            sources.append(
                FreezeSource(
                    part: part, hosts: hosts, last: hosts.filter { last.contains($0.environment) }.map(\.id)))
        }
        guard problems.isEmpty, !sources.isEmpty else {
            throw ControlError(
                .invalid, "\(id) cannot be frozen:\n  " + problems.joined(separator: "\n  "),
                hint: "`fettle patchset show \(id)` tells its platforms")
        }
        return (kept, sources)
    }

    /// Whether what is frozen of a set may go: nothing with it is under way, and it has come to its last stage or goes no further.
    public enum FrozenState: Sendable, Equatable {
        /// It is under way; what it waits for, in words.
        case needed(String)
        case over(since: Timestamp)
        /// This store has no such set with that digest: it may be another store's.
        case unknown
    }

    /// - Parameter reference: the set as the repository names it.
    /// - Throws: `blocked` where the folder is not the accepted one: another one's stages would end sets early.
    public func frozenState(
        of reference: StageReference, fleet: Fleet, policy: Policy
    ) async throws(ControlError) -> FrozenState {
        try await gate.requireAccepted(policy, fleet)
        let id = PatchSetID(reference.id)
        do throws(ControlError) {
            guard try await set(id).digest == reference.digest else { return .unknown }
        } catch {
            guard error.code == .notFound else { throw error }
            return .unknown
        }
        guard let row = try await pipeline(fleet: fleet, policy: policy, only: id).rows.first else { return .unknown }
        let kept = try await record.changes()
        let changes = kept.legible[reference.id] ?? []
        let (trials, lost) = try await record.trials(of: changes, reference)
        if let doubt = (kept.doubts(of: try await set(id).set) + lost).first { return .needed(doubt) }
        if let reason = Self.underWay(changes, trials, at: tools.now()) { return .needed(reason) }
        guard row.next == nil, let last = trials.compactMap(\.endedAt).max() else {
            return .needed("it has not come to \(row.next?.rawValue ?? "its last stage")")
        }
        return .over(since: last)
    }

    /// What still needs the archives, in words, whatever became of the set elsewhere: a change that may yet start, or a run that may yet
    /// go on, or back. nil: nothing.
    private static func underWay(_ changes: [Change], _ trials: [PatchSetTrial], at time: Timestamp) -> String? {
        for trial in trials where trial.outcome == nil {
            if let run = trial.run { return "\(run) with it has not ended" }
            let change = changes.first { $0.id == trial.change }
            guard let phase = change?.phase(at: time), [.cancelled, .closed].contains(phase) else {
                return "\(trial.change) with it is open"
            }
        }
        return nil
    }
}
