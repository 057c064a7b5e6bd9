import FettleChecking
import FettleModel
import FettlePlanning
import Fleets
import Foundation

/// Plans a fleet and proves the plan, once; prints its figures as a line of JSON. Each size runs in a process of its own, so that the peak of
/// memory is that of one plan.
///
///     plan-bench [HOSTS]
///     plan-bench hypervisors [HYPERVISORS MACHINES [SEED [FILLED]]]: so many hundredths or up to ten more
///     plan-bench packing [WORLDS [FIRST SEED]]
@main
struct PlanBench {
    static func main() throws {
        let words = CommandLine.arguments.dropFirst()
        let numbers = words.compactMap { Int($0) }.map { max(1, $0) }
        func number(_ place: Int, else usual: Int) -> Int { place < numbers.count ? numbers[place] : usual }
        switch words.first {
        case "hypervisors":
            try BenchHypervisors.run(
                hypervisors: max(2, number(0, else: 1_000)), machines: number(1, else: 20_000),
                seed: UInt64(number(2, else: 1)), filled: number(3, else: 70))
        case "packing": try BenchPacking.run(worlds: number(0, else: 100), firstSeed: UInt64(number(1, else: 1)))
        default: try pools(hosts: number(0, else: 1_000))
        }
    }

    private static func pools(hosts: Int) throws {
        let input = BenchFleet.input(hosts: hosts)
        let before = peakMebibytes()
        let clock = ContinuousClock()
        var planned: (Plan, PlanReport)?
        let start = processorSeconds()
        let planning = try clock.measure { planned = try Planner.plan(input) }
        let planningCPU = processorSeconds() - start
        guard let (plan, report) = planned else { return }
        let afterPlanning = peakMebibytes()
        var checked: CheckReport?
        let middle = processorSeconds()
        let checking = clock.measure { checked = PlanChecker.check(plan) }
        let checkingCPU = processorSeconds() - middle
        guard let checked else { return }
        for violation in checked.violations.prefix(5) { tell("not proven: \(violation)") }
        try printJSON(
            Figures(
                hosts: plan.targets.count, groups: plan.groups.count, steps: plan.steps.count,
                back: plan.rollback.count,
                orders: plan.order.count, longest: report.duration.medianSeconds, planning: seconds(planning),
                planningProcessor: planningCPU, checking: seconds(checking), checkingProcessor: checkingCPU,
                isProven: checked.isProven, method: checked.method.rawValue, peakBefore: before,
                peakAfterPlanning: afterPlanning, peak: peakMebibytes()))
    }

    static func input(_ sample: FleetSample) -> PlanningInput {
        PlanningInput(
            id: "plan-1", selection: sample.selection, selectionReference: FleetSample.reference("selection-1"),
            facts: sample.facts, fleet: sample.fleet, policy: sample.policy, createdAt: FactSample.now)
    }

    static func printJSON(_ figures: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        print(String(decoding: try encoder.encode(figures), as: UTF8.self))
    }

    /// FNV-1a of the plan's bytes, to be compared after a change that must not change any plan.
    static func digest(_ plan: Plan) throws -> String {
        let bytes = try CanonicalJSON.encode(plan)
        return String(bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }, radix: 16)
    }

    static func tell(_ line: String) { FileHandle.standardError.write(Data("\(line)\n".utf8)) }

    /// Seconds and mebibytes.
    struct Figures: Encodable {
        var hosts, groups, steps, back, orders, longest: Int
        var planning, planningProcessor, checking, checkingProcessor: Double
        var isProven: Bool
        var method: String
        var peakBefore, peakAfterPlanning, peak: Int
    }

    static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }

    /// The most memory that the process has ever had in use.
    static func peakMebibytes() -> Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM") }
        return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) / 1024
    }
}
