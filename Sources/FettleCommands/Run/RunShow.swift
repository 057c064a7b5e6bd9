import ArgumentParser
import FettleControl
import FettleExecution
import FettleModel
import FettleReporting
import FettleStore

struct RunList: AsyncParsableCommand, ListAnswering {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Runs, newest first.")

    @OptionGroup var options: GlobalOptions
    @Option(help: "How many.") var limit = 20

    func run() async throws {
        let session = try Session(options)
        if options.output != .table {
            let overview = OverviewService(store: session.store, tools: session.tools)
            let runs = try await overview.overview(runs: limit).runs
            guard options.output.isLines else { return try session.printJSON(runs) }
            return try Output.writeLines(ListAnswer.runs(runs), as: options.output)
        }
        var table = Table([
            .init(title: "RUN"), .init(title: "CHANGE"), .init(title: "STARTED"), .init(title: "STEPS"),
            .init(title: "STATE", shrinks: 1),
        ])
        for summary in try await session.runs.runs(limit: limit) {
            let state: RunState
            do throws(ControlError) {
                state = try await session.runs.story(of: summary.run).state
            } catch {
                if error.code == .unavailable { throw error }
                table.add(
                    .init(summary.run.rawValue, .bold), .init(summary.change.rawValue), .init("?"), .init("?"),
                    .init("cannot be read: \(error.message)", .red))
                continue
            }
            table.add(
                .init(summary.run.rawValue, .bold), .init(summary.change.rawValue),
                .init(state.startedAt?.description ?? "-"), .init("\(state.progress.settled)/\(state.progress.total)"),
                .init(state.words(executor: summary.executor)))
        }
        session.print(table)
    }
}

struct RunShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "How a run stands, and what happened.")

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The run, such as run-1.") var run: String

    func run() async throws {
        let session = try Session(options)
        let story = try await session.runs.story(of: RunID(run))
        if options.output == .json { return try session.printJSON(story.journal) }
        let summary = story.summary
        session.print(
            "\(summary.run) for \(summary.change): \(story.state.words(executor: summary.executor).printable)")
        for (step, questions) in story.state.questions where story.state.awaitingHuman == nil {
            session.print("\(step) asks: \(questions.joined(separator: " ").printable)")
            session.next("fettle run gate \(summary.run) \(step) --pass --reason '…' (or --fail)")
        }
        var table = Table([
            .init(title: "HOST"), .init(title: "PHASE"), .init(title: "IN TRAFFIC"), .init(title: "STEPS", shrinks: 2),
            .init(title: "TROUBLE", shrinks: 1),
        ])
        let kept = Set(try await session.runs.quarantined().filter { $0.run == summary.run }.map(\.resource))
        for resource in story.state.resources {
            // A person has settled it since: the journal of a run that has ended does not tell.
            let isSettled =
                resource.phase == .quarantined && story.state.outcome != nil && !kept.contains(resource.resource)
            table.add(
                .init(resource.resource.rawValue, .bold), .init(isSettled ? "settled" : resource.phase.words),
                isSettled
                    ? .init("see the log", .dim)
                    : .init(resource.isOut ? "no" : "yes", resource.isOut ? .yellow : .plain),
                .init(Self.done(resource)),
                .init(resource.failure.map { "\($0.step): \($0.failure.message)" } ?? "", .red))
        }
        session.print(table)
        let told = RunStory(plan: story.plan, journal: story.journal)
        for step in told.steps {
            guard let rows = step.judgement else { continue }
            session.print("\(step.step): \((step.observation?.summary ?? step.failure?.message ?? "").printable)")
            session.print(Table(judgement: rows))
        }
        for moment in told.moments {
            session.print("  \(moment.at)  \(moment.text.printable)")
        }
    }
}

extension RunShow {
    /// What was done of it, and behind that what its way back has done.
    fileprivate static func done(_ resource: ResourceProgress) -> String {
        let ways = [resource.steps, resource.rollback].map { steps in
            steps.filter(\.status.isSettled).map(\.name).joined(separator: " › ")
        }
        return ways[1].isEmpty ? ways[0] : "\(ways[0]); back: \(ways[1])"
    }
}

extension ResourceProgress.Phase {
    fileprivate var words: String {
        switch self {
        case .untouched, .going, .finished, .completing, .restoring, .restored, .quarantined, .stopped: rawValue
        case .rollingBack: "going back"
        case .rolledBack: "taken back"
        }
    }
}

extension Table {
    /// What a bake has compared.
    init(judgement rows: [JudgementRow]) {
        self.init([
            .init(title: "COMPARED", shrinks: 1), .init(title: "PATCHED", shrinks: 2),
            .init(title: "CONTROL", shrinks: 2),
            .init(title: "FIGURE", shrinks: 3), .init(title: "VERDICT"),
        ])
        for row in rows {
            let isGood = row.verdict == GateVerdict.pass.rawValue
            let isBad = row.verdict == GateVerdict.fail.rawValue
            add(
                .init(row.subject), .init(row.patched), .init(row.control), .init(row.figure),
                .init(row.verdict, isGood ? .green : isBad ? .red : .yellow))
        }
    }
}

extension RunState {
    func words(executor: String?) -> String {
        if let outcome { return outcome.words }
        if let handOver {
            return executor == nil
                ? "handed over by \(handOver.by); `fettle run resume` goes on"
                : "being handed over, asked by \(handOver.by)"
        }
        if let awaitingHuman { return "waits for a person: \(awaitingHuman)" }
        if let pause {
            let finishing = finishing.map(\.rawValue).joined(separator: ", ")
            return finishing.isEmpty
                ? "paused by \(pause.by)" : "pausing, asked by \(pause.by); finishes first: \(finishing)"
        }
        guard let executor, !ExecutorName.isGone(executor) else {
            return "not being carried out; `fettle run resume` goes on"
        }
        switch phase {
        case .forward: return "in progress (\(executor))"
        case .aborting: return "stopping (\(executor))"
        case .rollingBack: return "going back (\(executor))"
        }
    }
}
