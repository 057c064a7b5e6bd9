import FettleChecking
import FettleModel
import FettleTestSupport
import Testing

/// Machines that are moved away from hypervisors: a right plan passes, and broken in any of these ways it does not.
@Suite struct EvacuationTests {
    @Test func aRightPlanIsProven() {
        let report = PlanChecker.check(EvacuationPlan.plan())
        #expect(report.violations == [])
        #expect(report.method == .exact)
    }

    static let mutations: [Mutation] = [
        // I1: room.
        Mutation("a destination has too little memory", .capacity) { $0.rooms[1].memoryMebibytes -= 1 },
        Mutation("a destination has too few processors", .capacity) { $0.rooms[1].processors -= 1 },
        Mutation("nothing says what a destination has to spare", .capacity) { $0.rooms.removeLast() },
        Mutation("one machine more is moved", .capacity) {
            let more = EvacuationPlan.move("more", from: "node-2", to: "node-3", gibibytes: 1)
            $0 = $0.moving("node-2", [EvacuationPlan.files, more])
        },
        Mutation("two hypervisors can be out at once and move to the same third", .capacity) { $0.order.removeFirst() },
        Mutation("two hypervisors share a turn and move to the same third", .capacity) {
            $0.order[0].turns = [["node-1", "node-2"]]
        },
        Mutation("only the way back moves more than there is room for", .capacity) { plan in
            let more = EvacuationPlan.move("files", from: "node-2", to: "node-3", gibibytes: 9, resource: "files")
            for place in plan.rollback.indices where plan.rollback[place].resource == "node-2" {
                switch plan.rollback[place].action {
                case .evacuate: plan.rollback[place].action = .evacuate(moves: [more], staying: ["video"])
                case .bringHome: plan.rollback[place].action = .bringHome(moves: [more.reversed])
                default: break
                }
            }
        },
        Mutation("a machine goes down with its hypervisor and is moved away", .capacity) {
            $0.targets[2].carries = ["files", "video"]
        },
        // I3: order.
        Mutation("a destination can be out at the same time", .order) { $0.order.removeFirst() },
        Mutation("a destination shares a turn with its source", .order) { $0.order[0].turns = [["node-1", "node-2"]] },
        Mutation("a destination goes down with its source", .order) { $0.targets[2].carries = ["node-3", "video"] },
        Mutation("a destination goes down with another target at the same time", .order) {
            $0.targets[0].carries = ["node-3"]
            $0.order.remove(at: 1)
        },
        Mutation("a machine can be moved while it is worked on", .order) { $0.order.removeLast() },
        Mutation("a hypervisor is worked on before it is empty", .order) {
            $0 = $0.changing("node-1/restart") { $0.after = ["node-1/take-out"] }
        },
        Mutation("machines come home before it is proven well", .order) {
            $0 = $0.changing("node-1/rollback/bring-home") { $0.after = ["node-1/rollback/restart"] }
        },
        Mutation("machines are moved away from a hypervisor that is not out", .order) {
            $0 = $0.changing("node-1/evacuate") { $0.availability = .none }
        },
        // I7: home again.
        Mutation("machines are never brought home", .ownership) { $0 = $0.dropping("node-1/bring-home") },
        Mutation("machines are never brought home on the way back", .ownership) {
            $0 = $0.dropping("node-2/rollback/bring-home")
        },
        Mutation("the way back knows nothing of moved machines", .ownership) {
            $0 = $0.dropping("node-2/rollback/bring-home").dropping("node-2/rollback/evacuate")
        },
        Mutation("one machine is left behind", .ownership) {
            $0 = $0.changing("node-1/bring-home") {
                $0.action = .bringHome(moves: [EvacuationPlan.build.reversed])
            }
        },
        Mutation("a machine is brought home that was not moved away", .ownership) {
            $0 = $0.changing("node-2/bring-home") {
                let other = EvacuationPlan.move("other", from: "node-2", to: "node-3", gibibytes: 1)
                $0.action = .bringHome(moves: [EvacuationPlan.files.reversed, other.reversed])
            }
        },
        Mutation("a machine is fetched from where it is not", .ownership) {
            $0 = $0.changing("node-1/bring-home") {
                let elsewhere = EvacuationPlan.move(
                    "mail", from: "node-1", to: "node-2", gibibytes: 8, resource: "mail")
                $0.action = .bringHome(moves: [elsewhere.reversed, EvacuationPlan.build.reversed])
            }
        },
        Mutation("the way back moves a machine elsewhere", .ownership) { plan in
            plan.rooms[0].memoryMebibytes = 100 * 1024
            plan.rooms[0].processors = 100
            let elsewhere = EvacuationPlan.move("mail", from: "node-1", to: "node-2", gibibytes: 8, resource: "mail")
            let moves = [elsewhere, EvacuationPlan.build]
            plan = plan.changing("node-1/rollback/evacuate") { $0.action = .evacuate(moves: moves) }
                .changing("node-1/rollback/bring-home") { $0.action = .bringHome(moves: moves.map(\.reversed)) }
        },
        Mutation("a machine has two homes", .ownership) {
            var twin = EvacuationPlan.files
            twin.resource = "mail"
            $0 = $0.moving("node-2", [twin])
        },
        Mutation("two machines of one name meet", .ownership) {
            let twin = EvacuationPlan.move("mail", from: "node-2", to: "node-3", gibibytes: 8, resource: "files")
            $0 = $0.moving("node-2", [twin])
        },
        // Form.
        Mutation("a machine is moved from another hypervisor", .form) {
            let other = EvacuationPlan.move("files", from: "node-1", to: "node-3", gibibytes: 8, resource: "files")
            $0 = $0.moving("node-2", [other])
        },
        Mutation("a machine is moved to where it is", .form) {
            let still = EvacuationPlan.move("files", from: "node-2", to: "node-2", gibibytes: 8, resource: "files")
            $0 = $0.moving("node-2", [still])
        },
        Mutation("a machine is moved twice in one step", .form) {
            $0 = $0.moving("node-1", [EvacuationPlan.build, EvacuationPlan.build])
        },
        Mutation("a machine has less than no memory", .form) {
            let less = EvacuationPlan.move("files", from: "node-2", to: "node-3", gibibytes: -8, resource: "files")
            $0 = $0.moving("node-2", [less])
        },
        Mutation("a machine is larger than any", .form) {
            var huge = EvacuationPlan.files
            huge.memoryMebibytes = .max
            $0 = $0.moving("node-2", [huge])
        },
        Mutation("a room is told twice", .form) { $0.rooms.append($0.rooms[0]) },
        Mutation("a room is less than nothing", .form) { $0.rooms[0].processors = -1 },
        Mutation("a hypervisor is emptied twice", .form) { plan in
            guard var again = plan.steps.first(where: { $0.id == "node-2/evacuate" }) else { return }
            again.id = "node-2/evacuate-again"
            again.after = ["node-2/evacuate"]
            if let place = plan.steps.firstIndex(where: { $0.id == "node-2/restart" }) {
                plan.steps.insert(again, at: place)
            }
        },
    ]

