import ArgumentParser
import FettleControl
import FettleModel
import FettleSimulation
import Foundation

struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Play a plan on a simulated fleet, many times, through the real machine.",
        discussion: """
            Ends with 1 if an invariant was broken in any play.

            With --write-fleet it makes up a fleet of any size instead, and writes the files that `fettle plan` plans from.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var writing: FleetWriting
    @Argument(help: "The plan, such as plan-1.") var plan: String?
    @Option(help: "How many plays.") var plays = 1_000
    @Option(help: "The first seed.") var seed: UInt64 = 1
    @Option(help: "Chances in 1,000 that a patch makes a host unhealthy.") var badPatch = 0
    @Option(help: "Chances in 1,000 that a package's scripts fail.") var packageFailure = 0
    @Option(help: "Chances in 1,000 that a host stops answering, at each step.") var lostHost = 0

    func validate() throws {
        if (plan == nil) == (writing.folder == nil) {
            throw ValidationError("name a plan to play, or a folder with --write-fleet")
        }
        guard (1...1_000_000).contains(plays) else { throw ValidationError("--plays takes 1 to 1,000,000") }
        guard [badPatch, packageFailure, lostHost].allSatisfy({ (0...1_000).contains($0) }) else {
            throw ValidationError("chances are from 0 to 1,000")
        }
    }

    func run() async throws {
        if try writing.write(seed: seed, form: options.output) { return }
        let session = try Session(options)
        let (plan, _) = try await session.plans.plan(PlanID(plan ?? ""))
        let faults = FaultProfile(packageFailure: packageFailure, badPatch: badPatch, lostHost: lostHost)
        let bar = ProgressBar("playing", total: plays)
        var results: [RehearsalResult] = []
        for play in 0..<plays {
            var rehearsal = try Rehearsal(plan, seed: seed &+ UInt64(play), faults: faults)
            var result = try rehearsal.play()
            for violation in result.violations { session.note("seed \(seed &+ UInt64(play)): \(violation)") }
            result.journal = []
            results.append(result)
            bar.advance("")
        }
        bar.finish()
        let answer = Answer(results, of: plan)
        if options.output == .json { try session.printJSON(answer) } else { show(answer, session) }
        if answer.outcomes.invariantsBroken > 0 { throw ExitStatus.failure.code }
    }

    private struct Answer: Encodable {
        struct Group: Encodable {
            var group: GroupID
            var members: Int
            var minimumAvailable: Int
            /// In any play, at any moment.
            var lowestAvailable: Int
        }

        struct Seconds: Encodable {
            var median: Int
            var p95: Int
            var longest: Int
        }

        struct Outcomes: Encodable {
            var succeeded: Int
            var rolledBack: Int
            var failed: Int
            var awaitingHuman: Int
            var invariantsBroken: Int
        }

        var plan: PlanID
        var plays: Int
        var seconds: Seconds
        var groups: [Group]
        var outcomes: Outcomes

        init(_ results: [RehearsalResult], of plan: Plan) {
            self.plan = plan.id
            plays = results.count
            let sorted = results.map(\.seconds).sorted()
            func percentile(_ share: Int) -> Int { sorted[min(sorted.count - 1, sorted.count * share / 100)] }
            seconds = Seconds(median: percentile(50), p95: percentile(95), longest: percentile(100))
            groups = plan.groups.map { group in
                Group(
                    group: group.id, members: group.members.count, minimumAvailable: group.minimumAvailable,
                    lowestAvailable: results.compactMap { $0.lowestAvailable[group.id] }.min() ?? 0)
            }
            outcomes = Outcomes(
                succeeded: results.count { $0.outcome == .succeeded },
                rolledBack: results.count { if case .rolledBack = $0.outcome { true } else { false } },
                failed: results.count { if case .failed = $0.outcome { true } else { false } },
                awaitingHuman: results.count { $0.awaitingHuman != nil },
                invariantsBroken: results.count { !$0.violations.isEmpty })
        }
    }

    private func show(_ answer: Answer, _ session: Session) {
        let words = PlanView.words
        let seconds = answer.seconds
        session.print(
            "\(answer.plays) plays of \(answer.plan): half end within \(words(seconds.median)), "
                + "95% within \(words(seconds.p95)), the longest \(words(seconds.longest))")
        for group in answer.groups {
            session.print(
                "group \(group.group): never fewer than \(group.lowestAvailable) of \(group.members) in service "
                    + "(minimum \(group.minimumAvailable))")
        }
        let outcomes = answer.outcomes
        session.print(
            "succeeded: \(outcomes.succeeded), rolled back: \(outcomes.rolledBack), failed: \(outcomes.failed), "
                + "waiting for a person: \(outcomes.awaitingHuman), invariants broken: \(outcomes.invariantsBroken)")
    }
}
