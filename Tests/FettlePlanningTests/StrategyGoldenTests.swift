import FettleChecking
import FettleModel
import FettlePlanning
import FettleTestSupport
import Foundation
import Testing

/// For each strategy the plan of a fleet that a reader holds in the head: its table, who has which turn, and what waits
/// for what across hosts. docs/strategies.md shows them; `FETTLE_WRITE_GOLDENS=1` writes the files and the page anew.
@Suite struct StrategyGoldenTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var sample: FleetSample
        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "rolling", sample: .rolling), Case(name: "rolling-with-spare", sample: .rollingWithSpare),
        Case(name: "canary", sample: .canary),
        Case(name: "all-at-once", sample: .allAtOnce), Case(name: "one-side-at-a-time", sample: .oneSideAtATime),
        Case(name: "replicas-first", sample: .replicasFirst), Case(name: "evacuate", sample: .evacuate),
        Case(name: "blue-green", sample: .blueGreen()), Case(name: "blue-green-keep", sample: .blueGreen(then: .keep)),
        Case(name: "blue-green-retire", sample: .blueGreen(then: .retire)),
        Case(name: "through-controller", sample: .throughController), Case(name: "replace", sample: .replace),
    ]

    private static let tests = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()

    private static let isWriting = ProcessInfo.processInfo.environment["FETTLE_WRITE_GOLDENS"] == "1"

    private static func text(_ given: Case) throws -> String {
        let (plan, report) = try Planner.plan(given.sample.input())
        return PlanTable.render(plan, report) + order(of: plan)
    }

    @Test(arguments: cases) func thePlanIsAsShown(_ given: Case) throws {
        let text = try Self.text(given)
        let file = Self.tests.appending(path: "Goldens/strategies/\(given.name).txt")
        if Self.isWriting { try text.write(to: file, atomically: true, encoding: .utf8) }
        #expect(text == (try String(contentsOf: file, encoding: .utf8)))
    }

    @Test(arguments: cases) func thePlanIsProven(_ given: Case) throws {
        let report = PlanChecker.check(try given.sample.plan())
        #expect(report.violations == [])
        #expect(report.method == .exact)
    }

    /// What the page shows is what the planner makes: behind the mark of each plan stands the golden.
    @Test func thePageShowsThePlans() throws {
        let file = Self.tests.deletingLastPathComponent().deletingLastPathComponent().appending(
            path: "docs/strategies.md")
        var page = try String(contentsOf: file, encoding: .utf8)
        for given in Self.cases {
            let mark = "<!-- plan: \(given.name) -->\n```\n"
            let begin = try #require(page.range(of: mark)?.upperBound, "\(given.name)")
            let end = try #require(page.range(of: "```", range: begin..<page.endIndex)?.lowerBound, "\(given.name)")
            let text = try Self.text(given)
            if Self.isWriting {
                page.replaceSubrange(begin..<end, with: text)
            } else {
                #expect(page[begin..<end] == text)
            }
        }
        if Self.isWriting { try page.write(to: file, atomically: true, encoding: .utf8) }
    }

    /// Turns, and the dependencies that lead from one resource's steps to another's.
    private static func order(of plan: Plan) -> String {
        var lines = ["", "Order"]
        for order in plan.order {
            let turns = order.turns.map { $0.map(\.rawValue).joined(separator: ", ") }
            lines.append("  \(order.reason): \(turns.joined(separator: " | "))")
        }
        let resources = Dictionary(
            (plan.steps + plan.rollback).map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var across: [String] = []
        for step in plan.steps + plan.rollback {
            let others = step.after.filter { name in
                guard let other = resources[name] else { return false }
                return other.resource != step.resource || isOfGroup(other) || isOfGroup(step)
            }
            if !others.isEmpty { across.append("  \(step.id) after \(others.map(\.rawValue).joined(separator: ", "))") }
        }
        if !across.isEmpty { lines += ["", "Across hosts"] + across }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func isOfGroup(_ step: Step) -> Bool { step.group.map { "\(step.id)".hasPrefix("\($0)/") } ?? false }
}
