import ArgumentParser
import FettleControl
import FettleModel
import FettleSimulation
import Foundation

struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Play a plan on a simulated fleet, many times, through the real machine.",
        discussion: "Ends with 1 if an invariant was broken in any play.")

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The plan, such as plan-1.") var plan: String
    @Option(help: "How many plays.") var plays = 1_000
    @Option(help: "The first seed.") var seed: UInt64 = 1
    @Option(help: "Chances in 1,000 that a patch makes a host unhealthy.") var badPatch = 0
    @Option(help: "Chances in 1,000 that a package's scripts fail.") var packageFailure = 0
    @Option(help: "Chances in 1,000 that a host stops answering, at each step.") var lostHost = 0

    func validate() throws {
        guard (1...1_000_000).contains(plays) else { throw ValidationError("--plays takes 1 to 1,000,000") }
        guard [badPatch, packageFailure, lostHost].allSatisfy({ (0...1_000).contains($0) }) else {
            throw ValidationError("chances are from 0 to 1,000")
        }
    }

    func run() async throws {
        let session = try Session(options)
        let (plan, _) = try await session.plans.plan(PlanID(plan))
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
        show(results, plan, session)
        if results.contains(where: { !$0.violations.isEmpty }) { throw ExitStatus.failure.code }
    }

    private func show(_ results: [RehearsalResult], _ plan: Plan, _ session: Session) {
        let seconds = results.map(\.seconds).sorted()
        func percentile(_ share: Int) -> String {
            PlanView.words(seconds[min(seconds.count - 1, seconds.count * share / 100)])
        }
        session.print(
            "\(results.count) plays of \(plan.id): half end within \(percentile(50)), 95% within \(percentile(95)), the longest \(percentile(100))"
        )
        for group in plan.groups {
            let lowest = results.compactMap { $0.lowestAvailable[group.id] }.min() ?? 0
            session.print(
                "group \(group.id): never fewer than \(lowest) of \(group.members.count) in service (minimum \(group.minimumAvailable))"
            )
        }
        let counts: [(String, Int)] = [
            ("succeeded", results.count { $0.outcome == .succeeded }),
            ("rolled back", results.count { if case .rolledBack = $0.outcome { true } else { false } }),
            ("failed", results.count { if case .failed = $0.outcome { true } else { false } }),
            ("waiting for a person", results.count { $0.awaitingHuman != nil }),
            ("invariants broken", results.count { !$0.violations.isEmpty }),
        ]
        session.print(counts.map { "\($0.0): \($0.1)" }.joined(separator: ", "))
    }
}
