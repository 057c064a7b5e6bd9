import ArgumentParser
import FettleControl
import FettleInventory
import FettleModel
import FettleSimulation
import Foundation

/// Writes a made-up fleet of any size as files: `fleet.yaml`, `policy.yaml`, `facts.json`, `findings.json` and `selection.json`, from
/// which `fettle plan` plans.
struct FleetWriting: ParsableArguments {
    @Option(
        name: .customLong("write-fleet"),
        help: ArgumentHelp("Write a made-up fleet into this folder instead of playing a plan.", valueName: "dir"))
    var folder: String?
    @Option(help: "How many hosts a made-up fleet has, 1 to 100,000; for --generated 1 to 1,000.") var hosts: Int?
    @Option(help: ArgumentHelp("When it was looked at, such as 2026-11-23T09:00:00Z, its default.", valueName: "time"))
    var now: String?

    /// The same every day, so that the files are.
    static let defaultTime = Timestamp(milliseconds: 1_795_424_400_000)

    func validate() throws {
        guard folder != nil else {
            if now != nil { throw ValidationError("--now is for --write-fleet") }
            return
        }
        guard (1...100_000).contains(hosts ?? 100) else { throw ValidationError("--hosts takes 1 to 100,000") }
        _ = try time()
    }

    private func time() throws -> Timestamp {
        guard let now else { return Self.defaultTime }
        guard let time = Timestamp(now) else {
            throw ValidationError("--now takes a time in UTC such as 2026-11-23T09:00:00Z, not \(now.printable)")
        }
        return time
    }

    private struct Answer: Encodable {
        var wrote: [String]
        var resources: Int
        var groups: Int
    }

    /// - Returns: whether this is what was asked for, and is done.
    func write(seed: UInt64, form: OutputFormat) throws -> Bool {
        guard let folder else { return false }
        let scenario = FleetScenario(hosts: hosts ?? 100, seed: seed, at: try time())
        let files = try ScenarioFolder(url: URL(fileURLWithPath: folder)).write(scenario)
        if form == .json {
            try Output.writeJSON(
                Answer(
                    wrote: files, resources: scenario.fleet.resources.count, groups: scenario.fleet.groups.count))
            return true
        }
        for file in files { Output.writeLine("wrote \(file.printable)") }
        Output.writeLine(
            "\(Self.count(scenario.fleet.resources.count, "host")) in \(Self.count(scenario.fleet.groups.count, "group")); "
                + "next: fettle plan --dir \(folder) --facts \(folder)/facts.json --selection \(folder)/selection.json --now \(scenario.time)"
        )
        return true
    }

    private static func count(_ number: Int, _ what: String) -> String { "\(number) \(what)\(number == 1 ? "" : "s")" }
}

/// A folder with a made-up fleet.
struct ScenarioFolder {
    var url: URL

    private static let files = ["fleet.yaml", "policy.yaml", "facts.json", "findings.json", "selection.json"]
    private static let mark = "Made up by `fettle simulate --write-fleet`"

    /// - Returns: the paths of what was written. A made-up fleet that is there is written over: the same size and seed give the same
    ///   files.
    /// - Throws: a usage failure if anything that is there may be somebody's own.
    func write(_ scenario: FleetScenario) throws -> [String] {
        try refuseToWriteOverAnotherFleet()
        let schemas = url.appendingPathComponent(".fettle")
        try FileManager.default.createDirectory(at: schemas, withIntermediateDirectories: true)
        try FleetSchema.json.write(to: schemas.appendingPathComponent(FleetSchema.fileName))
        try PolicySchema.json.write(to: schemas.appendingPathComponent(PolicySchema.fileName))
        let remark =
            "\(Self.mark): \(scenario.fleet.resources.count) hosts, seed \(scenario.seed)."
        try text("fleet.yaml", FleetWriter(remarks: [remark]).text(scenario.fleet))
        try text("policy.yaml", Self.policy(scenario.policy, remark: remark))
        let resources = scenario.fleet.resources.lazy.map(\.id)
        let facts = StageReference(
            id: FleetScenario.factsID,
            digest: try StageStream.write(
                FactSet(id: FleetScenario.factsID, observedAt: scenario.time, hosts: []), list: "hosts",
                elements: resources.compactMap { scenario.facts(of: $0) }, to: path("facts.json")))
        let findings = StageReference(
            id: FleetScenario.findingsID,
            digest: try StageStream.write(
                FindingSet(
                    id: FleetScenario.findingsID, facts: facts, assessedAt: scenario.time, feeds: scenario.feeds,
                    findings: [], notJudged: scenario.notJudged), list: "findings",
                elements: Outcome.allCases.lazy.flatMap { outcome in
                    resources.flatMap { scenario.findings(of: $0, outcome) }
                }, to: path("findings.json")))
        try StageStream.write(
            Selection(
                id: FleetScenario.selectionID, findings: findings, selectedAt: scenario.time, hosts: [],
                leftOut: scenario.leftOut), list: "hosts",
            elements: resources.compactMap { scenario.selection(of: $0) },
            to: path("selection.json"))
        return Self.files.map(path)
    }

    /// Whoever types `--write-fleet .` beside a fleet of their own would lose it.
    private func refuseToWriteOverAnotherFleet() throws {
        let there = Self.files.filter { FileManager.default.fileExists(atPath: path($0)) }
        guard !there.isEmpty else { return }
        let handle = FileHandle(forReadingAtPath: path("fleet.yaml"))
        defer { try? handle?.close() }
        let begin = (try? handle?.read(upToCount: 1_024)) ?? Data()
        guard !String(decoding: begin, as: UTF8.self).contains(Self.mark) else { return }
        throw CommandFailure(
            .usage,
            "\(url.path) has \(there.joined(separator: ", ")) that \(there.count == 1 ? "was" : "were") not made up here\n"
                + "  name another folder: `--write-fleet DIR` writes a fleet of its own")
    }

    private func path(_ name: String) -> String { url.appendingPathComponent(name).path }

    private func text(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: url.appendingPathComponent(name), options: .atomic)
    }

    /// Only what a made-up fleet's policy says beside the defaults.
    static func policy(_ policy: Policy, remark: String) -> String {
        """
        # yaml-language-server: $schema=\(FleetTemplate.defaultPolicySchemaPath)
        # \(remark)
        version: 1
        classes: [\(policy.classes.map(\.rawValue).joined(separator: ", "))]
        limits: {parallelSteps: \(policy.limits.parallelSteps)}

        """
    }
}
