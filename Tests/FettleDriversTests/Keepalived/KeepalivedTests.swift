import FettleDriverKit
import FettleModel
import FettleTestSupport
import Foundation
import Testing

@testable import FettleDrivers

/// The address of a VRRP group handed over and back by real keepalived, in namespaces.
@Suite(.serialized, .enabled(if: KeepalivedFixture.isAvailable), .timeLimit(.minutes(10)))
struct KeepalivedTests {
    @Test func aPeerHasTheAddressBeforeTheDrainIsDoneAndItComesBack() async throws {
        let pair = try await KeepalivedFixture()
        #expect(try await pair.answering() == "lb-1")
        let prior = try await pair.drained()
        #expect(try await pair.holders() == ["lb-2"])
        #expect(try await pair.answering() == "lb-2")
        #expect(try pair.value(of: "lb-1") == "-253\n")
        let step = pair.step(.restore(traffic: pair.traffic()))
        #expect(await pair.restore.check(step, in: pair.context(prior: prior)) == .ready(prior: nil))
        try await pair.restore.perform(step, in: pair.context(prior: prior))
        #expect(try await pair.restore.verify(step, in: pair.context(prior: prior)).verdict == .pass)
        #expect(try await pair.holders() == ["lb-1"])
        #expect(try pair.value(of: "lb-1") == "0\n")
        guard case .alreadyDone = await pair.restore.check(step, in: pair.context(prior: prior)) else {
            Issue.record("a second restore finds something to do")
            return
        }
    }

    @Test func theDriverHoldsToTheContract() async throws {
        let pair = try await KeepalivedFixture(members: 3)
        for member in ["lb-1", "lb-2"] as [ResourceID] {
            let step = pair.step(.drain(traffic: pair.traffic()), on: member)
            let findings = await StepDriverConformance(driver: pair.drain, step: step, plan: pair.context().plan)
                .run { try pair.value(of: member) + "\(try await pair.holders())" }
            #expect(findings == [])
            try pair.set("0\n", of: member)
            try await eventually("the first has it again") { try await pair.holders() == ["lb-1"] }
        }
    }

    @Test func aMemberThatIsRestartedWhileItIsOutDoesNotTakeTheAddress() async throws {
        let pair = try await KeepalivedFixture()
        let prior = try await pair.drained()
        let step = pair.step(.drain(traffic: pair.traffic()))
        pair.stop("lb-1")
        // It is away, as in a reboot, and the hold stands by what the peer says.
        guard case .stands = await pair.drain.hold(of: step, in: pair.context(prior: prior)) else {
            Issue.record("the peer has the address, and the hold does not stand")
            return
        }
        try pair.start("lb-1")
        for _ in 0..<30 {
            #expect(try await pair.holders() == ["lb-2"])
            try await Task.sleep(for: .milliseconds(100))
        }
        let back = pair.step(.restore(traffic: pair.traffic()))
        try await pair.restore.perform(back, in: pair.context(prior: prior))
        #expect(try await pair.holders() == ["lb-1"])
    }

