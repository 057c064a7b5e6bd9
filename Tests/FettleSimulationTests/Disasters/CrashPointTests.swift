import FettleModel
import FettleSimulation
import FettleTestSupport
import Testing

/// Small plans, and an executor that dies at every place at which it can: another one comes to the same end.
@Suite struct CrashPointTests {
    @Test(arguments: [1, 2, 3, 4])
    func whereverAnExecutorDiesTheRunComesToTheSameEnd(size: Int) async throws {
        for (lanes, reboot) in [(1, false), (min(2, size), true)] {
            let plan = RollingPlan.plan(size: size, lanes: lanes, reboot: reboot)
            let report = try CrashPointReport.of(plan, seed: 1)
            #expect(report.differences == [])
            #expect(report.plays == report.lines * 9)
            // Started, claimed, ended; and two lines for each of a host's six steps or seven.
            #expect(report.lines == 3 + size * (reboot ? 14 : 12))
            await Task.yield()
        }
    }

    /// A package's script fails, or a service is unwell after its patch: everything goes back, or one host does.
    @Test(arguments: ["halfConfigured", "unwellAfterPatch"])
    func onTheWayBackNoInvariantBreaksEither(fault: String) async throws {
        let plan = RollingPlan.plan(size: 3, lanes: 1)
        for seed in UInt64(1)...2_000 {
            var play = try DisasterPlay(plan, seed: seed)
            guard let drawn = try play.play().drawn.first(where: { $0.words.hasPrefix(fault) }) else { continue }
            let report = try CrashPointReport.of(plan, seed: seed, faults: [drawn])
            #expect(report.differences == [])
            #expect(report.plays > 100)
            return
        }
        Issue.record("no seed draws it")
    }
}
