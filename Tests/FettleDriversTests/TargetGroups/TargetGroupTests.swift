import FettleDriverKit
import FettleModel
import FettleTestSupport
import Synchronization
import Testing

@testable import FettleDrivers

/// Members of target groups of AWS's load balancers, against a group in memory; the product's own answers are in `MotoTests`.
@Suite struct TargetGroupTests {
    private typealias Target = PretendTargetGroup.Target

    private static let first = "i-0aaaaaaaaaaaaaaaa"
    private static let second = "i-0bbbbbbbbbbbbbbbb"
    /// Two ports of one instance, and an address outside of the network of another.
    private let targets = [
        Target(id: first, port: 80), Target(id: first, port: 8080), Target(id: second, port: 80),
    ]

    private static func drain(_ member: ResourceID = ResourceID(first), timeout: Int = 60) -> Step {
        TrafficSteps.step(.drain(traffic: PretendTargetGroup.traffic(drainTimeoutSeconds: timeout)), on: member)
    }

    private static func restore(timeout: Int = 20) -> Step {
        TrafficSteps.step(
            .restore(traffic: PretendTargetGroup.traffic()), on: ResourceID(first), timeoutSeconds: timeout)
    }

    private func drained(_ group: PretendTargetGroup) async throws -> StepContext {
        let driver = TargetGroupDrainDriver(channels: group)
        guard case .ready(let prior?) = await driver.check(Self.drain(), in: TrafficSteps.context()) else {
            throw TimedOut(description: "the drain is not ready")
        }
        let context = TrafficSteps.context(prior: prior)
        try await driver.perform(Self.drain(), in: context)
        _ = try await driver.verify(Self.drain(), in: context)
        return context
    }

    @Test func bothStepsKeepTheContract() async throws {
        let group = PretendTargetGroup(targets)
        let plan = TrafficSteps.context().plan
        let drain = StepDriverConformance(
            driver: TargetGroupDrainDriver(channels: group), step: Self.drain(), plan: plan)
        #expect(await drain.run { group.picture } == [])
        let prior = PriorState(alreadySo: false, details: ["registered": "80 8080"])
        let restore = StepDriverConformance(
            driver: Remembering(driver: TargetGroupRestoreDriver(channels: group), prior: prior), step: Self.restore(),
            plan: plan)
        #expect(await restore.run { group.picture } == [])
    }

    @Test func aMemberIsOutWhenItsConnectionsHaveEndedAndComesBackWithEachOfItsPorts() async throws {
        let group = PretendTargetGroup(targets)
        let before = group.picture
        let context = try await drained(group)
        #expect(group.picture == "\(Self.second):80/ healthy")
        let driver = TargetGroupRestoreDriver(channels: group)
        #expect(await driver.check(Self.restore(), in: context) == .ready(prior: nil))
        try await driver.perform(Self.restore(), in: context)
        #expect(try await driver.verify(Self.restore(), in: context).verdict == .pass)
        #expect(group.picture == before)
    }

    @Test func anAddressOutsideOfTheNetworkKeepsItsZone() async throws {
        let group = PretendTargetGroup([Target(id: "10.1.2.3", port: 443, zone: "all")])
        let targets = [
            PlanTarget(resource: "web-1", address: .ssh("10.1.2.3"), environment: "dev")
        ]
        let driver = TargetGroupDrainDriver(channels: group)
        guard
            case .ready(let prior?) = await driver.check(
                Self.drain("web-1"), in: TrafficSteps.context(targets: targets))
        else {
            Issue.record("not ready")
            return
        }
        #expect(prior == PriorState(alreadySo: false, details: ["registered": "443/all"]))
        let context = TrafficSteps.context(prior: prior, targets: targets)
        try await driver.perform(Self.drain("web-1"), in: context)
        #expect(group.picture == "")
        let back = TrafficSteps.step(.restore(traffic: PretendTargetGroup.traffic()), on: "web-1")
        try await TargetGroupRestoreDriver(channels: group).perform(back, in: context)
        #expect(group.picture == "10.1.2.3:443/all healthy")
    }

