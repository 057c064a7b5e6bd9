import FettleChecking
import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

/// A data centre of hypervisors with thousands of machines.
@Suite struct EvacuationScaleTests {
    private func sample(hypervisors: Int, machines: Int, atOnce: Int) -> FleetSample {
        var random = SplitMix(seed: 7)
        var builder = FleetBuilder()
        let nodes = (0..<hypervisors).map { builder.host(ResourceID("node-\($0)"), kind: .hypervisor) }
        builder.group(
            "compute", nodes, minimum: .count(hypervisors - atOnce),
            strategy: .evacuate(maxUnavailable: .count(atOnce)), probes: [], kind: .hypervisorPool)
        var residents: [[ResidentMachine]] = nodes.map { _ in [] }
        var pool: [ResourceID] = []
        for number in 0..<(hypervisors * machines) {
            let name = "vm-\(number)"
            let isDeclared = number % 10 == 0
            if isDeclared { pool.append(builder.host(ResourceID(name), kind: .virtualMachine)) }
            residents[number % hypervisors].append(
                .sample(
                    name, gibibytes: [1, 2, 4, 8, 16, 32].randomElement(using: &random) ?? 1,
                    processors: [1, 2, 4, 8].randomElement(using: &random) ?? 1, isDeclared: isDeclared,
                    isBoundBecause: number % 50 == 0 ? "its disk is local" : nil,
                    apartFrom: number % 7 == 0 ? ["vm-\(number + 1)", "vm-\(number + hypervisors)"] : []))
        }
        for start in stride(from: 0, to: pool.count, by: 10) {
            let members = Array(pool[start..<min(start + 10, pool.count)])
            builder.group(
                GroupID("pool-\(start)"), members, minimum: .count(max(0, members.count - 3)),
                strategy: .rolling(maxUnavailable: .count(2)))
        }
        // Some stay as they are: what is brought to them by all lanes is added up.
        var sample = FleetSample(fleet: builder.fleet, selected: Set(nodes.dropLast(hypervisors / 10) + pool))
        for (node, residents) in zip(nodes, residents) {
            let used = residents.reduce(0) { $0 + $1.memoryMebibytes } / 1024
            sample.put(residents, on: node, gibibytes: used + 128, processors: 1_000)
        }
        return sample
    }

    /// A puzzle that nobody solves: it is refused, and says that not all was tried.
    @Test func aPuzzleThatIsTooHardIsRefusedAndNotTriedForEver() throws {
        var random = SplitMix(seed: 3)
        var builder = FleetBuilder()
        let nodes = (0..<25).map { builder.host(ResourceID("node-\($0)"), kind: .hypervisor) }
        builder.group("compute", nodes, minimum: .count(24), probes: [], kind: .hypervisorPool)
        var sample = FleetSample(fleet: builder.fleet, selected: ["node-0"])
        let machines = (0..<72).map { number in
            ResidentMachine.sample("vm-\(number)", gibibytes: Int.random(in: 26...49, using: &random))
        }
        sample.put(machines, on: "node-0", gibibytes: 8_000, processors: 1_000)
        let sum = machines.reduce(0) { $0 + $1.memoryMebibytes } / 1024
        for node in nodes.dropFirst() { sample.put([], on: node, gibibytes: sum / 24 + 1) }
        let problems = sample.problems()
        #expect(
            problems.map(\.message) == [
                "node-0: no way to place its 72 machines was found, though not all were tried; free room there, shut machines "
                    + "down before, or add a hypervisor to compute"
            ])
    }

    @Test func aDataCentreIsPlannedAndProven() throws {
        let size = TestScale.isLong ? 400 : 60
        let sample = sample(hypervisors: size, machines: 20, atOnce: size / 20)
        let plan = try sample.plan()
        #expect(plan.group("compute")?.maximumOut == size / 20)
        let moved = plan.steps.reduce(0) { count, step in
            if case .evacuate(let moves, _) = step.action { count + moves.count } else { count }
        }
        #expect(moved > size * 15)
        #expect(PlanChecker.check(plan).violations == [])
    }
}
