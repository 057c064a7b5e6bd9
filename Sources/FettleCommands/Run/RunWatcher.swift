import FettleControl
import FettleDrivers
import FettleExecution
import FettleModel
import FettleReporting
import FettleStore
import Foundation

/// Carries a run out in this process and shows it, then proves what became of it.
struct RunWatcher {
    let session: Session
    let display: RunDisplayArguments

    private var isTable: Bool { session.options.output == .table }

    /// - Throws: always; the exit code of what became of the run, if nothing else.
    /// - Parameters:
    ///   - goesOn: something of the run was done before.
    ///   - claimed: done once the run is this process's.
    func carryOut(
        _ run: RunID, takeOver: TakeOver, goesOn: Bool = false,
        claimed: @escaping @Sendable () async throws -> Void = {}
    ) async throws -> Never {
        if isTable {
            let name = TextStyle.bold.apply(run.rawValue, in: .standard)
            session.print(
                "\(name) \(goesOn ? "goes on" : "started"); `fettle run pause|abort|rollback \(run)` reaches it from elsewhere"
            )
        }
        Output.goOnWithoutReader()
        let printer = RunPrinter(isQuiet: !isTable)
        let stop = RunStop(run: run, session: session, printer: printer)
        var options = RunService.Options(
            executor: ExecutorName.own, takeOver: takeOver,
            awaiting: display.noStay ? .leaves : .staysForAnswers, looksAfterwards: !display.noVerify,
            calendar: session.calendar,
            progress: { record, state in
                printer.show(record, state)
                stop.follow(state)
            }, refused: { request, reason in stop.refused(request, reason) })
        let lastLook = display.noVerify ? nil : lastLook(at: run)
        options.claimed = claimed
        options.waits = { step, reason in printer.notice("\(step.rawValue.printable) waits: \(reason.printable)") }
        options.proves = { await lastLook?.proof() ?? .holds }
        let runs = session.runs
        let person = session.person
        do {
            _ = try await stop.carryOut { [options] in
                try await runs.carryOut(run, startedBy: person, options: options)
            }
        } catch  where stop.isPaused {
            // As it was asked to: the journal says how it stands.
        }
        try await finish(run, seen: lastLook)
    }

    private func lastLook(at run: RunID) -> LastLook {
        LastLook(
            at: run, session.evidence,
            reads: { [options = session.options] in
                // As they are by then: the session has read them when the run began.
                let folder = FleetFolder(options, warn: { _ in })
                return (try folder.fleet, try folder.policy)
            },
            feeds: display.advisories.source, directory: session.options.directory, isTold: isTable)
    }

    /// A run that has ended already: how, and what was seen afterwards, if nobody has looked yet.
    func tellEnd(of story: RunService.Story) async throws -> Never {
        if isTable {
            let words = story.state.outcome?.words ?? ""
            session.print("\(story.summary.run) has ended already: \(words.printable)")
            session.next("fettle report \(story.summary.run)")
        }
        let isReported = try await session.evidence.kept(story.summary.run) != nil
        try await finish(story.summary.run, looks: !isReported)
    }

    private func finish(_ run: RunID, looks: Bool = true, seen: LastLook? = nil) async throws -> Never {
        var story = try await session.runs.story(of: run)
        var report: RunReport?
        var isComplete = true
        let isLeft = story.state.pause != nil || story.state.handOver != nil
        if looks, !display.noVerify, !isLeft || story.state.outcome != nil {
            do {
                // What was seen before somebody had it go back is not how it ended.
                let isLast = story.state.outcome?.wasLookedAt == true
                report = try await look(at: run, seen: isLast ? await seen?.scan : nil)
            } catch {
                // What became of the run is known all the same, and is what the exit code tells.
                session.note("the hosts could not be looked at again: \(FettleCommand.words(for: error))")
                session.note("`fettle report \(run)` tries it once more")
                isComplete = false
            }
            story = try await session.runs.story(of: run)
        }
        await session.close()
        let answer = RunAnswer(story, report: report)
        if isTable { tell(answer) } else { try session.printJSON(answer) }
        throw (answer.status == .ok && !isComplete ? .partial : answer.status).code
    }

    /// Looks at the hosts by other means than the run's own steps, and reports.
    ///
    /// - Parameter scan: what was seen of them before the run was written down as ended; nil: nobody has looked.
    private func look(at run: RunID, seen scan: ScanService.Scan?) async throws -> RunReport {
        if isTable, scan == nil { session.print("looking at the hosts again …") }
        let evidence = try await session.evidence.gather(
            for: run, fleet: session.fleet, policy: session.policy, feeds: session.feeds(display.advisories.source),
            seen: scan
        ).evidence
        var report = EvidenceService.report(evidence)
        if display.report != nil {
            // Only the page shows it, and to weigh it takes a moment.
            let judgement = try await session.judgements.judgement(
                before: evidence, fleet: session.fleet, policy: session.policy,
                feeds: session.feeds(display.advisories.source))
            report = EvidenceService.report(evidence, judgement: judgement)
        }
        if isTable { session.print(RunResultView(report: report).lines()) }
        if let path = display.report {
            try Data(HTMLReport.page(report).utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
            if isTable { session.print("report: \(path)") }
        }
        return report
    }

    private func tell(_ answer: RunAnswer) {
        for entry in answer.quarantined {
            session.print(
                TextStyle.red.apply("\(entry.resource) stays out of traffic: \(entry.reason.printable)", in: .standard))
        }
        if !answer.quarantined.isEmpty { session.next("fettle quarantine list") }
        let run = answer.run
        switch answer.state {
        case .awaitingHuman:
            let reason = answer.reason ?? ""
            session.print(TextStyle.yellow.apply("The run waits for a person: \(reason.printable)", in: .standard))
            if reason.hasPrefix(RunProof.unknown) { return session.next("fettle run resume \(run)") }
            for step in answer.questions {
                session.next(
                    "fettle run gate \(run) \(step) --pass --reason '…' (or --fail) && fettle run resume \(run)")
            }
            // With nothing else in the way an answer is all that is missing.
            if answer.questions.contains(where: { reason.hasPrefix("\($0) asks:") }) { return }
            session.next(
                "fettle run retry \(run) && fettle run resume \(run)",
                "fettle run rollback \(run) --reason '…' && fettle run resume \(run)")
        case .paused:
            let out = answer.out.map(\.rawValue).joined(separator: ", ")
            session.print(
                TextStyle.yellow.apply(
                    "\(run) is paused\(out.isEmpty ? "; nobody is out of traffic" : "; out of traffic meanwhile: \(out)")",
                    in: .standard))
            let abort =
                out.isEmpty ? "" : "; `fettle run abort \(run) && fettle run resume \(run)` brings back what is out"
            session.print("`fettle run resume \(run)` goes on\(abort)")
        case .handedOver:
            session.print("\(run) is handed over, nothing is under way; `fettle run resume \(run)` goes on at once")
        case .succeeded, .rolledBack, .failed, .inProgress: break
        }
    }
}