    @Test("A name that is not registered is no member that was taken out: it may serve under another")
    func anUnknownNameIsToldAndNothingIsTouched() async throws {
        let group = PretendTargetGroup(targets)
        let member: ResourceID = "i-0cccccccccccccccc"
        guard
            case .unknown(let failure) = await TargetGroupDrainDriver(channels: group)
                .check(Self.drain(member), in: TrafficSteps.context())
        else {
            Issue.record("it is taken for a member")
            return
        }
        #expect(failure.code == .drift && failure.message.contains("correct 'server'"), "\(failure)")
        guard
            case .unknown(let other) = await TargetGroupDrainDriver(channels: group)
                .check(Self.drain("web-1"), in: TrafficSteps.context())
        else {
            Issue.record("a name that can be no target is asked for")
            return
        }
        #expect(other.code == .refused && group.state.withLock { $0.scripts.count } == 1)
    }

    @Test("What somebody else is taking out is waited for, and left out (system-upgrade-controller#341)")
    func whatOthersTakeOutIsLeftOut() async throws {
        let group = PretendTargetGroup(targets)
        group.state.withLock { state in
            for target in targets.prefix(2) { state.begin(target, "draining", "Target.DeregistrationInProgress") }
        }
        let context = try await drained(group)
        #expect(context.prior?.alreadySo == true)
        let driver = TargetGroupRestoreDriver(channels: group)
        guard case .alreadyDone = await driver.check(Self.restore(), in: context) else {
            Issue.record("it would be put back")
            return
        }
        try await driver.perform(Self.restore(), in: context)
        #expect(group.picture == "\(Self.second):80/ healthy")
    }

