import FettleIndex
import FettleModel
import FettleTestSupport
import Testing

@testable import FettleAssessment

/// What is kept of an index changes no answer, and has a bound.
@Suite struct FeedMemoryTests {
    private static let weaknesses = 40

    private func feeds() throws -> AdvisoryFeeds {
        let entries = (0..<Self.weaknesses).map {
            #""CVE-2026-\#(1000 + $0)": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "3.0.\#($0)"}}}"#
        }
        let exploited = """
            {"catalogVersion": "1", "dateReleased": "2026-01-27T10:00:00.000Z", "vulnerabilities": [
            {"cveID": "CVE-2026-1001", "dateAdded": "2026-01-02", "dueDate": "2026-01-23"}]}
            """
        return try CompiledFeeds.from([#"{"openssl": {\#(entries.joined(separator: ", "))}}"#, exploited])
    }

    @Test(arguments: [0, 1, 7, FeedMemory.usualLimit])
    func whateverIsKeptTheAnswerIsTheIndexs(limit: Int) throws {
        let index = try #require(try feeds().index)
        let memory = FeedMemory(limit: limit)
        for _ in 0..<2 {
            for number in 0..<UInt32(Self.weaknesses) {
                let record = try index.advisory(number).record
                #expect(try memory.record(number, in: index) == record)
                #expect(try memory.weakness(record.id, in: index) == index.weakness(record.id))
                let rating = CVSSRating(
                    vector: number % 2 == 0 ? "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" : "none",
                    publishedScore: Double(number % 10))
                #expect(memory.severity(of: rating) == Severity(rating))
                #expect(memory.sizes.allSatisfy { $0 <= limit })
            }
        }
        #expect(memory.sizes.allSatisfy { ($0 > 0) == (limit >= 7) } || limit == 1)
    }

    @Test func whatTheIndexDoesNotHaveIsRefusedEachTime() throws {
        let index = try #require(try feeds().index)
        let memory = FeedMemory()
        for _ in 0..<2 {
            #expect(throws: IndexError.self) { try memory.record(.max, in: index) }
            #expect(try memory.weakness("CVE-1999-0001", in: index) == nil)
        }
    }

    /// A fleet's hosts one after the other, each as if nobody had been judged before it, and all at once from one memory.
    @Test func aFleetIsJudgedAsItsHostsOneByOne() async throws {
        let hosts = (0..<12).map { number in
            FactSample.host(
                ResourceID("web-\(number)"),
                packages: [FactSample.package("libssl3", "3.0.\(number * 3)", source: "openssl")])
        }
        let fleet = Fleet(
            environments: [Environment(id: "production", isProtected: true)],
            resources: hosts.map { Resource(id: $0.resource, address: .local, environment: "production") }, groups: [])
        @Sendable func judged(_ hosts: [HostFacts], by feeds: AdvisoryFeeds) throws -> [Finding] {
            try Assessor(fleet: fleet, policy: Policy(), feeds: feeds).assess(
                FactSet(id: "facts", observedAt: FactSample.now, hosts: hosts),
                reference: StageReference(id: "facts", digest: Digest(rawValue: "0")), id: "findings",
                at: FactSample.now
            ).findings.sorted { $0.id < $1.id }
        }
        let apart = try hosts.flatMap { try judged([$0], by: try feeds()) }.sorted { $0.id < $1.id }
        #expect(apart.count == 12 && apart.contains { $0.isExploited })
        let shared = try feeds()
        #expect(try judged(hosts, by: shared) == apart)
        try await withThrowingTaskGroup(of: [Finding].self) { group in
            for _ in 0..<4 { group.addTask { try judged(hosts, by: shared) } }
            for try await findings in group { #expect(findings == apart) }
        }
    }
}
