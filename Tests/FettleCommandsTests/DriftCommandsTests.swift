import FettleControl
import FettleDatabase
import FettleModel
import FettleStore
import FettleTestSupport
import Foundation
import Testing

/// Drift after the votes, through the real program.
@Suite(.serialized) struct DriftCommandsTests {
    private func run(_ words: [String], in folder: TestFolder, exits: Int32 = 0) async throws -> Program {
        let program = try Program(words, in: folder)
        let status = try await program.end()
        #expect(status == exits, "\(words): \(status)\n\(program.output)\(program.error)")
        return program
    }

    private func shown(in folder: TestFolder) async throws -> [String: Any] {
        let text = try await run(["change", "show", "change-1", "-o", "json"], in: folder).output
        return try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
    }

    @Test func aStateHasTheSameWordsInEveryList() async throws {
        let folder = try TestFolder()
        try await LocalFleet().keep(in: folder)
        for (words, state) in [
            (["change", "submit", "plan-1", "--reason", "a test", "--as", "alice"], "awaiting approval"),
            (["change", "approve", "change-1", "--as", "bob"], "approved"),
        ] {
            _ = try await run(words, in: folder)
            for list in ["list", "calendar", "show"] {
                let program = try Program(
                    list == "show" ? ["change", list, "change-1"] : ["change", list], in: folder,
                    settings: ["COLUMNS": "200"])
                #expect(try await program.end() == 0)
                #expect(program.output.contains(state), "\(list): \(program.output)")
                #expect(!program.output.contains("scheduled") && !program.output.contains("authorise"), "\(list)")
            }
        }
    }

    @Test func aFleetThatDemandsMoreSinceTheVotesStartsNothing() async throws {
        let folder = try TestFolder()
        try await LocalFleet().keep(in: folder)
        try await LocalFleet().approve(in: folder)
        let before = try await shown(in: folder)
        #expect(before["phase"] as? String == "scheduled" && before["missingApprovals"] as? Int == 0)
        #expect((before["drift"] as? [Any])?.isEmpty == true && (before["conflicts"] as? [Any])?.isEmpty == true)
        #expect((before["votes"] as? [Any])?.count == 1, "the change's own members are where they were")

        try folder.write(
            LocalFleet.fleet + """

                groups:
                  - {id: pair, members: [here, mail], minimumAvailable: 1}
                """, to: "fleet.yaml")
        let words = "here is now in group pair, of which the plan knows nothing"
        let page = try await run(["change", "show", "change-1"], in: folder).output
        #expect(page.contains(words) && page.contains("the votes cast are void") && page.contains("and void"))
        let drift = try await shown(in: folder)["drift"] as? [[String: Any]] ?? []
        #expect(drift.compactMap { $0["resource"] as? String } == ["here"])
        #expect(drift.allSatisfy { $0["group"] as? String == "pair" && $0["kind"] as? String == "group" })

        let start = try await run(["run", "start", "change-1", "--no-verify"], in: folder, exits: 3)
        #expect(start.error.contains(words) && start.error.contains("fettle change submit"), "\(start.error)")
        #expect(try await run(["run", "list", "-o", "json"], in: folder).output.contains("run-1") == false)

        #expect(
            try await run(["change", "show", "change-1", "--html", "a.html"], in: folder).output.contains("a.html"))
        let html = try String(contentsOf: folder.file("a.html"), encoding: .utf8)
        #expect(html.contains(words) && html.contains("void: the world has changed") && html.contains("Blast radius"))

        // What cannot be read demands nothing that can be held, and is not taken for a fleet that demands nothing.
        try folder.write("resources: 7", to: "fleet.yaml")
        _ = try await run(["run", "start", "change-1", "--no-verify"], in: folder, exits: 2)
        #expect(try await run(["change", "show", "change-1"], in: folder).error.contains("fleet.yaml cannot be read"))

        try folder.write(LocalFleet.fleet, to: "fleet.yaml")
        _ = try await run(["run", "start", "change-1", "--no-verify"], in: folder)
    }

    @Test func aHostThatWasUpgradedByHandIsNamedAndNobodyCanAgree() async throws {
        let folder = try TestFolder()
        let keeper = StageKeeper(store: try SQLiteStore(path: folder.file(".fettle/fettle.db").path))
        var plan = RollingPlan.plan(size: 3, lanes: 1)
        plan.createdAt = Timestamp.now().adding(seconds: -60)
        try await keeper.keep(plan, as: .plan, id: "plan-1", at: plan.createdAt)
        try folder.write(LocalFleet.policy, to: "policy.yaml")
        _ = try await run(["change", "submit", "plan-1", "--reason", "a test", "--as", "alice"], in: folder)
        let seen = FactSet(
            id: "facts-1", observedAt: .now(),
            hosts: [FactSample.host("web-2", packages: [FactSample.package("openssl", "1.9")], at: .now())])
        try await keeper.keep(seen, as: .facts, id: "facts-1", at: .now())
        let words = "openssl on web-2 is at 1.9, the plan saw 1"
        #expect(try await run(["change", "show", "change-1"], in: folder).output.contains(words))
        let vote = try await run(["change", "approve", "change-1", "--as", "bob"], in: folder, exits: 3)
        #expect(vote.error.contains(words) && vote.error.contains("fettle plan make"), "\(vote.error)")
        #expect((try await shown(in: folder)["votes"] as? [Any])?.isEmpty == true)
        _ = try await run(["change", "reject", "change-1", "--as", "bob"], in: folder)
    }
}
