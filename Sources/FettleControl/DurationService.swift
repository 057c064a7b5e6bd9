import FettleModel
import FettlePlanning
import FettleStore

/// How long steps took in this fleet's own runs, for the planner.
struct DurationService: Sendable {
    let keeper: StageKeeper
    let changes: ChangeService

    init(store: any Store, tools: Tools) {
        keeper = StageKeeper(store: store)
        changes = ChangeService(store: store, now: tools.now)
    }

    /// Older runs say little of today's hosts, and a few large ones say enough.
    private static let runsThatCount = 100
    private static let samplesThatSuffice = 100_000

    /// The documented table, with a fold over the journals of the newest runs. One whose plan or journal cannot be read any more
    /// says nothing.
    func priors(fleet: Fleet) async throws(ControlError) -> DurationPriors {
        let summaries: [RunSummary]
        do throws(StoreError) { summaries = try await keeper.store.runs(limit: Self.runsThatCount) } catch {
            throw ControlError(store: error)
        }
        var samples: [DurationSample] = []
        for summary in summaries where samples.count < Self.samplesThatSuffice {
            guard let change = try? await changes.change(summary.change),
                let plan = try? await changes.plan(of: change),
                let journal = try? await keeper.store.records(of: summary.run, after: 0)
            else { continue }
            samples += DurationSample.samples(plan: plan, journal: journal)
        }
        var priors = DurationPriors.documented
        priors.history = DurationHistory(samples, fleet: fleet)
        return priors
    }
}
