import FettleControl
import FettleModel
import FettlePlanning
import FettleSimulation
import FettleTestSupport
import Foundation
import Testing

/// What Fettle writes has the form that its schemas say, and the schemas say nothing that Fettle does not write.
@Suite struct StageSchemaTests {
    private static func value(_ value: some Encodable) throws -> JSONValue {
        try JSONValue(parsing: CanonicalJSON.encode(value))
    }

    private static func schema(_ stage: StageSchema) throws -> JSONSchema {
        JSONSchema(try JSONValue(parsing: stage.json))
    }

    private static func plan(_ seed: UInt64) throws -> Plan {
        let sample = FleetGenerator.sample(seed: seed)
        return try Planner.plan(
            PlanningInput(
                id: "plan-1", selection: sample.selection, selectionReference: FleetSample.reference("selection-1"),
                facts: sample.facts, fleet: sample.fleet, policy: sample.policy, createdAt: FactSample.now)
        ).0
    }

    @Test(arguments: 1...5)
    func whatIsMadeFromASeedIsAsTheSchemasSay(seed: UInt64) throws {
        let sample = FleetGenerator.sample(seed: seed)
        let scenario = FleetScenario(hosts: 15, seed: seed, at: FactSample.now)
        let reference = FleetSample.reference("facts-1")
        var facts = try Self.schema(.facts)
        #expect(facts.problems(of: try Self.value(sample.facts)) == [])
        #expect(facts.problems(of: try Self.value(scenario.facts)) == [])
        var findings = try Self.schema(.findings)
        #expect(findings.problems(of: try Self.value(sample.findings)) == [])
        #expect(findings.problems(of: try Self.value(scenario.findings(from: reference))) == [])
        var selection = try Self.schema(.selection)
        #expect(selection.problems(of: try Self.value(sample.selection)) == [])
        #expect(selection.problems(of: try Self.value(scenario.selection(from: reference))) == [])
        var plan = try Self.schema(.plan)
        #expect(plan.problems(of: try JSONValue(parsing: PlanDocument(try Self.plan(seed)).bytes())) == [])
    }

    /// Every property, alternative and word of a schema is met by a value: none is there that Fettle never writes.
    @Test(arguments: StageSchema.allCases)
    func everythingThatASchemaSaysIsWritten(stage: StageSchema) throws {
        var schema = try Self.schema(stage)
        let values: [JSONValue] =
            switch stage {
            case .facts: try [Self.value(StageSamples.facts)]
            case .findings: try [Self.value(StageSamples.findings)]
            case .selection: try StageSamples.selections.map(Self.value)
            case .plan: try [JSONValue(parsing: PlanDocument(StageSamples.plan).bytes())]
            case .journal: try [Self.value(StageSamples.journal)]
            }
        for value in values { #expect(schema.problems(of: value) == []) }
        #expect(schema.places.subtracting(schema.visited).sorted() == [])
    }

    /// A key too much, one too few, a word that nobody knows: the schema tells each.
    @Test(arguments: 1...12)
    func whatIsBrokenIsTold(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        var schema = try Self.schema(.plan)
        let value = try JSONValue(parsing: PlanDocument(try Self.plan(seed)).bytes())
        let broken = value.broken(&random)
        #expect(broken != value)
        #expect(schema.problems(of: broken) != [])
    }

    /// What a person finds in the docs is what the program prints.
    @Test(arguments: StageSchema.allCases)
    func theDocsHaveTheSameSchemas(stage: StageSchema) throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = root.appendingPathComponent("docs/schemas/\(stage.rawValue).schema.json")
        #expect(try Data(contentsOf: file) == stage.json)
    }
}

extension JSONValue {
    /// The same with one thing wrong somewhere in it.
    fileprivate func broken(_ random: inout SplitMix) -> JSONValue {
        switch self {
        case .object(var members):
            // An object with names of a person's choice takes every name.
            let isFree = members.keys.contains { $0.contains("-") }
            let inside = members.keys.sorted().filter { members[$0]?.object?.isEmpty == false }
            if let key = inside.randomElement(using: &random), Bool.random(using: &random) || isFree {
                members[key] = members[key]?.broken(&random)
            } else {
                members["no such key"] = .null
            }
            return .object(members)
        case .list(var items):
            guard let place = items.indices.randomElement(using: &random) else { return .text("no list") }
            items[place] = items[place].broken(&random)
            return .list(items)
        default: return .list([])
        }
    }
}
