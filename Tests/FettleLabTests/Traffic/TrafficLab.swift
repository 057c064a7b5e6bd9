import FettleDriverKit
import FettleDrivers
import FettleModel
import Foundation
import Testing

/// The lab as the tests of traffic see it: the pool `web` behind HAProxy on lb-1, reached by ssh.
enum TrafficLab {
    static let directory = ProcessInfo.processInfo.environment["FETTLE_LAB_RUN"]
    static var isUp: Bool { directory != nil }
    /// The member that is taken out and brought back.
    static let member: ResourceID = "web-4"
    static let balancer = ResourceAddress.ssh("lb-1")

    static func connections() -> SSHConnections {
        var configuration = SSHConfiguration()
        configuration.configurationFile = directory.map { $0 + "/ssh_config" }
        return SSHConnections(configuration)
    }

    static func traffic(user: String? = nil, drainTimeoutSeconds: Int = 30) -> TrafficBinding {
        TrafficBinding(
            driver: "haproxy", via: "lb-1", address: .ssh("lb-1", user: user), endpoint: "/run/haproxy/admin.sock",
            backend: "web", drainTimeoutSeconds: drainTimeoutSeconds)
    }

    /// Host names in probes are those of the lab's network.
    static let health = Probe(
        name: "nginx", check: .http(url: "http://{host}/healthz", status: 200, contains: nil), timeoutSeconds: 2,
        samples: 2, intervalSeconds: 0, deadlineSeconds: 20)

    static let pool = PlannedGroup(
        id: "web", members: ["web-1", "web-2", "web-3", "web-4"], minimumAvailable: 3, maximumOut: 1,
        traffic: traffic(), probes: [health],
        memberAddresses: [
            "web-1": .ssh("web-1"), "web-2": .ssh("web-2"), "web-3": .ssh("web-3"), "web-4": .ssh("web-4"),
        ])

    static func step(_ action: StepAction, timeoutSeconds: Int = 60) -> Step {
        Step(
            id: StepID("\(member)/\(action.name)"), resource: member, group: "web", wave: 0, action: action, after: [],
            availability: .none, rollbackClass: .nothingToUndo,
            estimate: DurationEstimate(medianSeconds: 1, p95Seconds: 10), timeoutSeconds: timeoutSeconds)
    }

    static func context(prior: PriorState? = nil) -> StepContext {
        let digest = Digest(rawValue: String(repeating: "0", count: 64))
        let plan = Plan(
            id: "plan-1", title: "a test", selection: StageReference(id: "selection-1", digest: digest),
            createdAt: .now(), environments: ["production"],
            targets: [PlanTarget(resource: member, address: .ssh(member.rawValue), environment: "production")],
            groups: [pool], steps: [], rollback: [], limits: PlanLimits())
        return StepContext(run: "run-1", plan: plan, attempt: 1, intendedAt: .now(), prior: prior)
    }

    /// Runs shell text as root on a host of the lab.
    @discardableResult
    static func run(
        _ script: String, on host: String, through channels: SSHConnections
    ) async throws -> String {
        let result = try await channels.channel(to: .ssh(host)).run(RemoteCommand(script: script))
        try #require(result.succeeded, "\(script): \(result.errorText)")
        return result.outputText
    }

    /// What HAProxy was told is put back, whatever a test left.
    static func reset(_ channels: SSHConnections) async throws {
        try await run(
            "for s in 1 2 3 4; do echo \"set server web/web-$s state ready; set weight web/web-$s 100%\" "
                + "| socat - UNIX-CONNECT:/run/haproxy/admin.sock; done", on: "lb-1", through: channels)
        let observer = BuiltInHealthObserver(channels: channels, runner: ProbeRunner(channels: channels))
        for _ in 0..<900 {
            let health = await observer.health(of: pool, in: context().plan)
            if health.values.allSatisfy(\.isHealthy) { return }
            try await Task.sleep(for: .milliseconds(200))
        }
        Issue.record("the pool does not become healthy")
    }
}

/// Requests through the balancer, one after the other in several tasks, until it is stopped.
actor Load {
    private(set) var answered = 0
    private(set) var failures: [String] = []
    private var tasks: [Task<Void, Never>] = []

    /// - Parameters:
    ///   - count: how many at the same time.
    ///   - port: of the balancer's frontend.
    func start(tasks count: Int = 8, port: Int = 8000) {
        let probe = Probe(
            name: "load", check: .http(url: "http://lb-1:\(port)/", status: 200, contains: nil), timeoutSeconds: 10)
        let runner = ProbeRunner(channels: TrafficLab.connections())
        let target = ProbeTarget(resource: "lb-1", address: TrafficLab.balancer)
        tasks = (0..<count).map { _ in
            Task {
                while !Task.isCancelled {
                    let sample = await runner.sample(probe, of: target)
                    if !Task.isCancelled { self.count(sample) }
                }
            }
        }
    }

    func stop() async -> (answered: Int, failures: [String]) {
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        return (answered, failures)
    }

    private func count(_ sample: ProbeSample) {
        if sample.verdict == .pass { answered += 1 } else { failures.append(sample.reason) }
    }
}