    @Test(arguments: mutations) func aBrokenPlanIsRefused(mutation: Mutation) {
        var plan = EvacuationPlan.plan()
        mutation.apply(&plan)
        #expect(plan != EvacuationPlan.plan())
        let found = PlanChecker.check(plan).violations
        #expect(found.contains { $0.invariant == mutation.breaks }, "\(found)")
    }

    /// What is in different turns counts once, by the largest: two that never meet may both fill the third.
    @Test func theLargestOfThoseInTurnHasToFit() {
        var plan = EvacuationPlan.plan()
        #expect(PlanChecker.check(plan).isProven)
        plan.rooms[1].memoryMebibytes = 8 * 1024 - 1
        let told = PlanChecker.check(plan).violations
        #expect(
            told.map(\.message) == [
                "node-3 has 8191 MiB to spare, and can have to take machines of node-1 (8192) at the same time: 8192 MiB"
            ])
        #expect(told.first?.steps == ["node-1/evacuate", "node-1/rollback/evacuate"])
    }

    /// Sources in lanes: what the orders' sums cannot tell, the search finds out.
    @Test(arguments: TestScale.seeds(60, long: 2_000)) func theMostThatCanMeetIsFound(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let sources = (1...Int.random(in: 2...7, using: &random)).map { ResourceID("node-\($0)") }
        let sizes = sources.map { _ in Int.random(in: 1...9, using: &random) }
        let order = (0..<Int.random(in: 0...4, using: &random)).map { _ in
            let line = sources.filter { _ in Bool.random(using: &random) }
            var turns: [[ResourceID]] = []
            for source in line {
                if turns.isEmpty || Bool.random(using: &random) {
                    turns.append([source])
                } else {
                    turns[turns.count - 1].append(source)
                }
            }
            return TurnOrder(reason: "order", turns: turns)
        }
        var most = 0
        for subset in 1..<(1 << sources.count) {
            let out = sources.indices.filter { subset & (1 << $0) != 0 }
            let canBe = out.allSatisfy { one in
                out.allSatisfy { other in
                    one == other
                        || !order.contains { order in
                            let first = order.turns.firstIndex { $0.contains(sources[one]) }
                            let second = order.turns.firstIndex { $0.contains(sources[other]) }
                            return first != nil && second != nil && first != second
                        }
                }
            }
            if canBe { most = max(most, out.reduce(0) { $0 + sizes[$1] }) }
        }
        for (room, isRoom) in [(most, true), (most - 1, false)] {
            let plan = Self.plan(sources, sizes, order, room: room)
            let told = PlanChecker.check(plan).violations.filter { $0.message.hasPrefix("spare has") }
            #expect(told.isEmpty == isRoom, "room \(room) of \(most)")
        }
    }

    private static func plan(_ sources: [ResourceID], _ sizes: [Int], _ order: [TurnOrder], room: Int) -> Plan {
        let shape = EvacuationPlan.plan()
        func steps(_ all: [Step]) -> [Step] {
            zip(sources, sizes).flatMap { source, size -> [Step] in
                var names: [StepID: StepID] = [:]
                return all.filter { $0.resource == "node-2" }.map { step in
                    var step = step
                    let name = StepID(step.id.rawValue.replacing("node-2", with: source.rawValue))
                    names[step.id] = name
                    step.id = name
                    step.resource = source
                    step.after = step.after.compactMap { names[$0] }
                    let move = MachineMove(
                        machine: "of-\(source)", resource: nil, from: source, to: "spare", memoryMebibytes: size,
                        processors: 0)
                    switch step.action {
                    case .evacuate: step.action = .evacuate(moves: [move])
                    case .bringHome: step.action = .bringHome(moves: [move.reversed])
                    default: break
                    }
                    return step
                }
            }
        }
        var plan = shape
        plan.targets = sources.map { PlanTarget(resource: $0, address: .ssh($0.rawValue), environment: "production") }
        plan.groups = []
        plan.steps = steps(shape.steps)
        plan.rollback = steps(shape.rollback)
        plan.order = order
        plan.rooms = [HypervisorRoom(hypervisor: "spare", memoryMebibytes: room, processors: 0)]
        return plan
    }

    /// A plan of an enemy cannot keep the checker busy for ever, and what is not found out is no proof.
    @Test func whatIsNotFoundOutIsNotProven() {
        let sources = (1...400).map { ResourceID("node-\($0)") }
        let plan = Self.plan(sources, sources.map { _ in 1 }, [], room: 399)
        #expect(!PlanChecker.check(plan).isProven)
    }
}
