import FettleControl
import FettleInventory
import FettleModel
import FettleSimulation
import Foundation
import Testing

@testable import FettleCommands

/// Files to plan from: made up, planned, shown, compared.
@Suite struct PlanFilesTests {
    private static let time = FleetWriting.defaultTime

    private static func write(_ hosts: Int, seed: UInt64, in folder: TestFolder) throws -> FleetScenario {
        let scenario = FleetScenario(hosts: hosts, seed: seed, at: time)
        _ = try ScenarioFolder(url: folder.url).write(scenario)
        return scenario
    }

    @Test(arguments: [1, 14, 60, 400], [UInt64(1), 5])
    func aMadeUpFleetIsReadBackAsItWasMadeUp(hosts: Int, seed: UInt64) throws {
        let folder = try TestFolder()
        let scenario = try Self.write(hosts, seed: seed, in: folder)
        let fleet = try FleetFile.read(path: folder.file("fleet.yaml").path)
        #expect(fleet.fleet == scenario.fleet)
        #expect(fleet.warnings.isEmpty, "\(fleet.warnings)")
        let policy = try PolicyFile.read(path: folder.file("policy.yaml").path, fleet: fleet.fleet)
        #expect(policy.policy == scenario.policy)
        let facts = try StageFile.facts(from: folder.file("facts.json").path)
        #expect(facts == scenario.facts)
        let findings = try StageFile.findings(from: folder.file("findings.json").path)
        #expect(findings == scenario.findings(from: findings.facts))
        #expect(findings.facts.digest == (try StageKeeper.digest(of: facts)))
        let selection = try StageFile.selection(from: folder.file("selection.json").path)
        #expect(selection == scenario.selection(from: selection.findings))
        #expect(selection.findings.digest == (try StageKeeper.digest(of: findings)))
    }

    /// Element by element, it is to the byte what the whole would be.
    @Test func whatIsWrittenPieceByPieceIsCanonical() throws {
        let folder = try TestFolder()
        let scenario = try Self.write(30, seed: 2, in: folder)
        let written = try Data(contentsOf: folder.file("facts.json"))
        #expect(written == (try CanonicalJSON.encode(scenario.facts)) + Data("\n".utf8))
    }

    /// `--write-fleet .` beside a fleet of one's own.
    @Test(arguments: ["fleet.yaml", "policy.yaml", "facts.json"])
    func aMadeUpFleetIsNeverWrittenOverAnotherOne(file: String) async throws {
        let folder = try TestFolder()
        try folder.write("mine\n", to: file)
        let program = try Program(["simulate", "--write-fleet", ".", "--hosts", "3"], in: folder)
        #expect(try await program.end() == 2)
        #expect(program.error.contains("name another folder"), "\(program.error)")
        #expect(try String(contentsOf: folder.file(file), encoding: .utf8) == "mine\n")
        let again = try TestFolder()
        for seed in [UInt64(1), 2] { _ = try Self.write(3, seed: seed, in: again) }
    }

    @Test func planningFromFilesIsTheSameToTheByteAndOpensNoDatabase() async throws {
        let folder = try TestFolder()
        _ = try Self.write(60, seed: 7, in: folder)
        let words = [
            "plan", "--facts", "facts.json", "--selection", "selection.json", "--now", "\(Self.time)", "-o", "json",
        ]
        var outputs: Set<String> = []
        for _ in 0..<2 {
            let program = try Program(words, in: folder)
            #expect(try await program.end() == 0, "\(program.error)")
            outputs.insert(program.output)
        }
        let output = try #require(outputs.first)
        #expect(outputs.count == 1)
        #expect(!FileManager.default.fileExists(atPath: folder.file(".fettle/fettle.db").path))
        try folder.write(output, to: "plan.json")
        for (words, status) in [
            (["plan", "check", "plan.json"], 0), (["plan", "diff", "plan.json", "plan.json"], 0),
        ] as [([String], Int32)] {
            let program = try Program(words, in: folder)
            #expect(try await program.end() == status, "\(words): \(program.error)")
        }
        #expect(!FileManager.default.fileExists(atPath: folder.file(".fettle/fettle.db").path))
    }

    /// Waves, capacity over time, both risks, the point of no return, what is left out and why, and whether it is safe.
    @Test func aPlanFromFilesTellsAllThatAPersonAgreesTo() async throws {
        let folder = try TestFolder()
        _ = try Self.write(60, seed: 7, in: folder)
        let program = try Program(
            ["plan", "--facts", "facts.json", "--findings", "findings.json", "--now", "\(Self.time)"], in: folder)
        #expect(try await program.end() == 0, "\(program.error)")
        for word in [
            "WAVE", "OUT AT", "BACK AT", "WAITS FOR", "IN SERVICE OVER TIME", "to wait, ", "to patch (points a day)",
            "No point of no return", "Way back: ", "Left out:", "Proven safe: ", "with every step at its median",
        ] {
            #expect(program.output.contains(word), "\(word): \(program.output)")
        }
    }

    @Test func whatIsWrongWithEachFileIsToldAtOnce() async throws {
        let folder = try TestFolder()
        try folder.write("version: 1\nresources: [{id: -x}]\n", to: "fleet.yaml")
        try folder.write("version: 1\nreboot: maybe\n", to: "policy.yaml")
        try folder.write("{}", to: "facts.json")
        try folder.write("[1]", to: "findings.json")
        let program = try Program(["plan", "--facts", "facts.json", "--findings", "findings.json"], in: folder)
        #expect(try await program.end() == 2)
        for word in ["fleet.yaml:2", "policy.yaml:2", "facts.json holds no facts", "findings.json holds no findings"] {
            #expect(program.error.contains(word), "\(word): \(program.error)")
        }
    }

    @Test func aPageGoesToStandardOutputWhereThatIsAskedFor() async throws {
        let folder = try TestFolder()
        _ = try Self.write(40, seed: 3, in: folder)
        let plan = try Program(
            ["plan", "--facts", "facts.json", "--selection", "selection.json", "--now", "\(Self.time)", "-o", "json"],
            in: folder)
        #expect(try await plan.end() == 0)
        try folder.write(plan.output, to: "plan.json")
        let page = try Program(["plan", "show", "plan.json", "--html", "-"], in: folder)
        #expect(try await page.end() == 0)
        #expect(page.output.hasPrefix("<!doctype html>"))
        #expect(page.output.contains("proven safe"))
        #expect(page.output.contains("prod-shop-1-web"))
    }

    @Test(arguments: [
        ("../../etc/passwd", "etcpasswd.html"), ("-rf", "rf.html"), ("plan-7", "plan-7.html"),
        ("\u{0}/..", "plan.html"),
        ("\u{1b}[2Jx", "2Jx.html"), (String(repeating: "a", count: 300), String(repeating: "a", count: 64) + ".html"),
    ])
    func aPlansNameIsNoPath(id: String, file: String) {
        let plan = Plan(
            id: PlanID(id), title: "", selection: StageReference(id: "s", digest: Digest(rawValue: "")),
            createdAt: Self.time, environments: [], targets: [], groups: [], steps: [], rollback: [],
            limits: PlanLimits())
        #expect(PlanShow.fileName(of: plan) == file)
    }
}
