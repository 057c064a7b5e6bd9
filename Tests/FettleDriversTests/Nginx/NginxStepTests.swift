import FettleDriverKit
import FettleModel
import FettleTestSupport
import Foundation
import Synchronization
import Testing

@testable import FettleDrivers

/// Drain and restore against a real nginx and real web servers.
@Suite(.serialized, .enabled(if: NginxFixture.isAvailable), .timeLimit(.minutes(10)))
struct NginxStepTests {
    private static func step(_ action: StepAction, on member: ResourceID = "web-1") -> Step {
        TrafficSteps.step(action, on: member)
    }

    @Test func aServerIsTakenOutAndComesBackLetterByLetter() async throws {
        let nginx = try await NginxFixture()
        let before = try nginx.servers
        #expect(try await nginx.answering() == [1, 2])
        let prior = try await nginx.drained()
        #expect(!prior.alreadySo)
        #expect(try await nginx.answering() == [2])
        #expect(try nginx.servers == before.replacing("max_fails=0;\t# web-1", with: "max_fails=0 down;\t# web-1"))
        let step = Self.step(.restore(traffic: nginx.traffic()))
        let context = TrafficSteps.context(prior: prior)
        #expect(await nginx.restore().check(step, in: context) == .ready(prior: nil))
        try await nginx.restore().perform(step, in: context)
        #expect(try await nginx.restore().verify(step, in: context).observedAt >= context.intendedAt)
        #expect(try nginx.servers == before)
        #expect(try await nginx.answering() == [1, 2])
        guard case .alreadyDone = await nginx.restore().check(step, in: context) else {
            Issue.record("a second restore finds something to do")
            return
        }
    }

    @Test func bothDriversHoldToTheContract() async throws {
        let nginx = try await NginxFixture()
        let plan = TrafficSteps.context().plan
        let state = { try nginx.servers + "\(try await nginx.view().serving.map(\.id).sorted())" }
        let drain = Self.step(.drain(traffic: nginx.traffic()))
        #expect(await StepDriverConformance(driver: nginx.drain(), step: drain, plan: plan).run(state: state) == [])
        let line = try await nginx.view().file.server("web-1").line.replacing(" down;", with: ";")
        let remembering = Remembering(
            driver: nginx.restore(), prior: PriorState(alreadySo: false, details: ["line": line]))
        let restore = Self.step(.restore(traffic: nginx.traffic()))
        #expect(await StepDriverConformance(driver: remembering, step: restore, plan: plan).run(state: state) == [])
    }

    @Test("A drain ends only when the old workers have ended (nomad#14293), and no request is lost")
    func aDrainEndsWhenTheOldWorkersHaveEnded() async throws {
        let nginx = try await NginxFixture()
        let requests = try await nginx.holding()
        let draining = Task { try await nginx.drained() }
        try await eventually("old workers leave") { try await !nginx.view().leaving.isEmpty }
        let step = Self.step(.drain(traffic: nginx.traffic()))
        guard case .ready = await nginx.drain().check(step, in: TrafficSteps.context()) else {
            Issue.record("it is called done while old workers are there")
            return
        }
        #expect(try await nginx.letGo(requests).allSatisfy { $0 != nil })
        _ = try await draining.value
        #expect(try await nginx.view().leaving.isEmpty)
    }

    @Test func workThatDoesNotEndFailsTheDrainWhichStaysForAnotherAttempt() async throws {
        let nginx = try await NginxFixture()
        let requests = try await nginx.holding()
        let step = Self.step(.drain(traffic: nginx.traffic(drainTimeoutSeconds: 1)))
        guard case .ready(let prior?) = await nginx.drain().check(step, in: TrafficSteps.context()) else {
            Issue.record("not ready")
            return
        }
        let context = TrafficSteps.context(prior: prior)
        let failure = await #expect(throws: StepFailure.self) { try await nginx.drain().perform(step, in: context) }
        #expect(failure?.code == .timeout)
        #expect(failure?.message.contains("worker_shutdown_timeout") == true)
        #expect(try await nginx.answering() == [2])
        guard case .stands = await nginx.drain().hold(of: step, in: context) else {
            Issue.record("it is out, and the hold does not stand")
            return
        }
        #expect(try await nginx.letGo(requests).allSatisfy { $0 != nil })
        try await nginx.drain().perform(Self.step(.drain(traffic: nginx.traffic())), in: context)
    }

