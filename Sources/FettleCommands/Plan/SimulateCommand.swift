import ArgumentParser
import FettleChecking
import FettleControl
import FettleModel
import FettleSimulation
import Foundation

struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Play a plan on a simulated fleet, many times, through the real machine.",
        discussion: """
            Tells how long it takes, what is left of each group at worst, and how often it keeps to its windows. The same seeds give \
            the same answer. Ends with 1 if an invariant was broken in any play, with 3 if a plan from a file is not proven safe.

            With --write-fleet it makes up a fleet of any size instead, and writes the files that `fettle plan` plans from.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var writing: FleetWriting
    @Argument(help: "The plan, such as plan-1; or a file with a plan as JSON, `-` for standard input.") var plan:
        String?
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
        let plan = try await planToPlay()
        let bar = ProgressBar("playing", total: plays)
        let statistics = try await PlayStatistics.of(
            plan, plays: plays, firstSeed: seed,
            faults: FaultProfile(packageFailure: packageFailure, badPatch: badPatch, lostHost: lostHost),
            progress: { bar.advance("") })
        bar.finish()
        for sight in statistics.violations { Output.note("seed \(sight.seed): \(sight.words)") }
        if options.output == .json {
            try Output.writeJSON(Answer(plan: plan.id, statistics: statistics))
        } else {
            Output.writeLine(SimulationView(plan: plan.id, statistics: statistics).lines())
        }
        if statistics.outcomes.invariantsBroken > 0 { throw ExitStatus.failure.code }
    }

    private func planToPlay() async throws -> Plan {
        let word = plan ?? ""
        guard !StageFile.isNamed(by: word) else { return try planFromFile(word) }
        let session = try Session(options)
        do throws(ControlError) {
            return try await session.plans.plan(PlanID(word)).plan
        } catch {
            // A file without a dot in its name.
            guard error.code == .notFound, FileManager.default.fileExists(atPath: word) else { throw error }
        }
        return try planFromFile(word)
    }

    /// What is kept was proven when it was made. What comes from a file can be anything.
    private func planFromFile(_ path: String) throws -> Plan {
        let plan = try StageFile.plan(from: path).plan
        let report = PlanChecker.check(plan)
        guard report.isProven else {
            let reasons = report.violations.prefix(5).map(\.description).joined(separator: "\n  ")
            throw CommandFailure(
                .blocked,
                "\(path) is not played, because it is not safe:\n  \(reasons)\n  `fettle plan check` tells all")
        }
        return plan
    }

    /// The statistics' own keys, and beside them the plan's.
    private struct Answer: Encodable {
        var plan: PlanID
        var statistics: PlayStatistics

        private enum CodingKeys: CodingKey { case plan }

        func encode(to encoder: any Encoder) throws {
            try statistics.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(plan, forKey: .plan)
        }
    }
}