    @Test func withoutAPeerNothingIsTouched() async throws {
        let pair = try await KeepalivedFixture()
        pair.stop("lb-2")
        let step = pair.step(.drain(traffic: pair.traffic()))
        guard case .blocked(let reason) = await pair.drain.check(step, in: pair.context()) else {
            Issue.record("the last one would be taken out")
            return
        }
        #expect(reason.contains("no peer could take 10.99.0.100"))
        let prior = PriorState(alreadySo: false, details: ["value": "0", "held": "true"])
        let failure = await #expect(throws: StepFailure.self) {
            try await pair.drain.perform(step, in: pair.context(prior: prior))
        }
        #expect(failure?.code == .unhealthy)
        #expect(try pair.value(of: "lb-1") == "0\n")
        try pair.start("lb-2")
        try pair.set("-100", of: "lb-2")
        guard case .blocked = await pair.drain.check(step, in: pair.context()) else {
            Issue.record("the peer is out itself")
            return
        }
    }

    @Test("Who was out before stays out (system-upgrade-controller#341)")
    func whoWasOutBeforeStaysOut() async throws {
        let pair = try await KeepalivedFixture()
        try pair.set("-254\n", of: "lb-1")
        try await eventually("the peer has it") { try await pair.holders() == ["lb-2"] }
        let prior = try await pair.drained()
        #expect(prior.alreadySo)
        let step = pair.step(.restore(traffic: pair.traffic()))
        try await pair.restore.perform(step, in: pair.context(prior: prior))
        guard case .alreadyDone = await pair.restore.check(step, in: pair.context(prior: prior)) else {
            Issue.record("there is something to restore")
            return
        }
        #expect(try pair.value(of: "lb-1") == "-254\n")
    }

    /// -20 weighs a member less, and it would still take the address from a peer that fails: that is not out.
    @Test func aMemberThatOnlyWeighsLessIsTakenOutAndGetsItsNumberBack() async throws {
        let pair = try await KeepalivedFixture()
        try pair.set("-20\n", of: "lb-1")
        try await eventually("the peer has it") { try await pair.holders() == ["lb-2"] }
        let prior = try await pair.drained()
        #expect(!prior.alreadySo)
        #expect(try pair.value(of: "lb-1") == "-253\n")
        let step = pair.step(.restore(traffic: pair.traffic()))
        try await pair.restore.perform(step, in: pair.context(prior: prior))
        #expect(try await pair.restore.verify(step, in: pair.context(prior: prior)).verdict == .pass)
        #expect(try pair.value(of: "lb-1") == "-20\n")
    }

    @Test func aNumberThatSomebodyWritesWhileItIsSyncedIsLeft() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "fettle-k\(UInt32.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "priority")
        try "0\n".write(to: file, atomically: true, encoding: .utf8)
        let node = KeepalivedNode(
            member: "lb-1", address: .local, file: file.path, virtualAddress: "10.0.0.100",
            channels: ScriptChannels { "sync() { echo -7 >'\(file.path)'; command sync \"$@\"; }\n" + $0 })
        let failure = await #expect(throws: StepFailure.self) { try await node.set(-253, insteadOf: 0) }
        #expect(failure?.code == .drift)
        #expect(try String(contentsOf: file, encoding: .utf8) == "-7\n")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["priority"])
    }

    @Test func whatSomebodyElseHasWrittenIsLeft() async throws {
        let pair = try await KeepalivedFixture()
        let prior = try await pair.drained()
        try pair.set("-20\n", of: "lb-1")
        let step = pair.step(.restore(traffic: pair.traffic()))
        let failure = await #expect(throws: StepFailure.self) {
            try await pair.restore.perform(step, in: pair.context(prior: prior))
        }
        #expect(failure?.code == .drift)
        #expect(failure?.message.contains("-253") == true && failure?.message.contains("-20") == true)
        #expect(try pair.value(of: "lb-1") == "-20\n")
    }

    @Test func aPriorityThatSomebodyPutBackIsLoweredAgain() async throws {
        let pair = try await KeepalivedFixture()
        let prior = try await pair.drained()
        let step = pair.step(.drain(traffic: pair.traffic()))
        try pair.set("0\n", of: "lb-1")
        try await eventually("it has the address again") { try await pair.holders() == ["lb-1"] }
        guard case .lost(let reason) = await pair.drain.hold(of: step, in: pair.context(prior: prior)) else {
            Issue.record("it gets traffic, and nobody sees it")
            return
        }
        #expect(reason.contains("lb-1: holds the address"))
        #expect(try await pair.drain.reassert(step, in: pair.context(prior: prior)).verdict == .pass)
        #expect(try await pair.holders() == ["lb-2"])
    }

    @Test func healthIsWhatTheMembersShow() async throws {
        let trio = try await KeepalivedFixture(members: 3)
        _ = try await trio.drained()
        trio.stop("lb-3")
        let group = try #require(trio.context().plan.groups.first)
        let nodes = try KeepalivedGroup.nodes(
            of: group, trio.traffic(), in: trio.context().plan, channels: trio.channels
        ) { trio.pidFile($0) }
        let health = await KeepalivedGroup.health(of: nodes)
        #expect(health["lb-2"] == .healthy)
        guard case .unhealthy(let lowered) = health["lb-1"], case .unhealthy(let stopped) = health["lb-3"] else {
            Issue.record("\(health)")
            return
        }
        #expect(lowered.contains("priority -253") && stopped.contains("does not run"))
    }

    @Test(arguments: ["1000000", "x", "", "0 1", "0\nrm", "9223372036854775808"])
    func whatIsNoNumberIsTold(_ text: String) async throws {
        let pair = try await KeepalivedFixture()
        try pair.set(text, of: "lb-1")
        guard
            case .unknown(let failure) = await pair.drain.check(
                pair.step(.drain(traffic: pair.traffic())), in: pair.context())
        else {
            Issue.record("taken")
            return
        }
        #expect(failure.code == .drift)
    }

    @Test(arguments: ["/etc/x'; touch /tmp/mark; '", "relative", "/a/../b", "/etc/$(id)", ""])
    func pathsAndAddressesNeverBecomeCommands(_ text: String) async throws {
        let address = Dictionary(
            uniqueKeysWithValues: [("lb-1", ResourceAddress.local)].map { (ResourceID($0.0), $0.1) })
        for isPath in [true, false] {
            let traffic = TrafficBinding(
                driver: "keepalived", via: "lb-1", endpoint: isPath ? text : "/etc/keepalived/p",
                backend: isPath ? "10.0.0.1" : text)
            let group = PlannedGroup(
                id: "web", members: ["lb-1"], minimumAvailable: 0, maximumOut: 1, traffic: traffic, probes: [],
                memberAddresses: address)
            let step = TrafficSteps.step(.drain(traffic: traffic), on: "lb-1")
            let readiness = await KeepalivedDrainDriver(channels: NoChannels())
                .check(step, in: TrafficSteps.context(groups: [group]))
            guard case .unknown(let failure) = readiness else {
                Issue.record("taken: \(text)")
                continue
            }
            #expect(failure.code == .refused)
        }
        for text in ["10.0.0", "10.0.0.256", "10.0.0.1.2", "a.b.c.d", "1.2.3.٤", "0.0.0.-1"] {
            #expect(!KeepalivedGroup.isAddress(text))
        }
        #expect(KeepalivedGroup.isAddress("10.0.0.100"))
    }
}
