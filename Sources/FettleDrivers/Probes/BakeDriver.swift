public import FettleDriverKit
internal import FettleJudgement
public import FettleModel

/// Watches resources for a time, and judges what was seen.
///
/// None of their probes may fail on the way, and all must pass at the end. Where the plan says how, what was seen is compared
/// with members that were not patched (`BakeJudge`); what cannot be told yet is watched for longer, up to a limit, and never
/// passes.
///
/// Only time in which somebody looked counts. If Fettle was away in the middle, the whole watch begins anew with the next
/// attempt: the time alone proves nothing (I6).
public struct BakeDriver: StepDriver {
    private let runner: ProbeRunner
    private let pulses: PulseTaker
    private let verdicts = BakeVerdicts()

    public init(runner: ProbeRunner, channels: any ChannelProvider) {
        self.runner = runner
        pulses = PulseTaker(channels: channels)
    }

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        do throws(StepFailure) {
            _ = try Bake(step, in: context)
            return .ready(prior: nil)
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        let bake = try Bake(step, in: context)
        guard let judgement = bake.judgement else {
            let watches = ProbeWatch.all(bake.patched, bake.probes, runner, in: context)
            _ = try await concurrently(watches, limit: watches.count) { watch throws(StepFailure) in
                try await watch.watch(for: .seconds(bake.seconds))
            }
            return
        }
        let verdict = try await judged(bake, judgement, context)
        let table = JudgementRow.text(of: verdict.rows)
        switch verdict.verdict {
        case .pass: verdicts.keep(verdict, run: context.run, step: step.id, attempt: context.attempt)
        case .fail: throw StepFailure(code: .unhealthy, message: "\(bake.names): \(verdict.summary)", output: table)
        case .inconclusive, .error:
            throw StepFailure(code: .inconclusive, message: "\(bake.names): \(verdict.summary)", output: table)
        }
    }

    /// Asks every probe of every resource once more.
    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let bake = try Bake(step, in: context)
        var observation = try await GateDriver.once(
            ProbeWatch.all(bake.patched, bake.probes, runner, in: context), since: context.intendedAt)
        observation.summary = "\(bake.names) stayed healthy for \(bake.seconds) s"
        guard bake.judgement != nil else { return observation }
        guard let verdict = verdicts.take(run: context.run, step: step.id, attempt: context.attempt) else {
            throw StepFailure(
                code: .inconclusive, message: "\(step.id): what was judged is lost: it has to be watched anew")
        }
        observation.summary = "\(bake.names): \(verdict.summary)"
        observation.details[JudgementRow.detailsKey] = JudgementRow.text(of: verdict.rows, limit: 64_000)
        return observation
    }

    /// Watches until it can be told, at most for as long as the bake may be extended: three more looks.
    private func judged(
        _ bake: Bake, _ judgement: BakeJudgement, _ context: StepContext
    ) async throws(StepFailure) -> BakeVerdict {
        let neighbours = await NeighbourWatch(
            judgement, patched: Set(bake.patched.map(\.resource)), before: context.before, runner: runner,
            at: ProbeMoment(context))
        let watch = BakeWatch(
            patched: bake.patched, controls: bake.controls, probes: bake.probes, runner: runner, pulses: pulses,
            at: ProbeMoment(context), in: context.plan, neighbours: neighbours)
        let more = max(0, min(judgement.extendUntilSeconds, Bake.longestSeconds) - bake.seconds)
        let rounds = [bake.seconds] + (more > 0 ? [Int](repeating: max(1, more / 3), count: 3) : [])
        var verdict = BakeVerdict(verdict: .inconclusive, summary: "nothing was seen", rows: [])
        for seconds in rounds {
            try await watch.round(.seconds(seconds))
            let judge = BakeJudge(
                judgement, restarted: watch.restarted(since: context.plan.createdAt), looks: rounds.count)
            verdict = judge.judge(
                watch.record.series(of: bake.patched.map(\.resource)), against: basis(bake, watch, context),
                neighbours: neighbours.series)
            guard verdict.verdict == .inconclusive else { break }
        }
        return verdict
    }

    /// Controls, or what the same members were before they were patched.
    private func basis(_ bake: Bake, _ watch: BakeWatch, _ context: StepContext) -> BakeBasis {
        let controls = watch.record.series(of: bake.controls.map(\.resource)).filter { series in
            series.pulses.contains { $0.bootID != nil } || series.answers.values.contains { $0.asked > 0 }
        }
        if !controls.isEmpty { return .controls(controls) }
        let history = bake.patched.compactMap { BakeHistory.series(in: context.before[$0.resource]) }
        guard history.count == bake.patched.count else {
            return .nothing(reason: "no member is left to compare with, and nothing was recorded before the patch")
        }
        return .history(history)
    }
}

/// A bake's action, with its addresses.
private struct Bake {
    static let longestSeconds = 30 * 86_400

    var patched: [ProbeTarget] = []
    var controls: [ProbeTarget] = []
    let probes: [Probe]
    let seconds: Int
    let judgement: BakeJudgement?

    init(_ step: Step, in context: StepContext) throws(StepFailure) {
        guard case .bake(let seconds, let resources, let probes, let judgement) = step.action else {
            throw StepFailure(code: .internal, message: "\(step.id) is no bake")
        }
        guard !resources.isEmpty else {
            throw StepFailure(code: .inconclusive, message: "\(step.id): there is nothing left to watch")
        }
        self.probes = probes
        self.seconds = min(max(0, seconds), Self.longestSeconds)
        self.judgement = judgement
        for resource in resources { patched.append(try Self.target(resource, context)) }
        for resource in judgement?.controls ?? [] where !resources.contains(resource) {
            controls.append(try Self.target(resource, context))
        }
    }

    private static func target(_ resource: ResourceID, _ context: StepContext) throws(StepFailure) -> ProbeTarget {
        guard let target = context.plan.probeTarget(resource) else {
            throw StepFailure(code: .refused, message: "the plan has no address for \(resource)")
        }
        return target
    }

    var names: String { Set(patched.map(\.resource)).sorted().map(\.rawValue).joined(separator: ", ") }
}
