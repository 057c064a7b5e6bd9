import FettleDriverKit
import FettleJudgement
import FettleModel

/// Watches patched members and those that they are compared with: probes and pulses, round after round.
struct BakeWatch: Sendable {
    let patched: [ProbeTarget]
    let controls: [ProbeTarget]
    let probes: [Probe]
    let runner: ProbeRunner
    let pulses: PulseTaker
    let moment: ProbeMoment
    let plan: Plan
    /// What runs beside them; nil: nobody is asked.
    let neighbours: NeighbourWatch?
    let record = BakeRecord()
    private let clocks = HostClocks()
    private let clock = ContinuousClock()
    private let began = ContinuousClock.now
    private let beganAt = Timestamp.now()

    init(
        patched: [ProbeTarget], controls: [ProbeTarget], probes: [Probe], runner: ProbeRunner, pulses: PulseTaker,
        at moment: ProbeMoment, in plan: Plan, neighbours: NeighbourWatch? = nil
    ) {
        self.patched = patched
        self.controls = controls
        self.probes = probes
        self.runner = runner
        self.pulses = pulses
        self.moment = moment
        self.plan = plan
        self.neighbours = neighbours
    }

    private enum Job: Sendable {
        case watch(ProbeWatch)
        case listen(ProbeWatch)
        case neighbour(Int)
        case takePulses
    }

    /// Watches for a time.
    ///
    /// - Throws: as `ProbeWatch.watch`, as soon as a patched member is certainly not well.
    func round(_ time: Duration) async throws(StepFailure) {
        var jobs = ProbeWatch.all(patched, probes, runner, at: moment, in: plan).map { Job.watch($0) }
        jobs += ProbeWatch.all(controls, probes, runner, at: moment, in: plan).map { Job.listen($0) }
        jobs += neighbours?.places.map { Job.neighbour($0) } ?? []
        jobs.append(.takePulses)
        // All at the same time, or the later ones would be watched later and not at all while the first are.
        _ = try await concurrently(jobs, limit: jobs.count) { job throws(StepFailure) in try await take(job, for: time)
        }
    }

    private func take(_ job: Job, for time: Duration) async throws(StepFailure) {
        switch job {
        case .watch(let watch):
            _ = try await watch.watch(for: time) { record.note($0, of: watch.probe, at: watch.target.resource) }
        case .listen(let watch):
            await watch.listen(for: time) { record.note($0, of: watch.probe, at: watch.target.resource) }
        case .neighbour(let place): await neighbours?.listen(place, for: time)
        case .takePulses: await takePulses(for: time)
        }
    }

    /// Thirty in each round, where it lasts so long: fewer could not tell a leak from chance. Of all members at the same moment, so that they
    /// can be compared.
    private func takePulses(for time: Duration) async {
        let interval = min(max(time / 30, .milliseconds(500)), .seconds(60))
        let end = clock.now + time
        var number = 0
        while true {
            let start = clock.now
            let isLast = start + interval > end
            // The journal is slow to read: at the end, and now and then.
            let isAsked = number % 15 == 0 || isLast
            let at = began.duration(to: start) / .seconds(1)
            _ = await (patched + controls).concurrentMap(limit: 16) { target in
                await takePulse(of: target, at: at, withTroubles: isAsked)
            }
            number += 1
            if isLast { return }
            do { try await clock.sleep(until: start + interval) } catch { return }
        }
    }

    /// - Parameter withTroubles: crashes and the kernel's messages too, as soon as the host's clock is known.
    private func takePulse(of target: ProbeTarget, at: Double, withTroubles: Bool) async {
        let since = withTroubles ? clocks.began(target.resource) : nil
        var pulse = await pulses.pulse(of: target, at: at, since: since)
        clocks.note(pulse, of: target.resource)
        if clocks.began(target.resource) == nil, pulse.bootID != nil {
            pulse.unknown["crashes"] = "the host's clock could not be read"
        }
        record.note(pulse, of: target.resource)
    }

    /// Units that were started after the plan was made: most likely for the patch.
    ///
    /// - Parameter createdAt: when the plan was made, by this machine's clock; the host's own is not asked.
    func restarted(since createdAt: Timestamp) -> Set<String> {
        let age = Double(beganAt.milliseconds - createdAt.milliseconds) / 1_000
        var units: Set<String> = []
        for series in record.series(of: patched.map(\.resource)) {
            guard let first = series.pulses.first(where: { $0.services != nil }), let up = first.uptimeSeconds else {
                continue
            }
            for service in first.services ?? [] where up - Double(service.activeSince) / 1_000_000 < age {
                units.insert(service.unit)
            }
        }
        return units
    }
}
