public import FettleAssessment
import FettleExecution
import FettleIndex
public import FettleModel
public import FettleStore

/// Weighs patches on groups by what is kept: the newest findings, and how this fleet's own runs went.
public struct RiskService: Sendable {
    let keeper: StageKeeper
    let runs: RunService
    let now: @Sendable () -> Timestamp

    public init(store: any Store, tools: Tools) {
        keeper = StageKeeper(store: store)
        runs = RunService(store: store, tools: tools)
        now = tools.now
    }

    /// The newest findings.
    public func newestFindings() async throws(ControlError) -> FindingSet {
        guard let (findings, _) = try await keeper.newest(FindingSet.self, .findings) else {
            throw ControlError(
                .notFound, "nothing was judged yet", hint: "`fettle scan` looks at the fleet and judges it")
        }
        return findings
    }

    /// Hosts of which it cannot be told whether what they still run is what the advisories are about.
    ///
    /// - Parameter advisories: by their numbers in the index.
    public func unknownRunning(
        _ advisories: Set<UInt32>, feeds: AdvisoryFeeds, besides findings: FindingSet
    ) async throws(ControlError) -> [FindingSet.Undecided] {
        // Only where something waits are the facts of the fleet asked for.
        let isWaiting = findings.findings.contains {
            $0.state == .installedPendingRestart || $0.state == .installedPendingReboot
        }
        guard isWaiting, let index = feeds.index, !advisories.isEmpty else { return [] }
        guard let facts = try await keeper.newest(FactSet.self, .facts)?.value else { return [] }
        let sightings = try await Governance(store: keeper.store).sightings()
        var unknown = UnknownRunning(facts: facts, sightings: sightings, index: index)
        do throws(IndexError) { return try unknown.undecided(by: advisories) } catch {
            throw ControlError(.internal, "\(error)")
        }
    }

    /// One ledger for each patch on each group that it goes to, the largest risk of waiting first.
    public func ledgers(
        _ findings: [Finding], fleet: Fleet, policy: Policy, feeds: AdvisoryFeeds
    ) async throws(ControlError) -> [RiskLedger] {
        try Self.ledgers(
            findings, history: try await history(), fleet: fleet, policy: policy, feeds: feeds, at: now())
    }

    /// The same without a store: from files alone there is no history, and each patch counts as one of its kind.
    public static func ledgers(
        _ findings: [Finding], history: PatchHistory = .empty, fleet: Fleet, policy: Policy, feeds: AdvisoryFeeds,
        at time: Timestamp
    ) throws(ControlError) -> [RiskLedger] {
        var lots: [Lot: [Finding]] = [:]
        for finding in findings where finding.state == .missing && finding.fixed != nil {
            let groups = fleet.groups(of: finding.resource).map(\.id.rawValue)
            for group in groups.isEmpty ? [finding.resource.rawValue] : groups {
                lots[Lot(source: finding.source, fixed: finding.fixed, group: group), default: []].append(finding)
            }
        }
        var ledgers: [RiskLedger] = []
        for (lot, findings) in lots {
            guard let group = group(lot.group, findings, in: fleet) else { continue }
            ledgers.append(
                RiskLedger(
                    try patch(findings, feeds), on: group, history: history, policy: policy,
                    exploitedListChecked: feeds.coverage.exploitedChecked, at: time))
        }
        return ledgers.sorted {
            ($1.waiting.perDay, $0.package, $0.group) < ($0.waiting.perDay, $1.package, $1.group)
        }
    }

    /// How patches went on this fleet: a fold over the journals of its newest runs. One that cannot be read any more says nothing.
    public func history() async throws(ControlError) -> PatchHistory {
        let summaries: [RunSummary]
        do throws(StoreError) { summaries = try await keeper.store.runs(limit: Self.runsThatCount) } catch {
            throw ControlError(store: error)
        }
        var history = PatchHistory.empty
        for summary in summaries {
            guard let story = try? await runs.story(of: summary.run), story.state.outcome != nil,
                let selection = try? await keeper.load(Selection.self, .selection, id: story.plan.selection.id).value,
                let findings = try? await keeper.load(FindingSet.self, .findings, id: selection.findings.id).value
            else { continue }
            history.add(PatchHistory.trials(plan: story.plan, journal: story.journal, findings: findings))
        }
        return history
    }

    /// Older runs say little of today's packages.
    private static let runsThatCount = 200

    private struct Lot: Hashable {
        var source: String
        var fixed: String?
        var group: String
    }

    private static func group(_ name: String, _ findings: [Finding], in fleet: Fleet) -> AffectedGroup? {
        if let group = fleet.group(GroupID(name)) {
            return AffectedGroup(group, in: fleet, hosts: Set(findings.map(\.resource)).count)
        }
        return fleet.resource(ResourceID(name)).map { AffectedGroup($0) }
    }

    private static func patch(_ findings: [Finding], _ feeds: AdvisoryFeeds) throws(ControlError) -> CandidatePatch {
        let first = findings[0]
        let updateClass = findings.map(\.updateClass).contains(.security) ? UpdateClass.security : first.updateClass
        let packages = Set(findings.flatMap(\.packages)).sorted()
        let kind = ChangeKind(
            source: first.source, packages: packages, from: first.installed, to: first.fixed, updateClass: updateClass)
        do throws(IndexError) {
            return CandidatePatch(
                package: first.source, version: first.fixed, kind: kind, updateClass: updateClass,
                weaknesses: try feeds.weaknesses(closedBy: findings),
                releasedAt: findings.compactMap(\.fixSeenAt).min(), needsReboot: kind == .kernel)
        } catch {
            throw ControlError(.internal, "\(error)")
        }
    }
}
