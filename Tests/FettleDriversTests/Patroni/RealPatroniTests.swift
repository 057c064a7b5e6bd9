import FettleModel
import Testing

@testable import FettleDrivers

/// The probe, held against the product.
@Suite(
    "The real Patroni", .timeLimit(.minutes(10)),
    .enabled(if: RealPatroni.canRun, "apt-get install patroni etcd-server"))
struct RealPatroniTests {
    @Test func itsAnswersAreJudgedThroughAStopAReturnASwitchoverAndALag() async throws {
        let cluster = try RealPatroni()
        defer { cluster.end() }
        #expect(await cluster.ask().verdict != .pass, "nothing is up yet")
        try await eventually("three members run, and one leads") { await cluster.ask().verdict == .pass }
        let leader = try await cluster.leader
        let others = [1, 2, 3].filter { $0 != leader }
        let (replica, other) = (others[0], others[1])

        try cluster.tell("stop", replica)
        try await eventually("a member is stopped") {
            let sample = await cluster.ask(through: leader)
            return sample.verdict == .fail && sample.reason.contains("pg-\(replica) is stopped")
        }
        try await eventually("it is not listed any more") {
            let sample = await cluster.ask(through: leader)
            return sample.verdict == .fail && sample.reason.contains("2 of 3 members")
        }
        try cluster.tell("start", replica)
        try await eventually("it is back") { await cluster.ask(through: leader).verdict == .pass }

        try cluster.tell("freeze", replica)
        try cluster.tell("query", leader, "CREATE TABLE filling AS SELECT generate_series(1, 100000)")
        try await eventually("a member is behind") {
            let sample = await cluster.ask(through: leader)
            return sample.verdict == .fail && sample.reason.contains("bytes behind")
        }
        try cluster.tell("thaw", replica)
        try await eventually("it has caught up") { await cluster.ask(through: leader).verdict == .pass }

        try cluster.tell("switchover", leader, "\(other)")
        try await eventually("the other one leads, and all are on its timeline") {
            let sample = await cluster.ask(through: leader)
            return sample.verdict == .pass && sample.reason.contains("pg-\(other) leads")
        }
    }
}
