import FettleAssessment
import FettleModel
import FettleSimulation
import FettleTestSupport
import Foundation
import Testing

@testable import FettleControl

/// Long lists are read and written piece by piece, and nobody can tell.
@Suite struct StageDecodingTests {
    private static let reference = FleetSample.reference("facts-1")

    @Test(arguments: [1, 13, 60], [true, false])
    func whatIsReadInPiecesIsWhatTheWholeHolds(hosts: Int, pretty: Bool) throws {
        let scenario = FleetScenario(hosts: hosts, seed: 4, at: FactSample.now)
        func bytes(_ value: some Encodable) throws -> Data {
            try pretty ? CanonicalJSON.pretty(value) : CanonicalJSON.encode(value)
        }
        let facts = scenario.facts
        #expect(try StageDecoding.facts(bytes(facts)) == facts)
        let findings = scenario.findings(from: Self.reference)
        #expect(try StageDecoding.findings(bytes(findings)) == findings)
        let selection = scenario.selection(from: Self.reference)
        #expect(try StageDecoding.selection(bytes(selection)) == selection)
        #expect(try StageDecoding.isSelection(bytes(selection)))
        #expect(try !StageDecoding.isSelection(bytes(findings)))
        #expect(try StageDecoding.facts(bytes(StageSamples.facts)) == StageSamples.facts)
        #expect(try StageDecoding.findings(bytes(StageSamples.findings)) == StageSamples.findings)
    }

    /// Texts that look like JSON, the key as a text, the list before or behind the rest.
    @Test(arguments: ["hosts", "\"hosts\":[]", "]}{[", "\\\"", "\\", "a\u{1}\n,", "\"hosts\": [1, 2]"])
    func whatStandsInTextsIsNoEnd(text: String) throws {
        var facts = FactSet(id: text, observedAt: FactSample.now, hosts: [])
        #expect(try StageDecoding.facts(CanonicalJSON.encode(facts)) == facts)
        facts.hosts = [
            .nothingObserved(
                of: ResourceID(text), at: FactSample.now, reachability: .unreachable(reason: text), reason: text),
            FactSample.host("web-1"),
        ]
        #expect(try StageDecoding.facts(CanonicalJSON.encode(facts)) == facts)
        #expect(try StageDecoding.facts(CanonicalJSON.pretty(facts)) == facts)
    }

    /// As the decoder of the whole would say it, with the place.
    @Test func whatIsWrongIsToldWithItsPlace() throws {
        let facts = FactSet(
            id: "facts-1", observedAt: FactSample.now, hosts: [FactSample.host("a"), FactSample.host("b")])
        let text = String(decoding: try CanonicalJSON.encode(facts), as: UTF8.self)
        let broken = text.replacing("\"uptimeSeconds\":86400", with: "\"uptimeSeconds\":\"long\"")
        do {
            _ = try StageDecoding.facts(Data(broken.utf8))
            Issue.record("it was read")
        } catch let error as DecodingError {
            guard case .typeMismatch(_, let context) = error else { throw error }
            #expect(context.codingPath.prefix(2).map(\.stringValue) == ["hosts", "Index 0"])
        }
        for cut in stride(from: 0, to: text.utf8.count - 1, by: 97) {
            #expect(throws: DecodingError.self) { try StageDecoding.facts(Data(text.utf8.prefix(cut))) }
        }
    }

    /// Whatever the decoder of the whole refuses, or reads otherwise, is not read in pieces.
    @Test(arguments: [
        "[null,ONE]", "[7]", "[ONE,]", "[ONE,,ONE]", "[ONE ONE]", "[,ONE]", "[garbage ONE]", "[ONE,garbage]",
        "[ONE garbage]",
        "[ONE],\"hosts\":[]", "[],\"hosts\":[ONE]",
    ])
    func whatTheWholeRefusesIsRefused(list: String) throws {
        let facts = FactSet(id: "facts-1", observedAt: FactSample.now, hosts: [FactSample.host("a")])
        let text = String(decoding: try CanonicalJSON.encode(facts), as: UTF8.self)
        let one = String(decoding: try CanonicalJSON.encode(facts.hosts[0]), as: UTF8.self)
        for size in [1, 2, 512] {
            let many = list.replacing("ONE", with: Array(repeating: one, count: size).joined(separator: ","))
            let data = Data(text.replacing("[\(one)]", with: many).utf8)
            let whole = try? CanonicalJSON.decode(FactSet.self, from: data)
            #expect((try? StageDecoding.facts(data)) == whole)
        }
    }

    @Test func theOutlineOfTheFactsIsReadAsTheFactsAre() throws {
        for facts in [FleetScenario(hosts: 60, seed: 4, at: FactSample.now).facts, StageSamples.facts] {
            let read = try StageDecoding.decode(FactOutline.self, from: CanonicalJSON.encode(facts))
            let made = FactOutline(facts)
            #expect(read.id == made.id && read.observedAt == made.observedAt && read.systems == made.systems)
            #expect(read.hosts.map(\.resource) == made.hosts.map(\.resource))
            #expect(read.systems == WaiverBook.systems(of: facts))
        }
        let nothing = HostFacts.nothingObserved(
            of: "web-1", at: FactSample.now, reachability: .unreachable(reason: "off"), reason: "off")
        let facts = FactSet(id: "facts-1", observedAt: FactSample.now, hosts: [nothing])
        let read = try StageDecoding.decode(FactOutline.self, from: CanonicalJSON.encode(facts))
        #expect(
            read.hosts.map(\.resource) == ["web-1"] && read.hosts[0].platform == nil && read.hosts[0].manager == nil)
    }

    @Test(arguments: ["", "order", "\"order\":[]", "\"steps\":[],\"rollback\":[]", "\\\"steps\\\":[]"])
    func aPlanThatIsWrittenInPiecesIsTheWhole(title: String) throws {
        var plan = StageSamples.plan
        plan.title = title
        for isEmpty in [false, true] {
            if isEmpty { (plan.steps, plan.rollback, plan.order) = ([], [], []) }
            let document = try PlanDocument(plan)
            #expect(document.digest == (try StageKeeper.digest(of: plan)))
            let text = String(decoding: try document.bytes(), as: UTF8.self)
            let bare = text.replacing("\"digest\":\"\(document.digest)\",", with: "", maxReplacements: 1)
            #expect(bare == String(decoding: try CanonicalJSON.encode(plan), as: UTF8.self))
        }
    }
}
