import FettleChecking
import FettleModel
import FettlePlanning
import Fleets
import Foundation

/// Plans the patching of all hypervisors of a data centre, proves the plan, and replays its moves.
enum BenchHypervisors {
    static let walks = 6

    static func run(hypervisors: Int, machines: Int, seed: UInt64, filled: Int) throws {
        var shape = DataCentre.Shape(hypervisors: hypervisors, machines: machines)
        shape.filled = filled...(filled + 10)
        let centre = DataCentre(seed: seed, shape)
        let before = PlanBench.peakMebibytes()
        let clock = ContinuousClock()
        var attempt = Attempt(centre)
        var refused: [(String, PlanningRefusal.Problem)] = []
        var (refusing, planning): (Duration, Duration) = (.zero, .zero)
        var (start, planningCPU) = (0.0, 0.0)
        while attempt.plan == nil {
            start = PlanBench.processorSeconds()
            planning = clock.measure { attempt.tryOnce() }
            planningCPU = PlanBench.processorSeconds() - start
            if attempt.plan == nil { refusing += planning }
            guard attempt.plan != nil || !attempt.lastRefused.isEmpty else {
                throw attempt.refusal ?? PlanningRefusal(problems: [])
            }
            refused += attempt.lastRefused
        }
        guard let plan = attempt.plan else { return }
        let afterPlanning = PlanBench.peakMebibytes()
        var checked: CheckReport?
        start = PlanBench.processorSeconds()
        let checking = clock.measure { checked = PlanChecker.check(plan) }
        let checkingCPU = PlanBench.processorSeconds() - start
        let peak = PlanBench.peakMebibytes()
        guard let checked else { return }
        for violation in checked.violations.prefix(5) { PlanBench.tell("not proven: \(violation)") }
        var (replayed, faults, mostAway, mostOut) = (0, 0, 0, 0)
        let replaying = clock.measure {
            for walk in 0..<walks {
                var replay = MoveReplay(plan, centre.sample.facts)
                replay.run(walk == 0 ? .widest : .random(seed: seed + UInt64(walk), goesBack: walk % 2 == 0))
                for fault in replay.faults.prefix(5) { PlanBench.tell("walk \(walk): \(fault)") }
                replayed += replay.moves
                faults += replay.faults.count
                mostAway = max(mostAway, replay.mostAway)
                mostOut = max(mostOut, replay.mostOut)
            }
        }
        for (name, problem) in refused.prefix(20) { PlanBench.tell("refused \(name): \(problem.message)") }
        let homes = Set(centre.pools.flatMap(\.hypervisors))
        try PlanBench.printJSON(
            Figures(
                hypervisors: hypervisors, machines: machines, pools: centre.pools.count,
                filled: Double(centre.memory.used) * 100 / Double(centre.memory.all),
                planned: plan.targets.count { homes.contains($0.resource) }, targets: plan.targets.count,
                refused: Dictionary(grouping: refused, by: { reason($0.1) }).mapValues(\.count),
                attempts: attempt.count, moves: attempt.moves, steps: plan.steps.count + plan.rollback.count,
                planning: PlanBench.seconds(planning), planningProcessor: planningCPU,
                refusing: PlanBench.seconds(refusing), checking: PlanBench.seconds(checking),
                checkingProcessor: checkingCPU, isProven: checked.isProven, method: checked.method.rawValue,
                replaying: PlanBench.seconds(replaying), replayed: replayed, faults: faults, mostAway: mostAway,
                mostOut: mostOut, digest: try PlanBench.digest(plan), peakBefore: before,
                peakAfterPlanning: afterPlanning, peak: peak))
    }

    /// The kind of a reason, without names and numbers.
    private static func reason(_ problem: PlanningRefusal.Problem) -> String {
        let kinds = [
            ("fits on no other hypervisor", "a machine fits nowhere"),
            ("fit nowhere", "a machine fits nowhere"), ("more than the others have to spare", "no room"),
            ("though not all were tried", "no way was found, not all were tried"),
            ("no way to place", "no way to place them"), ("no other hypervisor", "nobody can take them"),
            ("out at the same time", "not together"),
        ]
        return kinds.first { problem.message.contains($0.0) }?.1 ?? problem.code.rawValue
    }

    /// Plans; where hypervisors cannot be emptied, once more without these.
    private struct Attempt {
        private var sample: FleetSample
        private let pools: [GroupID: [ResourceID]]
        private(set) var plan: Plan?
        private(set) var refusal: PlanningRefusal?
        /// By hypervisor.
        private(set) var lastRefused: [(String, PlanningRefusal.Problem)] = []
        private(set) var count = 0

        init(_ centre: DataCentre) {
            sample = centre.sample
            pools = Dictionary(centre.pools.map { ($0.id, $0.hypervisors) }, uniquingKeysWith: { first, _ in first })
        }

        var moves: Int {
            (plan?.steps ?? []).reduce(0) { sum, step in
                if case .evacuate(let moves, _) = step.action { sum + moves.count } else { sum }
            }
        }

        mutating func tryOnce() {
            count += 1
            lastRefused = []
            let input = PlanBench.input(sample)
            do throws(PlanningRefusal) {
                plan = try Planner.plan(input).0
            } catch {
                refusal = error
                var left: Set<ResourceID> = []
                for problem in error.problems where problem.code == .noRoom {
                    switch problem.place {
                    case .resource(let id):
                        if left.insert(id).inserted { lastRefused.append((id.rawValue, problem)) }
                    case .group(let id):
                        for node in pools[id] ?? [] where left.insert(node).inserted {
                            lastRefused.append((node.rawValue, problem))
                        }
                    case .plan: break
                    }
                }
                let rest = Set(sample.selection.hosts.map(\.resource)).subtracting(left)
                sample = sample.selecting(rest)
            }
        }
    }

    private struct Figures: Encodable {
        var kind = "hypervisors"
        var hypervisors, machines, pools: Int
        var filled: Double
        var planned, targets: Int
        var refused: [String: Int]
        var attempts, moves, steps: Int
        var planning, planningProcessor, refusing, checking, checkingProcessor: Double
        var isProven: Bool
        var method: String
        var replaying: Double
        var replayed, faults, mostAway, mostOut: Int
        var digest: String
        var peakBefore, peakAfterPlanning, peak: Int
    }
}