    @Test("What others have taken out stays out (system-upgrade-controller#341)")
    func whatOthersHaveTakenOutStaysOut() async throws {
        let nginx = try await NginxFixture { "server 127.0.0.1:\($1)\($0 == 1 ? " down" : ""); # web-\($0)" }
        let before = try nginx.servers
        let prior = try await nginx.drained()
        #expect(prior.alreadySo)
        let step = Self.step(.restore(traffic: nginx.traffic()))
        let context = TrafficSteps.context(prior: prior)
        guard case .alreadyDone(let observation) = await nginx.restore().check(step, in: context) else {
            Issue.record("there is something to restore")
            return
        }
        #expect(observation.summary.contains("before this run"))
        try await nginx.restore().perform(step, in: context)
        _ = try await nginx.restore().verify(step, in: context)
        #expect(try nginx.servers == before)
    }

    @Test func aLineThatSomebodyEditedMeanwhileIsLeftWithBothTold() async throws {
        let nginx = try await NginxFixture()
        let prior = try await nginx.drained()
        let edited = try nginx.servers.replacing("weight=5 max_fails=0 down", with: "weight=1 down")
        try nginx.write(edited, to: "web.servers")
        try nginx.reload()
        try await eventually("it is loaded") { try await nginx.view().taken == .asFound }
        let step = Self.step(.restore(traffic: nginx.traffic()))
        let context = TrafficSteps.context(prior: prior)
        let failure = await #expect(throws: StepFailure.self) {
            try await nginx.restore().perform(step, in: context)
        }
        #expect(failure?.code == .drift)
        #expect(failure?.message.contains("weight=5 max_fails=0 down") == true)
        #expect(failure?.message.contains("weight=1 down") == true)
        #expect(try nginx.servers == edited)
    }

    /// Somebody is in the middle of something: a reload would make it live.
    @Test func aChangeOfOthersThatNginxWasNotToldOfIsNotMadeLive() async throws {
        let nginx = try await NginxFixture()
        try await Task.sleep(for: .milliseconds(100))
        let edited = try nginx.servers.replacing("# end", with: "server 127.0.0.1:9 down; # web-9")
        try nginx.write(edited, to: "web.servers")
        let view = try await nginx.view()
        let (workers, line) = (view.serving, try view.file.server("web-1").line)
        let step = Self.step(.drain(traffic: nginx.traffic()))
        let prior = PriorState(alreadySo: false, details: ["line": line])
        // Whoever edits reloads in a moment, most often: the run waits for that, and does not end.
        for context in [TrafficSteps.context(), TrafficSteps.context(prior: prior)] {
            let restore = Self.step(.restore(traffic: nginx.traffic()))
            var answers = [await nginx.drain().check(step, in: context)]
            if context.prior != nil { answers.append(await nginx.restore().check(restore, in: context)) }
            for answer in answers {
                guard case .blocked(let reason) = answer else {
                    Issue.record("\(answer)")
                    continue
                }
                #expect(reason.contains("reload nginx"))
            }
        }
        let failure = await #expect(throws: StepFailure.self) {
            try await nginx.drain().perform(step, in: TrafficSteps.context(prior: prior))
        }
        #expect(failure?.code == .drift)
        #expect(failure?.message.contains("reload nginx") == true)
        #expect(try nginx.servers == edited)
        #expect(try await nginx.view().serving == workers)
        try nginx.reload()
        try await eventually("it is loaded") { try await nginx.view().isTaken }
        _ = try await nginx.drained()
        // What others add to the rest of the file stays, and is in nobody's way.
        #expect(try nginx.servers.contains("web-9"))
    }

    @Test func aConfigurationThatNginxRefusesIsNotTouched() async throws {
        let nginx = try await NginxFixture()
        let before = try nginx.servers
        try nginx.configure(extra: "no_such_directive on;")
        let failure = await #expect(throws: StepFailure.self) { try await nginx.drained() }
        #expect(failure?.code == .refused)
        #expect(failure?.message.contains("no_such_directive") == true)
        #expect(try nginx.servers == before)
        try nginx.configure()
        _ = try await nginx.drained()
    }

    @Test func membersThatAreTakenOutAtOnceAreAllOut() async throws {
        let nginx = try await NginxFixture(servers: 4)
        let before = try nginx.servers
        let out: [ResourceID] = ["web-1", "web-2", "web-3"]
        let priors = try await withThrowingTaskGroup(of: (ResourceID, PriorState).self) { group in
            for member in out { group.addTask { (member, try await nginx.drained(member)) } }
            var all: [ResourceID: PriorState] = [:]
            for try await (member, prior) in group { all[member] = prior }
            return all
        }
        #expect(try await nginx.answering() == [4])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for member in out {
                group.addTask {
                    let step = Self.step(.restore(traffic: nginx.traffic()), on: member)
                    let context = TrafficSteps.context(prior: priors[member])
                    try await nginx.restore().perform(step, in: context)
                    _ = try await nginx.restore().verify(step, in: context)
                }
            }
            try await group.waitForAll()
        }
        #expect(try nginx.servers == before)
        #expect(try await nginx.answering(48) == [1, 2, 3, 4])
    }

    private final class Load: Sendable {
        let isOver = Mutex(false)
    }

    @Test func noRequestFailsWhileServersGoOutAndComeBack() async throws {
        let nginx = try await NginxFixture(servers: 3)
        let load = Load()
        try await withThrowingTaskGroup(of: (answered: Int, failed: Int).self) { group in
            for _ in 0..<4 {
                group.addTask {
                    var counts = (answered: 0, failed: 0)
                    while !load.isOver.withLock({ $0 }) {
                        if try await nginx.get() != nil { counts.answered += 1 } else { counts.failed += 1 }
                    }
                    return counts
                }
            }
            for member in ["web-1", "web-2"] as [ResourceID] {
                let context = TrafficSteps.context(prior: try await nginx.drained(member))
                // As in a patch: whoever still sends there finds nobody.
                let backend = nginx.backends[member == "web-1" ? 0 : 1]
                backend.stop()
                try await Task.sleep(for: .milliseconds(500))
                try await backend.start()
                let step = Self.step(.restore(traffic: nginx.traffic()), on: member)
                try await nginx.restore().perform(step, in: context)
            }
            load.isOver.withLock { $0 = true }
            var answered = 0
            for try await counts in group {
                answered += counts.answered
                #expect(counts.failed == 0)
            }
            #expect(answered > 50, "too few requests to prove anything")
        }
    }

    @Test func whatTheGroupIsWorthIsReadFromTheFile() async throws {
        let nginx = try await NginxFixture()
        _ = try await nginx.drained()
        let view = try await nginx.view()
        #expect(view.health(of: "web-2") == .healthy)
        guard case .unhealthy(let reason) = view.health(of: "web-1"), case .unknown = view.health(of: "web-3") else {
            Issue.record("out, or not there, and well")
            return
        }
        #expect(reason.contains("down"))
    }

    @Test func namesAndPathsNeverBecomeCommands() async throws {
        let nginx = try await NginxFixture()
        let before = try nginx.servers
        let mark = nginx.directory.appending(path: "mark").path
        for name in ["x'; touch \(mark); '", "$(touch \(mark))", "web-1\nweb-2", "", "-T", "web-1 ", "../web.servers"] {
            var elsewhere = nginx.traffic()
            elsewhere.endpoint = nginx.directory.path + "/" + name
            for traffic in [nginx.traffic(backend: name), nginx.traffic(serverName: name), elsewhere] {
                let step = Self.step(.drain(traffic: traffic))
                let prior = PriorState(alreadySo: false, details: ["line": "server x; # \(name)"])
                await #expect(throws: StepFailure.self) {
                    try await nginx.drain().perform(step, in: TrafficSteps.context(prior: prior))
                }
            }
        }
        #expect(try nginx.servers == before)
        #expect(!FileManager.default.fileExists(atPath: mark))
    }

    @Test func whatRunsAsRootIsWhatTheRulesPermit() async throws {
        let nginx = try await NginxFixture()
        let channels = KilledChannels(nginx.channels, after: .max)
        let step = Self.step(.drain(traffic: nginx.traffic()))
        let prior = PriorState(alreadySo: false, details: ["line": try await nginx.view().file.server("web-1").line])
        try await nginx.drain(channels).perform(step, in: TrafficSteps.context(prior: prior))
        let rules = try nginx.installation.sudoRules()
        #expect(channels.roots.count >= 2)
        for root in channels.roots { #expect(rules.contains { $0.permits(root) }) }
    }
}
