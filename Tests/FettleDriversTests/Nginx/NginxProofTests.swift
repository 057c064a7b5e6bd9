import FettleDriverKit
import FettleModel
import Foundation
import Testing

@testable import FettleDrivers

/// What counts as proof that a server is out, and what does not, by a real nginx.
@Suite(.serialized, .enabled(if: NginxFixture.isAvailable), .timeLimit(.minutes(10)))
struct NginxProofTests {
    private static func drain(
        _ nginx: NginxFixture, _ member: ResourceID = "web-1", drainTimeoutSeconds: Int = 10
    ) -> Step {
        TrafficSteps.step(
            .drain(traffic: nginx.traffic(drainTimeoutSeconds: drainTimeoutSeconds)), on: member)
    }

    private static func isDone(_ readiness: StepReadiness) -> Bool {
        if case .alreadyDone = readiness { true } else { false }
    }

    // MARK: Old workers

    @Test func workersThatEndBecauseOfTheNextMemberDoNotCountForThisOne() async throws {
        let nginx = try await NginxFixture(servers: 3)
        let prior = try await nginx.drained("web-1")
        let requests = try await nginx.holding()
        let second = Self.drain(nginx, "web-2", drainTimeoutSeconds: 0)
        guard case .ready(let other?) = await nginx.drain().check(second, in: TrafficSteps.context()) else {
            Issue.record("not ready")
            return
        }
        let failure = await #expect(throws: StepFailure.self) {
            try await nginx.drain().perform(second, in: TrafficSteps.context(prior: other))
        }
        #expect(failure?.code == .timeout)
        let first = Self.drain(nginx, drainTimeoutSeconds: 0)
        let context = TrafficSteps.context(prior: prior)
        #expect(Self.isDone(await nginx.drain().check(first, in: context)))
        #expect(try await nginx.drain().verify(first, in: context).verdict == .pass)
        try await nginx.drain().perform(first, in: context)
        #expect(
            await nginx.drain().check(second, in: TrafficSteps.context(prior: other)) == .ready(prior: other),
            "the second one is not idle yet")
        #expect(try await !nginx.view().leaving.isEmpty, "the requests have ended too early to prove anything")
        #expect(try await nginx.letGo(requests).allSatisfy { $0 != nil })
    }

    @Test func whatIsNotedOfAServerEndsWithItsComingBack() async throws {
        let nginx = try await NginxFixture(servers: 3)
        let prior = try await nginx.drained("web-1")
        _ = try await nginx.drained("web-2")
        let first = try await nginx.view()
        #expect(first.notes.byName.keys.sorted() == ["web-1", "web-2"])
        let restore = TrafficSteps.step(.restore(traffic: nginx.traffic()), on: "web-1")
        try await nginx.restore().perform(restore, in: TrafficSteps.context(prior: prior))
        #expect(try await nginx.view().notes.byName == first.notes.byName.filter { $0.key == "web-2" })
        let requests = try await nginx.holding()
        let step = Self.drain(nginx, drainTimeoutSeconds: 0)
        let failure = await #expect(throws: StepFailure.self) {
            try await nginx.drain().perform(step, in: TrafficSteps.context(prior: prior))
        }
        #expect(failure?.code == .timeout, "workers of the time between send to it")
        #expect(try await nginx.letGo(requests).allSatisfy { $0 != nil })
    }

    /// The seal is not of this file any more, and what it says of workers may be wrong.
    @Test func afterAForeignEditAndReloadTheOldWorkersAreWaitedForAndNothingFails() async throws {
        let nginx = try await NginxFixture()
        let prior = try await nginx.drained()
        let requests = try await nginx.holding()
        try nginx.write(try nginx.servers.replacing("# end", with: "# the end"), to: "web.servers")
        try nginx.reload()
        try await eventually("it is loaded") { try await nginx.view().taken == .asFound }
        let context = TrafficSteps.context(prior: prior)
        guard case .blocked = await nginx.drain().check(Self.drain(nginx), in: context) else {
            Issue.record("old workers end, and nothing tells whether they know")
            return
        }
        #expect(try await !nginx.view().leaving.isEmpty, "the requests have ended too early to prove anything")
        #expect(try await nginx.letGo(requests).allSatisfy { $0 != nil })
        try await eventually("they have ended") {
            Self.isDone(await nginx.drain().check(Self.drain(nginx), in: context))
        }
    }

    @Test("Old workers of the program before count too (nomad#14293)")
    func oldWorkersOfTheProgramBeforeCountToo() async throws {
        let nginx = try await NginxFixture()
        try await nginx.stop()
        defer { nginx.endDaemons() }
        try await nginx.startAsDaemon()
        let requests = try await nginx.holding()
        let old = try nginx.master()
        kill(old, SIGUSR2)
        try await eventually("the new program is there") {
            try nginx.master() != old && nginx.master("nginx.pid.oldbin") == old
        }
        try await eventually("it has workers") { try await nginx.view().serving.count == 2 }
        kill(old, SIGQUIT)
        let step = Self.drain(nginx, drainTimeoutSeconds: 0)
        guard case .ready(let prior?) = await nginx.drain().check(step, in: TrafficSteps.context()) else {
            Issue.record("not ready")
            return
        }
        let context = TrafficSteps.context(prior: prior)
        let failure = await #expect(throws: StepFailure.self) { try await nginx.drain().perform(step, in: context) }
        #expect(failure?.code == .timeout)
        #expect(await nginx.drain().check(step, in: context) == .ready(prior: prior))
        #expect(try await nginx.letGo(requests).allSatisfy { $0 != nil })
        try await nginx.drain().perform(Self.drain(nginx), in: context)
        #expect(Self.isDone(await nginx.drain().check(step, in: context)))
        #expect(try await nginx.answering(12) == [2])
    }

    // MARK: The file

    @Test func aFileThatNginxWasNeverSeenToTakeHoldsNothing() async throws {
        let nginx = try await NginxFixture()
        let view = try await nginx.view()
        let server = try view.file.server("web-1")
        let file = try NginxServersFile(view.file.replacing(server, by: server.drainedLine))
        #expect(try await nginx.host().write(file, over: view))
        var installation = nginx.installation
        installation.reloadTime = .seconds(1)
        let driver = NginxDrainDriver(channels: nginx.channels, installation: installation)
        let context = TrafficSteps.context(prior: PriorState(alreadySo: false, details: ["line": server.line]))
        guard case .lost(let reason) = await driver.hold(of: Self.drain(nginx), in: context) else {
            Issue.record("nginx sends to it, and the hold stands")
            return
        }
        #expect(reason.contains("nobody has seen"))
        let failure = await #expect(throws: StepFailure.self) {
            try await driver.verify(Self.drain(nginx), in: context)
        }
        #expect(failure?.code == .timeout)
        #expect(try await driver.reassert(Self.drain(nginx), in: context).verdict == .pass)
        #expect(try await nginx.answering(12) == [2])
    }

    /// The file is down and sealed, and the upstream is made of something else by now.
    @Test func aFileThatNginxDoesNotUseProvesNothing() async throws {
        let nginx = try await NginxFixture()
        let prior = try await nginx.drained()
        let path = nginx.directory.appending(path: "nginx.conf").path
        let configuration = try String(contentsOfFile: path, encoding: .utf8)
        let ports = nginx.backends.map { "server 127.0.0.1:\($0.port);" }
        let include = "include \(nginx.serversPath);"
        for other in [ports.joined(), include + ports[0]] {
            try nginx.write(configuration.replacing(include, with: other), to: "nginx.conf")
            try nginx.reload()
            try await eventually("nginx sends to it") { try await nginx.answering(12).contains(1) }
            let context = TrafficSteps.context(prior: prior)
            guard case .unknown(let doubt) = await nginx.drain().check(Self.drain(nginx), in: context) else {
                Issue.record("nginx sends to it, and it counts as out")
                continue
            }
            #expect(doubt.code == .drift)
            let failure = await #expect(throws: StepFailure.self) {
                try await nginx.drain().perform(Self.drain(nginx), in: context)
            }
            #expect(failure?.code == .drift)
            #expect(failure?.message.contains("upstream web") == true)
        }
    }

    @Test func anEditDuringTheSyncIsNotOverwritten() async throws {
        let nginx = try await NginxFixture()
        let view = try await nginx.view()
        let server = try view.file.server("web-1")
        let path = nginx.serversPath
        let channels = ScriptChannels { "sync() { echo '# edited' >>'\(path)'; command sync \"$@\"; }\n" + $0 }
        let file = try NginxServersFile(view.file.replacing(server, by: server.drainedLine))
        #expect(try await !nginx.host(channels).write(file, over: view))
        #expect(try nginx.servers.contains("# edited"))
        #expect(try await !nginx.view().file.server("web-1").isDown)
    }

    @Test func bytesThatAreNotTextAreLeft() async throws {
        let nginx = try await NginxFixture()
        let bytes = Data(try nginx.servers.utf8) + Data([0x0A, 0x23, 0xE4, 0x0A])
        try bytes.write(to: URL(filePath: nginx.serversPath))
        let failure = await #expect(throws: StepFailure.self) { try await nginx.view() }
        #expect(failure?.code == .drift)
        #expect(failure?.message.contains("not UTF-8") == true)
    }

    @Test func aFileOfAnotherUserStaysTheirs() async throws {
        let nginx = try await NginxFixture()
        let view = try await nginx.view()
        let server = try view.file.server("web-1")
        #expect(chown(nginx.directory.path, 65_534, 65_534) == 0)
        let channels = ScriptChannels { text in
            let quoted = (try? shellQuoted(text)) ?? "false"
            return "exec setpriv --reuid 65534 --regid 65534 --clear-groups /bin/sh -c \(quoted)"
        }
        let file = try NginxServersFile(view.file.replacing(server, by: server.drainedLine))
        let failure = await #expect(throws: StepFailure.self) {
            try await nginx.host(channels).write(file, over: view)
        }
        #expect(failure?.code == .refused)
        #expect(failure?.message.contains("give it to that one") == true, "\(String(describing: failure))")
        #expect(try nginx.servers == view.text)
        // As `chown USER FILE` leaves it: the group is not one of the user's.
        #expect(chown(nginx.serversPath, 65_534, 0) == 0)
        #expect(try await nginx.host(channels).write(file, over: view))
    }

    // MARK: Clocks

    /// In a container `/proc/uptime` is the container's, and the starts of processes are the machine's (lxcfs).
    @Test func theClockOfAContainerDoesNotMakeAnEditLookOld() async throws {
        let nginx = try await NginxFixture()
        let uptime = nginx.directory.appending(path: "uptime").path
        try nginx.write("5.00 5.00\n", to: "uptime")
        let channels = ScriptChannels { text in
            let quoted = (try? shellQuoted("mount --bind '\(uptime)' /proc/uptime || exit 1\n" + text)) ?? "false"
            return "exec unshare -m /bin/sh -c \(quoted)"
        }
        try await Task.sleep(for: .milliseconds(100))
        #expect(try await nginx.host(channels).look().taken == .asFound)
        try nginx.write(try nginx.servers.replacing("# end", with: "# the end"), to: "web.servers")
        #expect(try await nginx.host(channels).look().taken == .edited)
        try nginx.reload()
        try await eventually("it is loaded") { try await nginx.host(channels).look().taken == .asFound }
    }
}
