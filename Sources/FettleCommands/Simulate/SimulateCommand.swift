import ArgumentParser
import FettleChecking
import FettleControl
import FettleDriverKit
import FettleModel
import FettleSimulation
import Foundation

struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Play a plan on a simulated fleet, many times, through the real machine.",
        discussion: """
            Tells how long it takes, what is left of each group at worst, and how often it keeps to its windows. The same seeds give \
            the same answer. Ends with 1 if an invariant was broken in any play, with 3 if a plan from a file is not proven safe.

            With --seeds it is played among disasters instead: executors die and others take over, replies are lost, hosts go away, \
            load balancers forget, disks are full, people interfere. Tells what was met, and of each seed that broke an invariant a \
            shorter play that breaks the same, with its story. With --generated each seed has a made-up fleet of its own.

            With --write-fleet it makes up a fleet of any size instead, and writes the files that `fettle plan` plans from.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var writing: FleetWriting
    @OptionGroup var disasters: DisasterOptions
    @Argument(help: "The plan, such as plan-1; or a file with a plan as JSON, `-` for standard input.") var plan:
        String?
    @Option(help: "How many plays without disasters; 1,000 otherwise.") var plays: Int?
    @Option(help: "The first seed without disasters; 1 otherwise.") var seed: UInt64?
    @Option(help: "Chances in 1,000 that a patch makes a host unhealthy.") var badPatch: Int?
    @Option(help: "Chances in 1,000 that a package's scripts fail.") var packageFailure: Int?
    @Option(help: "Chances in 1,000 that a host stops answering, at each step.") var lostHost: Int?

    private static let mostGeneratedHosts = 1_000

    func validate() throws {
        guard [plan != nil, disasters.generated, writing.folder != nil].count(where: { $0 }) == 1 else {
            throw ValidationError("name a plan to play, or --generated, or a folder with --write-fleet")
        }
        let chances = [badPatch, packageFailure, lostHost].compactMap(\.self)
        if writing.folder == nil {
            if disasters.areAsked, plays != nil || seed != nil || !chances.isEmpty {
                throw ValidationError(
                    "among disasters --seeds says what is played: --plays, --seed and the chances do not")
            }
            if let hosts = writing.hosts {
                guard disasters.generated else { throw ValidationError("--hosts is for --generated and --write-fleet") }
                guard (1...Self.mostGeneratedHosts).contains(hosts) else {
                    throw ValidationError("--generated takes 1 to \(Self.mostGeneratedHosts) --hosts")
                }
            }
        } else if disasters.areAsked {
            throw ValidationError("--seeds plays, and --write-fleet writes: give one")
        }
        guard (1...1_000_000).contains(plays ?? 1) else { throw ValidationError("--plays takes 1 to 1,000,000") }
        guard chances.allSatisfy({ (0...1_000).contains($0) }) else {
            throw ValidationError("chances are from 0 to 1,000")
        }
    }

    func run() async throws {
        if try writing.write(seed: seed ?? 1, form: options.output) { return }
        if disasters.areAsked { return try await playAmongDisasters() }
        let plan = try await planToPlay()
        let plays = plays ?? 1_000
        let bar = ProgressBar("playing", total: plays)
        let statistics = try await PlayStatistics.of(
            plan, plays: plays, firstSeed: seed ?? 1,
            faults: FaultProfile(
                packageFailure: packageFailure ?? 0, badPatch: badPatch ?? 0, lostHost: lostHost ?? 0),
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

    private func playAmongDisasters() async throws {
        let series: DisasterSeries
        let name: String
        if disasters.generated {
            let plans = GeneratedPlans(hosts: writing.hosts ?? 20)
            series = DisasterSeries(profile: disasters.profile) { plans.scene($0) }
            name = "--generated --hosts \(plans.hosts)"
        } else {
            let plan = try await planToPlay()
            let surroundings = await surroundings(of: plan)
            series = DisasterSeries(profile: disasters.profile) { _ in
                DisasterScene(plan, surroundings: surroundings)
            }
            name = (try? shellQuoted(self.plan ?? "")) ?? "PLAN"
        }
        let isWhole = try await disasters.play(series, named: name, form: options.output)
        if !isWhole { throw ExitStatus.failure.code }
    }

    /// Who leads, what runs on which hypervisor, which paths are one side: as the fleet and the facts say that the plan was made from.
    private func surroundings(of plan: Plan) async -> DisasterSurroundings {
        if !StageFile.isNamed(by: self.plan ?? ""), let session = try? Session(options),
            let fleet = try? session.fleet, let facts = try? await session.plans.facts(of: plan)
        {
            return DisasterSurroundings(fleet: fleet, facts: facts)
        }
        Output.note(
            "the fleet and the facts of this plan are not at hand: clusters have no leader in these plays, and no machine runs on a hypervisor"
        )
        return .none
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
