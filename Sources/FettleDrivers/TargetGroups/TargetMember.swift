internal import FettleDriverKit
internal import FettleModel
internal import Foundation

/// A step's target in its target group.
struct TargetMember: Sendable {
    let client: TargetGroupClient
    let id: String

    /// What the journal keeps of it.
    static let placesKey = "registered"
    /// Nobody checked it then either.
    static let idleKey = "unused"

    init(
        _ step: Step, _ traffic: TrafficBinding, in plan: Plan, channels: any ChannelProvider, program: String
    ) throws(StepFailure) {
        client = try TargetGroupClient(traffic, channels: channels, program: program)
        guard let id = Self.id(of: step.resource, traffic, in: plan) else {
            throw StepFailure(
                code: .refused,
                message:
                    "\(client.place): no target is known for \(Self.shown(step.resource.rawValue)): its name there, "
                    + "'\(Self.shown(traffic.serverName(of: step.resource)))', is no instance's id, and its address in the "
                    + "inventory no IP address")
        }
        self.id = id
    }

    /// An instance by its id, where that is the member's name at the load balancer; else the member's address.
    static func id(of member: ResourceID, _ traffic: TrafficBinding, in plan: Plan) -> String? {
        let name = traffic.serverName(of: member)
        if isInstance(name) || isAddress(name) { return name }
        return plan.probeTarget(member).map(\.address.host).flatMap { isAddress($0) ? $0 : nil }
    }

    /// `i-` and hexadecimal digits, 8 or 17 of them.
    private static func isInstance(_ text: String) -> Bool {
        guard text.hasPrefix("i-"), (8...32).contains(text.utf8.count - 2) else { return false }
        return text.utf8.dropFirst(2).allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// In its short form, as AWS tells of it.
    private static func isAddress(_ text: String) -> Bool {
        guard text.utf8.count <= 45, text.utf8.allSatisfy({ $0 != 0 }) else { return false }
        var four = in_addr()
        var six = in6_addr()
        return inet_pton(AF_INET, text, &four) == 1 || inet_pton(AF_INET6, text, &six) == 1
    }

    func places(in view: TargetGroupView) -> [TargetPlace] {
        view.registrations(of: id).filter(\.isRegistered).map(\.place)
    }

    func isLeaving(in view: TargetGroupView) -> Bool { view.registrations(of: id).contains(where: \.isLeaving) }

    /// How it was registered before the run, out of the journal.
    func places(before prior: PriorState, _ step: Step) throws(StepFailure) -> [TargetPlace] {
        guard let text = prior.details[Self.placesKey] else {
            throw StepFailure(
                code: .internal, message: "\(step.id): nothing tells what was there before, so nothing is changed")
        }
        let words = text.split(separator: " ")
        let places = words.compactMap { TargetPlace($0) }
        guard places.count == words.count else {
            throw StepFailure(code: .internal, message: "\(step.id): the journal's '\(text)' names no ports")
        }
        return places.sorted()
    }

    /// Looks until nothing of it is left in the group: AWS keeps it there until the group's `deregistration_delay` is over.
    ///
    /// - Returns: nil once it is registered again.
    func waitUntilGone(
        _ end: ContinuousClock.Instant
    ) async throws(StepFailure) -> TargetGroupView? {
        var pause = Duration.milliseconds(500)
        while true {
            let view = try await client.look()
            guard places(in: view).isEmpty else { return nil }
            if !isLeaving(in: view) { return view }
            guard ContinuousClock.now < end else {
                throw failure(
                    .timeout,
                    "\(id) gets no new requests, but after \(client.traffic.drainTimeoutSeconds) s it is still draining: "
                        + "drainTimeout must be longer than the target group's deregistration_delay.timeout_seconds")
            }
            try await client.pause(pause)
            pause = min(pause * 3 / 2, .seconds(5))
        }
    }

    func failure(_ code: StepFailure.Code, _ message: String) -> StepFailure {
        StepFailure(code: code, message: "\(client.place): \(message)")
    }

    private static func shown(_ text: String) -> String { SafeText.lastLines(of: text) ?? "?" }

    func observation(_ summary: String, _ view: TargetGroupView) -> Observation {
        Observation(
            verdict: .pass, summary: summary,
            details: ["target": id, "group": client.group.arn, "state": view.words(of: id)],
            observedAt: view.observedAt)
    }
}
