import FettleChecking
import FettleModel
import FettlePlanning
import Fleets
import Foundation

/// Plans a fleet and proves the plan, once; prints one line of figures. Each size runs in a process of its own, so that the peak of
/// memory is that of one plan.
@main
struct PlanBench {
    static func main() throws {
        let hosts = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 1_000
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
        for violation in checked.violations.prefix(5) { print(violation) }
        print(
            "\(plan.targets.count) hosts, \(plan.groups.count) groups, \(plan.steps.count) steps, "
                + "\(plan.rollback.count) back, \(plan.order.count) orders, \(report.duration.medianSeconds) s planned; "
                + "planned in \(text(planning)) (\(text(planningCPU)) of processor time), "
                + "checked in \(text(checking)) (\(text(checkingCPU)); \(checked.method.rawValue), "
                + "\(checked.isProven ? "proven" : "NOT PROVEN")); "
                + "peak \(peakMebibytes()) MiB, \(afterPlanning) after planning, \(before) of them before planning")
    }

    static func text(_ seconds: Double) -> String { String(format: "%.3f s", seconds) }

    static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    static func text(_ duration: Duration) -> String {
        let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
        return String(format: "%.3f s", seconds)
    }

    /// The most memory that the process has ever had in use.
    static func peakMebibytes() -> Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM") }
        return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) / 1024
    }
}
