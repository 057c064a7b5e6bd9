import FettleModel
import FettlePlanning
import Foundation
import Testing

@testable import FettleCommands

/// Plans from files that nobody would write: cut off, absurd, or made to repaint the terminal of whoever looks at them.
@Suite struct HostilePlanTests {
    private static let escapes = "\u{1b}[2J"

    private static func plan(
        id: String = "plan-1", groups: [PlannedGroup] = [], order: [TurnOrder] = [], hosts: [ResourceID] = ["a", "b"]
    ) -> Plan {
        var plan = Plan(
            id: PlanID(id), title: "t", selection: StageReference(id: "s", digest: Digest(rawValue: "")),
            createdAt: FleetWriting.defaultTime, environments: ["dev"],
            targets: hosts.map {
                PlanTarget(resource: $0, address: .ssh("h"), environment: "dev")
            },
            groups: groups, steps: [], rollback: [], limits: PlanLimits())
        plan.order = order
        return plan
    }

    private static func text(_ plan: Plan) -> String {
        PlanView(plan: plan, digest: Digest(rawValue: "d")).lines(
            in: Terminal(isInteractive: false, hasColor: false, width: nil))
    }

    @Test(arguments: [
        ("", "line 1, column 1: the file is empty"),
        (" \n ", "line 2, column 2: the file is empty"),
        ("{\"a\":1,\n \"b\":[1,,2]}", "line 2, column 9: ',' stands where a value is expected"),
        ("{\"a\":1", "line 1, column 7: it ends here, and ',' or '}' should come: the file is cut off"),
        ("[{\"a\":[]}, 2", "line 1, column 13: it ends here, and ',' or ']' should come: the file is cut off"),
        ("{\"a\":\"b", "line 1, column 8: it ends in the middle of a value: the file is cut off"),
        ("{\"a\":\"b\\", "line 1, column 9: it ends in the middle of a value: the file is cut off"),
        ("{a:1}", "line 1, column 2: 'a' stands where a name in quotes or '}' is expected"),
        ("{\"a\":1,}", "line 1, column 8: '}' stands where a name in quotes is expected"),
        ("{\"a\" 1}", "line 1, column 6: '1' stands where ':' is expected"),
        ("{\"a\":1]", "line 1, column 7: ']' stands where ',' or '}' is expected"),
        ("{} x", "line 1, column 4: 'x' stands where the end is expected"),
        ("version: 1", "line 1, column 1: 'v' stands where a value is expected"),
        ("\u{1}", "line 1, column 1: byte 1 stands where a value is expected"),
        ("[1.]", "line 1, column 2: '1' stands where a value or ']' is expected"),
        ("{\"a\":99999999999999999999}", "line 1, column 6: a number with more digits than any that is read"),
    ])
    func theFirstFaultOfAJSONTextIsToldWithItsPlace(text: String, words: String) {
        #expect(JSONFault.first(in: Data(text.utf8))?.words == words)
    }

    @Test(arguments: ["0", "[]", "{}", "[-1.5e+3, true, null, \"\\\"\\u00e9\"]", " {\"a\": {\"b\": [[]]}}\n"])
    func whatIsJSONHasNoFault(text: String) { #expect(JSONFault.first(in: Data(text.utf8)) == nil) }

    /// Whatever is cut off a right text or put into it: where the decoder refuses it, a place is told.
    @Test func whateverTheDecoderRefusesHasAPlace() throws {
        let whole = Array(try CanonicalJSON.encode(Self.plan()))
        var random = SplitMix(seed: 7)
        var refused = 0
        for _ in 0..<2_000 {
            var bytes = whole
            if Bool.random(using: &random) {
                bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
            } else {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0..<0x80, using: &random)
            }
            let data = Data(bytes)
            guard (try? JSONSerialization.jsonObject(with: data)) == nil else { continue }
            refused += 1
            let text = String(decoding: bytes, as: UTF8.self)
            // An escape within a string is the decoder's to judge.
            #expect(JSONFault.first(in: data) != nil || text.contains("\\"), "\(text)")
        }
        #expect(refused > 500)
    }

    /// A thousand brackets more than any recursion bears.
    @Test func nestingDoesNotEndTheProcess() {
        let deep = Data(String(repeating: "[", count: 1_000_000).utf8)
        #expect(JSONFault.first(in: deep)?.what.contains("cut off") == true)
    }

    @Test func aPlansNameCannotRepaintTheTerminal() async throws {
        let folder = try TestFolder()
        let plan = Self.plan(id: "x" + Self.escapes + "\n")
        try folder.write(String(decoding: try CanonicalJSON.encode(plan), as: UTF8.self), to: "plan.json")
        for words in [
            ["plan", "check", "plan.json"], ["plan", "show", "plan.json"], ["plan", "diff", "plan.json", "plan.json"],
        ] {
            let program = try Program(words, in: folder)
            #expect(try await program.end() == 0, "\(words): \(program.error)")
            #expect(!program.output.contains("\u{1b}"), "\(words)")
        }
    }

    @Test func absurdNumbersAreShownAndNotAddedUp() {
        let group = { (id: GroupID, minimum: Int, out: Int) in
            PlannedGroup(
                id: id, members: ["a", "b"], minimumAvailable: minimum, maximumOut: out, traffic: nil, probes: [])
        }
        let text = Self.text(
            Self.plan(groups: [group("low", .min, .min), group("high", .max, .max), group("right", 1, 1)]))
        #expect(text.contains("\(Int.max) of 2"))
        #expect(text.contains("\(Int.min) of 2"))
    }

    @Test func anUnsafePlanIsShownAsOne() async throws {
        let folder = try TestFolder()
        let plan = Self.plan(groups: [
            PlannedGroup(id: "web", members: ["a", "b"], minimumAvailable: 3, maximumOut: 1, traffic: nil, probes: [])
        ])
        try folder.write(String(decoding: try CanonicalJSON.encode(plan), as: UTF8.self), to: "plan.json")
        let shown = try Program(["plan", "show", "plan.json"], in: folder)
        #expect(try await shown.end() == 0)
        #expect(shown.output.contains("Not safe:"), "\(shown.output)")
        #expect(!shown.output.contains("Proven safe"))
    }

    /// A list of turns that is said ten thousand times is still said once.
    @Test func whomAHostWaitsForIsToldOnceHoweverOftenThePlanSaysIt() {
        let order = TurnOrder(reason: "one by one", turns: [["a"], ["b"], ["c"]])
        let plan = Self.plan(order: Array(repeating: order, count: 10_000), hosts: ["a", "b", "c"])
        let waits = TurnWaits(plan)
        #expect(waits.words(of: "a", bakes: []) == "-")
        #expect(waits.words(of: "b", bakes: []) == "a")
        #expect(waits.words(of: "c", bakes: []) == "b")
    }
}
