import FettleDriverKit
import FettleModel
import Foundation
import Testing

@testable import FettleDrivers

/// Killed after each command that it sends: whoever comes next finds out, and it ends as if nobody had been killed.
@Suite(.serialized, .enabled(if: NginxFixture.isAvailable), .timeLimit(.minutes(10)))
struct NginxKillTests {
    @Test func killedAfterAnyCommandItEndsAsIfNobodyHadBeenKilled() async throws {
        let nginx = try await NginxFixture()
        let before = try nginx.servers
        let drain = TrafficSteps.step(.drain(traffic: nginx.traffic()))
        let restore = TrafficSteps.step(.restore(traffic: nginx.traffic()))
        var cuts = 0
        for count in 0..<40 {
            guard case .ready(let prior?) = await nginx.drain().check(drain, in: TrafficSteps.context()) else {
                Issue.record("not ready")
                return
            }
            let context = TrafficSteps.context(prior: prior)
            let wasCut = [
                await isCut { () throws(StepFailure) in
                    try await nginx.drain(KilledChannels(nginx.channels, after: count)).perform(drain, in: context)
                },
                await continued(nginx.drain(), drain, context),
            ]
            #expect(wasCut[1] == false)
            #expect(try await nginx.drain().verify(drain, in: context).verdict == .pass)
            #expect(try await nginx.answering(12) == [2], "killed after \(count) commands")

            let isBackCut = await isCut { () throws(StepFailure) in
                try await nginx.restore(KilledChannels(nginx.channels, after: count)).perform(restore, in: context)
            }
            #expect(await continued(nginx.restore(), restore, context) == false)
            #expect(try await nginx.restore().verify(restore, in: context).verdict == .pass)
            #expect(try nginx.servers == before)
            #expect(try await nginx.answering(12) == [1, 2], "killed after \(count) commands")
            guard wasCut[0] || isBackCut else { break }
            cuts += 1
        }
        #expect(cuts >= 6, "nothing was killed")
    }

    /// What the executor does after a crash: it looks first.
    private func continued(_ driver: any StepDriver, _ step: Step, _ context: StepContext) async -> Bool {
        if case .alreadyDone = await driver.check(step, in: context) { return false }
        return await isCut { () throws(StepFailure) in try await driver.perform(step, in: context) }
    }

    private func isCut(_ work: () async throws(StepFailure) -> Void) async -> Bool {
        do throws(StepFailure) { try await work() } catch { return true }
        return false
    }

    /// A worker that dies is started anew by nginx, with the configuration that it has: younger than the file, and without it.
    @Test func aWorkerThatIsYoungerThanTheFileDoesNotProveThatNginxTookIt() async throws {
        let nginx = try await NginxFixture()
        let host = try nginx.host()
        let view = try await nginx.view()
        let server = try view.file.server("web-1")
        #expect(try await host.write(NginxServersFile(view.file.replacing(server, by: server.drainedLine)), over: view))
        for worker in view.serving { kill(try #require(Int32(worker.id)), SIGKILL) }
        try await eventually("nginx has new workers") {
            let now = try await nginx.view().serving
            return now.count == 2 && now.isDisjoint(with: view.serving)
        }
        #expect(try await nginx.view().taken == .pending)
        #expect(try await nginx.answering() == [1, 2])
        let step = TrafficSteps.step(.drain(traffic: nginx.traffic()))
        let prior = PriorState(alreadySo: false, details: ["line": server.line])
        #expect(await nginx.drain().check(step, in: TrafficSteps.context(prior: prior)) == .ready(prior: prior))
        try await nginx.drain().perform(step, in: TrafficSteps.context(prior: prior))
        #expect(try await nginx.answering() == [2])
    }

    @Test func aRestartOfNginxLosesNothing() async throws {
        let nginx = try await NginxFixture()
        let prior = try await nginx.drained()
        let step = TrafficSteps.step(.drain(traffic: nginx.traffic()))
        let context = TrafficSteps.context(prior: prior)
        try await nginx.stop()
        guard case .unknown(let failure) = await nginx.drain().hold(of: step, in: context) else {
            Issue.record("nginx is away, and the hold stands")
            return
        }
        #expect(failure.code == .unreachable)
        try await nginx.start()
        guard case .stands = await nginx.drain().hold(of: step, in: context) else {
            Issue.record("the drain is in the file, and the hold does not stand")
            return
        }
        #expect(try await nginx.drain().verify(step, in: context).verdict == .pass)
        #expect(try await nginx.answering() == [2])
    }

    @Test func aServerThatSomebodyPutBackIsTakenOutAgain() async throws {
        let nginx = try await NginxFixture()
        let before = try nginx.servers
        let prior = try await nginx.drained()
        let step = TrafficSteps.step(.drain(traffic: nginx.traffic()))
        let context = TrafficSteps.context(prior: prior)
        try nginx.write(before, to: "web.servers")
        try nginx.reload()
        try await eventually("it is loaded") { try await nginx.view().taken == .asFound }
        guard case .lost = await nginx.drain().hold(of: step, in: context) else {
            Issue.record("it gets traffic, and nobody sees it")
            return
        }
        #expect(try await nginx.drain().reassert(step, in: context).verdict == .pass)
        #expect(try await nginx.answering() == [2])
    }
}
