internal import FettleDriverKit
internal import FettleModel

/// Samples one probe of one target over and over.
struct ProbeWatch: Sendable {
    let target: ProbeTarget
    /// nil: nothing was declared, so it is asked whether its host can be reached.
    let probe: Probe?
    let runner: ProbeRunner
    /// The act that is judged.
    var moment = ProbeMoment.none

    private static let reachability = Probe(name: "reachability", check: .command(argv: []), samples: 1)

    private var settings: Probe { probe ?? Self.reachability }
    /// Of a range it is one answer that must have so many samples.
    var samplesInRow: Int { settings.isRange ? 1 : min(max(1, settings.samples), 1_000) }
    var interval: Duration { .seconds(min(max(0, settings.intervalSeconds), 3_600)) }
    private var maximumAge: Duration { .seconds(min(max(1, settings.maximumAgeSeconds ?? 86_400), 86_400)) }
    private var deadline: Duration { .seconds(min(max(1, settings.deadlineSeconds), 86_400)) }

    /// Of a step that judges what was done before it.
    static func all(
        _ targets: [ProbeTarget], _ probes: [Probe], _ runner: ProbeRunner, in context: StepContext
    ) -> [ProbeWatch] {
        all(targets, probes, runner, at: ProbeMoment(context), in: context.plan)
    }

    static func all(
        _ targets: [ProbeTarget], _ probes: [Probe], _ runner: ProbeRunner, at moment: ProbeMoment, in plan: Plan
    ) -> [ProbeWatch] {
        // What a person answers is a step of its own.
        let asked = probes.filter { !$0.isManual }
        return targets.flatMap { target in
            let moment = moment.asked(of: target.resource, in: plan)
            return asked.isEmpty
                ? [ProbeWatch(target: target, probe: nil, runner: runner)]
                : asked.map { ProbeWatch(target: target, probe: $0, runner: runner, moment: moment) }
        }
    }

    func sample() async -> ProbeSample {
        if let probe { return await runner.sample(probe, of: target, at: moment) }
        return await runner.reach(target)
    }

    /// Asks until as many answers in a row as the probe demands have passed, all of the same process.
    ///
    /// - Throws: at the deadline `unhealthy` if it ever answered badly, `inconclusive` if it could only never be asked.
    func untilSteady() async throws(StepFailure) -> ProbeSample {
        let clock = ContinuousClock()
        let end = clock.now + deadline
        var passes = 0
        var firstPass: ContinuousClock.Instant?
        var mark: String?
        var lastFailure: ProbeSample?
        var lastError: ProbeSample?
        while true {
            let asked = clock.now
            let sample = await sample()
            // The first of a row that took too long proves nothing about this moment.
            if let first = firstPass, passes > 0, first.duration(to: clock.now) > maximumAge { passes = 0 }
            if passes == 0 { firstPass = asked }
            switch sample.verdict {
            case .pass where passes > 0 && sample.mark != mark:
                // Whatever answered before is gone: the count begins with the new one.
                lastFailure = sample
                lastFailure?.reason += ", but it was restarted in between"
                (passes, firstPass) = (1, asked)
            case .pass: passes += 1
            case .fail: (passes, lastFailure) = (0, sample)
            case .inconclusive, .error: (passes, lastError) = (0, sample)
            }
            mark = sample.mark
            if passes >= samplesInRow { return sample }
            guard clock.now + interval < end else { break }
            do { try await clock.sleep(for: interval) } catch {
                throw StepFailure(code: .inconclusive, message: "\(target.resource): stopped while it was watched")
            }
        }
        let time = "in \(deadline.inSeconds) s"
        if let lastFailure {
            throw StepFailure(
                code: .unhealthy, message: "\(target.resource) did not become healthy \(time): \(lastFailure.reason)")
        }
        throw StepFailure(
            code: .inconclusive,
            message:
                "\(target.resource): too few answers \(time): \(lastError?.reason ?? "\(passes) of \(samplesInRow)")")
    }

