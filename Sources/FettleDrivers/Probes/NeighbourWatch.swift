import FettleDriverKit
import FettleJudgement
import FettleModel
import Synchronization

/// Asks what runs beside those of a bake, all the time while these are watched. What it says ends no watch: the judge hears it.
struct NeighbourWatch: Sendable {
    /// Probes of all neighbours together that are asked.
    static let mostQuestions = 256

    private let watches: [ProbeWatch]
    private let record: NeighbourRecord

    /// - Parameters:
    ///   - judgement: who is asked.
    ///   - patched: who is watched; a neighbour of none of them and of no control is not asked.
    ///   - before: what the preflights of those have observed.
    ///   - moment: the act that is judged.
    init(
        _ judgement: BakeJudgement, patched: Set<ResourceID>, before: [ResourceID: Observation], runner: ProbeRunner,
        at moment: ProbeMoment
    ) async {
        let known = NeighbourHistory.verdicts(in: before)
        let controls = Set(judgement.controls)
        var watches: [ProbeWatch] = []
        var series: [NeighbourSeries] = []
        for neighbour in judgement.neighbours ?? [] {
            let isOfPatched = !patched.isDisjoint(with: neighbour.beside)
            guard isOfPatched || !controls.isDisjoint(with: neighbour.beside) else { continue }
            let target = ProbeTarget(resource: neighbour.resource, address: neighbour.address)
            for probe in neighbour.probes where !probe.isManual && watches.count < Self.mostQuestions {
                watches.append(
                    ProbeWatch(
                        target: target, probe: probe, runner: runner,
                        moment: await Self.moment(of: probe, target, neighbour, runner, moment)))
                series.append(
                    NeighbourSeries(
                        resource: neighbour.resource, group: neighbour.group, probe: probe.name,
                        isOfControls: !isOfPatched, before: known[NeighbourHistory.Key(neighbour, probe)],
                        neededInRow: min(probe.samples, 100)))
            }
        }
        self.watches = watches
        record = NeighbourRecord(series)
    }

    /// No act on a neighbour notes where its log ends: what is written from now on counts.
    private static func moment(
        of probe: Probe, _ target: ProbeTarget, _ neighbour: BakeNeighbour, _ runner: ProbeRunner,
        _ moment: ProbeMoment
    ) async -> ProbeMoment {
        var own = ProbeMoment(since: moment.since, traffic: neighbour.traffic.map { [$0] } ?? [])
        if case .log(let source, _, _) = probe.check {
            own.marks[LogMark.key(source, on: target.resource)] = await runner.logMark(source, of: target)
        }
        return own
    }

    var places: Range<Int> { watches.indices }
    var series: [NeighbourSeries] { record.series }

    /// Asks for a time, four times or more often where answers are quick, and beyond it until two were given, or as long as a row
    /// of bad ones is open: one answer alone is no series.
    func listen(_ place: Int, for time: Duration) async {
        let watch = watches[place]
        let clock = ContinuousClock()
        let end = clock.now + time
        let pause = max(min(watch.interval, time / 4), .milliseconds(500))
        var (asked, late) = (0, 0)
        while true {
            record.note(await watch.sample(), place)
            asked += 1
            if clock.now + pause > end {
                guard asked < 2 || record.isOpen(place), late <= watch.samplesInRow + 1 else { return }
                late += 1
            }
            do { try await clock.sleep(for: pause) } catch { return }
        }
    }
}

/// What neighbours have answered so far.
private final class NeighbourRecord: Sendable {
    private struct State {
        var series: [NeighbourSeries]
        /// For each how many of its newest answers are bad.
        var row: [Int]
    }

    private let state: Mutex<State>

    init(_ series: [NeighbourSeries]) {
        state = Mutex(State(series: series, row: [Int](repeating: 0, count: series.count)))
    }

    var series: [NeighbourSeries] { state.withLock { $0.series } }

    /// What cannot be asked neither ends a row nor makes it longer.
    func note(_ sample: ProbeSample, _ place: Int) {
        state.withLock { state in
            switch sample.verdict {
            case .pass:
                state.series[place].passed += 1
                state.series[place].endsBadly = false
                state.row[place] = 0
            case .fail:
                state.series[place].failed += 1
                state.series[place].endsBadly = true
                state.row[place] += 1
                state.series[place].failedInRow = max(state.series[place].failedInRow, state.row[place])
            case .inconclusive, .error: state.series[place].unanswered += 1
            }
            if sample.verdict != .pass { state.series[place].reason = sample.reason }
        }
    }

    /// Whether the newest answer was bad, and not yet one of too many.
    func isOpen(_ place: Int) -> Bool {
        state.withLock { state in
            state.series[place].endsBadly && state.series[place].failedInRow < state.series[place].neededInRow
        }
    }
}
