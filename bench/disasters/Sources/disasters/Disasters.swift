import FettleModel
import FettlePlanning
import FettleSimulation
import Fleets
import Foundation

/// Plays plans among disasters, seed after seed, on all processors. Exits with 1 if an invariant broke, or if `--all-met` and
/// something that has to happen sometimes never did.
@main struct Disasters {
    private static let usage = """
        usage: disasters FROM TO [JOBS] [--first] [--all-met] [--no-stories]
          plays the seeds from FROM up to TO, TO not among them
          --first       stops at the first seed that breaks an invariant (exact with one job)
          --all-met     fails if an encounter was never met
          --no-stories  tells which seeds broke an invariant, and nothing more of them
        disasters rates FROM TO [PLAYS [HOSTS]]: how long planning and playing take, and a digest of all plays
        disasters hypervisors HYPERVISORS MACHINES [PLAYS [SEED]]: a data centre, emptied hypervisor by hypervisor
        disasters replay: how long a successor needs to read a long journal
        """

    static func main() async throws {
        let words = CommandLine.arguments.dropFirst()
        if words.first == "replay" { return try Replay.run() }
        if words.first == "rates" { return try Rates.run(words.dropFirst().compactMap { UInt64($0) }) }
        if words.first == "hypervisors" {
            exit(try Hypervisors.run(words.dropFirst().compactMap { UInt64($0) }) ? 0 : 1)
        }
        let numbers = words.compactMap { UInt64($0) }
        let flags = Set(words.filter { UInt64($0) == nil })
        guard (2...3).contains(numbers.count), numbers[0] < numbers[1],
            flags.isSubset(of: ["--first", "--all-met", "--no-stories"])
        else {
            print(usage)
            exit(64)
        }
        let jobs = numbers.count > 2 ? Int(clamping: numbers[2]) : ProcessInfo.processInfo.activeProcessorCount
        let began = ContinuousClock.now
        let series = DisasterSeries(scene: SampledFleets.scene)
        let tally = try await series.play(
            numbers[0]...(numbers[1] - 1), cores: jobs, stopsAtFirst: flags.contains("--first"))
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        if flags.contains("--no-stories") {
            print("\(tally.plays) runs, \(tally.brokenSeeds) broke an invariant")
            for seed in tally.broken { print("seed \(seed.seed): \(seed.violations.first ?? "")") }
        } else {
            let report = try DisasterReport(tally, of: series, seconds: seconds, again: again)
            print(report.lines().joined(separator: "\n"))
        }
        if let first = tally.broken.first, ProcessInfo.processInfo.environment["JOURNAL"] != nil,
            let (_, result) = try series.result(of: first.seed)
        {
            for record in result.journal { print("  \(record.sequence) e\(record.epoch) \(record.at) \(record.event)") }
        }
        let isUnmet = flags.contains("--all-met") && !tally.unmet.isEmpty
        exit(tally.brokenSeeds == 0 && !isUnmet ? 0 : 1)
    }

    private static func again(_ seed: UInt64) -> String {
        let commit = ProcessInfo.processInfo.environment["FETTLE_COMMIT"].map { "git checkout \($0) && " } ?? ""
        return "\(commit)make simulate SIMULATE_SEEDS=\"\(seed) \(seed + 1)\""
    }
}

/// A fleet of its own for each seed, as the planner plans it.
enum SampledFleets {
    /// nil if the planner refuses.
    @Sendable static func scene(_ seed: UInt64) -> DisasterScene? {
        let fleet = DisasterFleet(seed: seed)
        guard let plan = plan(fleet) else { return nil }
        return DisasterScene(
            plan, surroundings: DisasterSurroundings(fleet: fleet.sample.fleet, facts: fleet.sample.facts))
    }

    /// A made-up fleet of so many hosts, as `fettle simulate --generated` plays it; nil if the planner refuses.
    static func scene(_ seed: UInt64, hosts: Int) -> DisasterScene? {
        let scenario = DisasterScenario(
            hosts: hosts, seed: seed, at: FactSample.now, findings: FleetSample.reference("findings-1"))
        let calendar = MaintenanceCalendar(policy: scenario.policy, fleet: scenario.fleet, from: scenario.time)
        let input = PlanningInput(
            id: "plan-1", selection: scenario.selection, selectionReference: FleetSample.reference("selection-1"),
            facts: scenario.facts, fleet: scenario.fleet, policy: scenario.policy, createdAt: scenario.time,
            windows: WindowOffer(calendar.offered))
        guard let plan = try? Planner.plan(input).0 else { return nil }
        return DisasterScene(
            plan, surroundings: DisasterSurroundings(fleet: scenario.fleet, facts: scenario.facts))
    }

    /// Of a group as large as that.
    static func plan(_ seed: UInt64, largestGroup: Int) throws -> Plan {
        let sample = FleetGenerator.sample(seed: seed, largestGroup: largestGroup)
        var input = PlanningInput(
            id: "plan-1", selection: sample.selection, selectionReference: FleetSample.reference("selection-1"),
            facts: sample.facts, fleet: sample.fleet, policy: sample.policy, createdAt: FactSample.now,
            named: seed % 2 == 0 ? Set(sample.fleet.resources.map(\.id)) : [])
        input.policy.limits.failureBudget = Int(seed % 5)
        return try Planner.plan(input).0
    }

    private static func plan(_ fleet: DisasterFleet) -> Plan? {
        let sample = fleet.sample
        let calendar = MaintenanceCalendar(policy: sample.policy, fleet: sample.fleet, from: fleet.createdAt)
        let input = PlanningInput(
            id: "plan-1", selection: sample.selection, selectionReference: FleetSample.reference("selection-1"),
            facts: sample.facts, fleet: sample.fleet, policy: sample.policy, createdAt: fleet.createdAt,
            named: fleet.named, windows: WindowOffer(calendar.offered))
        return try? Planner.plan(input).0
    }
}