    /// What a watch over a time has counted.
    struct Tally: Sendable, Equatable {
        var taken = 0
        var passed = 0
    }

    /// Asks at the probe's interval for a time, and at least as often as the probe's `samples`.
    ///
    /// One bad answer alone may be the network's: as many in a row as the probe demands good ones are a failure. A service
    /// that was restarted is a failure at once, since nobody has asked for it.
    ///
    /// - Parameter note: is told every answer.
    /// - Throws: `unhealthy` as soon as it is certain; at the end `inconclusive` if fewer than half of the questions, or than
    ///   `samples`, were answered well.
    func watch(
        for time: Duration, note: @Sendable (ProbeSample) -> Void = { _ in }
    ) async throws(StepFailure) -> Tally {
        let clock = ContinuousClock()
        let end = clock.now + time
        let lastCall = end + deadline
        var tally = Tally()
        var (failuresInRow, mark): (Int, String?) = (0, nil)
        var last: ProbeSample
        repeat {
            if tally.taken > 0 {
                do { try await clock.sleep(for: interval) } catch {
                    throw StepFailure(code: .inconclusive, message: "\(target.resource): stopped while it was watched")
                }
            }
            last = await sample()
            note(last)
            tally.taken += 1
            switch last.verdict {
            case .pass:
                (tally.passed, failuresInRow) = (tally.passed + 1, 0)
                if let mark, let now = last.mark, mark != now {
                    throw unhealthy("was restarted while it was watched", last)
                }
                mark = mark ?? last.mark
            case .fail:
                failuresInRow += 1
                if failuresInRow >= samplesInRow { throw unhealthy("\(failuresInRow) bad answers in a row", last) }
            case .inconclusive, .error: break
            }
            // Past the end only to get enough answers, or to settle what the last one was.
        } while clock.now + interval <= end
            || (clock.now < lastCall && (last.verdict != .pass || tally.passed < samplesInRow))
        guard last.verdict == .pass, tally.passed >= samplesInRow, tally.passed * 2 >= tally.taken else {
            throw StepFailure(
                code: .inconclusive,
                message:
                    "\(target.resource): only \(tally.passed) of \(tally.taken) answers were good, and the last said: "
                    + last.reason)
        }
        return tally
    }

    /// Asks at the probe's interval for a time, whatever the answers are: of those that others are compared with.
    func listen(for time: Duration, note: @Sendable (ProbeSample) -> Void) async {
        let clock = ContinuousClock()
        let end = clock.now + time
        repeat {
            note(await sample())
            do { try await clock.sleep(for: max(interval, .milliseconds(1))) } catch { return }
        } while clock.now <= end
    }

    private func unhealthy(_ what: String, _ sample: ProbeSample) -> StepFailure {
        StepFailure(code: .unhealthy, message: "\(target.resource): \(what): \(sample.reason)")
    }
}

/// All of them at once, at most `limit` at the same time; the first failure ends the others.
func concurrently<Item: Sendable, Value: Sendable>(
    _ items: [Item], limit: Int = 32, _ work: @escaping @Sendable (Item) async throws(StepFailure) -> Value
) async throws(StepFailure) -> [Value] {
    do {
        return try await withThrowingTaskGroup(of: (Int, Value).self) { group in
            var waiting = Array(items.enumerated())[...]
            for (index, item) in waiting.prefix(limit) { group.addTask { (index, try await work(item)) } }
            waiting = waiting.dropFirst(limit)
            var values: [(Int, Value)] = []
            while let value = try await group.next() {
                values.append(value)
                if let (index, item) = waiting.popFirst() { group.addTask { (index, try await work(item)) } }
            }
            return values.sorted { $0.0 < $1.0 }.map(\.1)
        }
    } catch let failure as StepFailure {
        throw failure
    } catch {
        throw StepFailure(code: .internal, message: "\(error)")
    }
}

extension Probe {
    /// Whether one answer tells of a time and not of a moment.
    var isRange: Bool {
        guard case .prometheus(let question) = check else { return false }
        return question.overSeconds != nil
    }
}
