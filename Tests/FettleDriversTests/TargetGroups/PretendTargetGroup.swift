import FettleDriverKit
import FettleModel
import Foundation
import Synchronization

@testable import FettleDrivers

/// A target group in memory, behind a machine with the `aws` command: it answers as the documentation of the API says that AWS does, with
/// the states that a target goes through. Each look at it is a moment later.
final class PretendTargetGroup: ChannelProvider, CommandChannel, Sendable {
    static let arn = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/web/73e2d6bc24d8a067"

    struct Target: Hashable, Codable, Sendable {
        var id: String
        var port: Int
        var zone: String?

        enum CodingKeys: String, CodingKey {
            case id = "Id"
            case port = "Port"
            case zone = "AvailabilityZone"
        }
    }

    struct State: Sendable {
        var health: [Target: String] = [:]
        var reasons: [Target: String] = [:]
        /// How many looks a target is `initial` or `draining`.
        var looks = 2
        var left: [Target: Int] = [:]
        /// What its check says once it was asked.
        var checked: [String: String] = [:]
        /// Of the group: how long a target drains, and what becomes of its connections then.
        var attributes = ["timeout_seconds": "50"]
        /// Said of each target besides.
        var override: String?
        var serverID: String?
        var scripts: [String] = []
        /// Printed instead of an answer, once each.
        var errors: [String] = []
        var garbage: String?
    }

    let state: Mutex<State>

    init(_ targets: [Target]) {
        state = Mutex(State(health: Dictionary(uniqueKeysWithValues: targets.map { ($0, "healthy") })))
    }

    static func traffic(server: String = "{id}", drainTimeoutSeconds: Int = 60) -> TrafficBinding {
        TrafficBinding(
            driver: TargetGroupDrainDriver.name, via: "bastion", address: .ssh("bastion"), endpoint: arn,
            backend: "web",
            serverName: server, drainTimeoutSeconds: drainTimeoutSeconds)
    }

    /// What of it a step may change.
    var picture: String {
        state.withLock { state in
            state.health.map { "\($0.key.id):\($0.key.port)/\($0.key.zone ?? "") \($0.value)" }.sorted().joined(
                separator: ", ")
        }
    }

    // MARK: CommandChannel

    func channel(to address: ResourceAddress) async throws(AccessError) -> any CommandChannel { self }
    func close() async {}

    func run(_ command: RemoteCommand) async throws(AccessError) -> CommandResult {
        guard case .script(let script) = command.program, let line = script.split(separator: "\n").last else {
            return Self.result(64, "it is no script")
        }
        let words = Self.words(String(line))
        return state.withLock { state in
            state.scripts.append(script)
            if !state.errors.isEmpty { return Self.result(254, state.errors.removeFirst()) }
            if let garbage = state.garbage { return Self.result(0, "", garbage) }
            guard words.contains(Self.arn), words.contains("--region"), words.contains("eu-central-1") else {
                return Self.result(254, "An error occurred (TargetGroupNotFound) when calling it")
            }
            if words.contains("describe-target-group-attributes") {
                let lines = state.attributes.map { #"{"Key":"deregistration_delay.\#($0)","Value":"\#($1)"}"# }
                return Self.result(0, "", #"{"Attributes":[\#(lines.joined(separator: ","))]}"#)
            }
            if words.contains("describe-target-health") { return Self.result(0, "", state.look()) }
            let text = words.firstIndex(of: "--targets").map { words[$0 + 1] } ?? ""
            guard let targets = try? JSONDecoder().decode([Target].self, from: Data(text.utf8)) else {
                return Self.result(252, "Error parsing parameter '--targets'")
            }
            for target in targets {
                switch (words.contains("register-targets"), state.health[target]) {
                case (true, "healthy"), (true, "initial"), (true, "unhealthy"): continue
                case (true, _): state.begin(target, "initial", "Elb.RegistrationInProgress")
                case (false, "draining"), (false, nil): continue
                case (false, _): state.begin(target, "draining", "Target.DeregistrationInProgress")
                }
            }
            return Self.result(0, "")
        }
    }

    /// As a shell takes the line apart, which quotes by `'` alone.
    private static func words(_ line: String) -> [String] {
        line.split(separator: "'", omittingEmptySubsequences: false).enumerated().flatMap { index, part in
            index.isMultiple(of: 2) ? part.split(separator: " ").map(String.init) : [String(part)]
        }
    }

    private static func result(_ status: Int32, _ error: String, _ output: String = "") -> CommandResult {
        CommandResult(
            status: status, standardOutput: Array(output.utf8), standardError: Array(error.utf8), duration: .zero)
    }
}

extension PretendTargetGroup.State {
    mutating func begin(_ target: PretendTargetGroup.Target, _ name: String, _ reason: String) {
        health[target] = name
        reasons[target] = reason
        left[target] = looks
    }

    /// What `describe-target-health` prints; then time goes on.
    fileprivate mutating func look() -> String {
        let lines = health.keys.sorted { ($0.id, $0.port) < ($1.id, $1.port) }.map { target in
            let zone = target.zone.map { #","AvailabilityZone":"\#($0)""# } ?? ""
            let reason = reasons[target].map { #","Reason":"\#($0)","Description":"words""# } ?? ""
            let quic = serverID.map { #","QuicServerId":"\#($0)""# } ?? ""
            let shift = override.map { #","AdministrativeOverride":{"State":"\#($0)"}"# } ?? ""
            return #"{"Target":{"Id":"\#(target.id)","Port":\#(target.port)\#(zone)\#(quic)},"HealthCheckPort":"80","#
                + #""TargetHealth":{"State":"\#(health[target] ?? "")"\#(reason)}\#(shift)}"#
        }
        for (target, count) in left {
            left[target] = count - 1
            guard count <= 1 else { continue }
            left[target] = nil
            reasons[target] = nil
            if health[target] == "draining" {
                health[target] = nil
            } else {
                health[target] = checked[target.id] ?? "healthy"
                if health[target] == "unhealthy" { reasons[target] = "Target.FailedHealthChecks" }
            }
        }
        return #"{"TargetHealthDescriptions":[\#(lines.joined(separator: ","))]}"#
    }
}