    @Test func aTargetThatDrainsOnFailsTheStepWithTheMemberOut() async throws {
        let group = PretendTargetGroup(targets)
        group.state.withLock { state in
            state.looks = 1_000
            state.attributes["timeout_seconds"] = "0"
        }
        let step = Self.drain(timeout: 1)
        let driver = TargetGroupDrainDriver(channels: group)
        guard case .ready(let prior?) = await driver.check(step, in: TrafficSteps.context()) else {
            Issue.record("not ready")
            return
        }
        let failure = await #expect(throws: StepFailure.self) {
            try await driver.perform(step, in: TrafficSteps.context(prior: prior))
        }
        #expect(failure?.code == .timeout && failure?.message.contains("deregistration_delay") == true)
        #expect(group.picture.contains("\(Self.first):80/ draining"))
    }

    /// Draining lasts the whole delay, also of a target without connections; a network load balancer leaves them open after it.
    @Test(
        "A group that could not be drained in time, or would keep connections, is refused before anything is done",
        arguments: [
            (["timeout_seconds": "300"], "make it longer"),
            (["timeout_seconds": "30", "connection_termination.enabled": "false"], "leaves connections open"),
            (["timeout_seconds": "soon"], "not what DescribeTargetGroupAttributes answers"),
        ])
    func rules(attributes: [String: String], words: String) async {
        let group = PretendTargetGroup(targets)
        let before = group.picture
        group.state.withLock { $0.attributes = attributes }
        guard
            case .unknown(let failure) = await TargetGroupDrainDriver(channels: group)
                .check(Self.drain(), in: TrafficSteps.context())
        else {
            Issue.record("it would be drained")
            return
        }
        #expect(failure.message.contains(words), "\(failure)")
        #expect(group.picture == before)
    }

    @Test func aGroupThatEndsConnectionsIsDrained() async throws {
        let group = PretendTargetGroup(targets)
        group.state.withLock { $0.attributes["connection_termination.enabled"] = "true" }
        _ = try await drained(group)
        #expect(!group.picture.contains(Self.first))
    }

    @Test func aTargetThatCouldNotBePutBackAsItWasIsNotTakenOut() async {
        let group = PretendTargetGroup(targets)
        group.state.withLock { $0.serverID = "0xa1b2c3d4e5f65890" }
        guard
            case .unknown(let failure) = await TargetGroupDrainDriver(channels: group)
                .check(Self.drain(), in: TrafficSteps.context())
        else {
            Issue.record("its id of QUIC would be lost")
            return
        }
        #expect(failure.code == .refused && failure.message.contains("QUIC"))
    }

    @Test func aMemberWhoseCheckDoesNotPassIsTakenOutAgain() async throws {
        let group = PretendTargetGroup(targets)
        let context = try await drained(group)
        group.state.withLock { $0.checked[Self.first] = "unhealthy" }
        let failure = await #expect(throws: StepFailure.self) {
            try await TargetGroupRestoreDriver(channels: group).perform(Self.restore(timeout: 4), in: context)
        }
        #expect(failure?.code == .unhealthy && failure?.message.contains("FailedHealthChecks") == true)
        #expect(!group.picture.contains("\(Self.first):80/ unhealthy"))
    }

    /// A network load balancer takes minutes until it checks a target at all.
    @Test func aMemberThatWasNotCheckedYetStaysAndIsWaitedForOnceMore() async throws {
        let group = PretendTargetGroup(targets)
        let context = try await drained(group)
        group.state.withLock { $0.looks = 1_000 }
        let driver = TargetGroupRestoreDriver(channels: group)
        let failure = await #expect(throws: StepFailure.self) {
            try await driver.perform(Self.restore(timeout: 2), in: context)
        }
        #expect(failure?.code == .timeout)
        #expect(group.picture.contains("\(Self.first):80/ initial"))
        group.state.withLock { state in for target in targets.prefix(2) { state.left[target] = 1 } }
        try await driver.perform(Self.restore(), in: context)
        #expect(try await driver.verify(Self.restore(), in: context).verdict == .pass)
    }

    @Test func aMomentWithoutAnAnswerLeavesNobodyHalfBack() async throws {
        let group = PretendTargetGroup(targets)
        let before = group.picture
        let context = try await drained(group)
        group.state.withLock {
            $0.errors = [
                "An error occurred (Throttling) when calling it: Rate exceeded",
                "Could not connect to the endpoint URL",
            ]
        }
        try await TargetGroupRestoreDriver(channels: group).perform(Self.restore(), in: context)
        #expect(group.picture == before)
    }

    @Test func aMemberThatSomebodyPutsBackIsSeenAndTakenOutAgain() async throws {
        let group = PretendTargetGroup(targets)
        let context = try await drained(group)
        let driver = TargetGroupDrainDriver(channels: group)
        guard case .stands = await driver.hold(of: Self.drain(), in: context) else {
            Issue.record("it is out, and does not stand")
            return
        }
        group.state.withLock { $0.health[targets[0]] = "healthy" }
        guard case .lost = await driver.hold(of: Self.drain(), in: context) else {
            Issue.record("it is in, and nobody sees it")
            return
        }
        #expect(try await driver.reassert(Self.drain(), in: context).verdict == .pass)
        #expect(!group.picture.contains(Self.first))
    }

    @Test func aPortThatSomebodyRegistersMeanwhileIsLeftAlone() async throws {
        let group = PretendTargetGroup(targets)
        let context = try await drained(group)
        group.state.withLock { $0.health[Target(id: Self.first, port: 9_000)] = "healthy" }
        let drain = await #expect(throws: StepFailure.self) {
            try await TargetGroupDrainDriver(channels: group).perform(Self.drain(), in: context)
        }
        let restore = await #expect(throws: StepFailure.self) {
            try await TargetGroupRestoreDriver(channels: group).perform(Self.restore(), in: context)
        }
        #expect(drain?.code == .drift && restore?.code == .drift)
        #expect(group.picture.contains("\(Self.first):9000/ healthy"))
    }

    @Test(
        "What AWS says is told, and whether another try is worth it",
        arguments: [
            (
                "An error occurred (AccessDenied) when calling the DescribeTargetHealth operation: no",
                StepFailure.Code.refused
            ),
            ("An error occurred (ExpiredToken) when calling it", .refused),
            ("An error occurred (Throttling) when calling it: Rate exceeded", .unreachable),
            ("An error occurred (TargetGroupNotFound) when calling it", .drift),
            ("Could not connect to the endpoint URL: \"https://elasticloadbalancing.eu-central-1\"", .unreachable),
            ("Unable to locate credentials. You can configure credentials by running \"aws configure\".", .refused),
            ("\u{1B}[31mwords\u{07} of a hostile machine", .refused),
        ])
    func errors(said: String, code: StepFailure.Code) async {
        let group = PretendTargetGroup(targets)
        group.state.withLock { $0.errors = [said] }
        guard
            case .unknown(let failure) = await TargetGroupDrainDriver(channels: group)
                .check(Self.drain(), in: TrafficSteps.context())
        else {
            Issue.record("an error is no answer")
            return
        }
        #expect(failure.code == code, "\(failure)")
        #expect(failure.message.contains("target group web (eu-central-1), asked from bastion"))
        #expect(!failure.message.contains("\u{1B}") && !failure.message.contains("\u{07}"))
    }

    @Test(
        "An answer that is none is no empty group",
        arguments: [
            "", "{}", "[]", #"{"TargetHealthDescriptions":null}"#,
            #"{"TargetHealthDescriptions":[{"Target":{"Id":"i-1","Port":99999},"TargetHealth":{"State":"healthy"}}]}"#,
            #"{"TargetHealthDescriptions":[{"Target":{"Id":"i-1","Port":80,"AvailabilityZone":"';id;'"},"TargetHealth":{"State":"healthy"}}]}"#,
        ])
    func garbage(_ text: String) async {
        let group = PretendTargetGroup(targets)
        group.state.withLock { $0.garbage = text }
        guard
            case .unknown(let failure) = await TargetGroupDrainDriver(channels: group)
                .check(Self.drain(), in: TrafficSteps.context())
        else {
            Issue.record("it is taken for an answer")
            return
        }
        #expect(failure.message.contains("not what DescribeTargetHealth answers"))
    }

    @Test(
        "An ARN that could be more than one to a shell is refused",
        arguments: [
            "", "web", "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/web/0",
            "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/web/73e2'; id; '",
            "arn:aws:elasticloadbalancing:-x:123456789012:targetgroup/web/73e2",
            "arn:aws:elasticloadbalancing:eu-central-1:12345:targetgroup/web/73e2",
            "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/web/73e2\n",
        ])
    func names(_ text: String) { #expect(TargetGroupName(text) == nil) }

    @Test func eachPartOfTheWorldHasItsARN() {
        for part in ["aws", "aws-cn", "aws-us-gov"] {
            let name = TargetGroupName(
                "arn:\(part):elasticloadbalancing:cn-north-1:123456789012:targetgroup/web-1/73e2")
            #expect(name?.name == "web-1" && name?.region == "cn-north-1")
        }
    }

    @Test func aMemberInAZoneThatTrafficIsShiftedAwayFromDoesNotCount() async {
        let group = PretendTargetGroup(targets)
        group.state.withLock { $0.override = "zonal_shift_active" }
        guard case .unknown(let reason) = await health(in: group) else {
            Issue.record("it gets no traffic, and counts")
            return
        }
        #expect(reason.contains("shifted away"))
    }

    private func health(in group: PretendTargetGroup) async -> MemberHealth? {
        let planned = PlannedGroup(
            id: "web", members: [ResourceID(Self.first)], minimumAvailable: 0, maximumOut: 1,
            traffic: PretendTargetGroup.traffic(), probes: [])
        let observer = BuiltInHealthObserver(channels: group, runner: ProbeRunner(channels: group))
        return await observer.health(of: planned, in: TrafficSteps.context().plan)[ResourceID(Self.first)]
    }

    @Test(
        "A member is well when the load balancer finds each of its ports well",
        arguments: [
            (["healthy", "healthy"], "healthy"), (["healthy", "unhealthy"], "unhealthy"),
            (["healthy", "draining"], "unhealthy"), (["initial", "healthy"], "unknown"), ([], "unhealthy"),
        ])
    func health(states: [String], expected: String) async throws {
        let group = PretendTargetGroup([])
        group.state.withLock { state in
            for (port, name) in states.enumerated() { state.health[Target(id: Self.first, port: port + 1)] = name }
        }
        let health = await health(in: group)
        let word =
            switch health {
            case .healthy: "healthy"
            case .unhealthy: "unhealthy"
            case .unknown: "unknown"
            case nil: "missing"
            }
        #expect(word == expected, "\(String(describing: health))")
    }
}
