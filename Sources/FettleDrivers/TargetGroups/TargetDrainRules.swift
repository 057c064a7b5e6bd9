internal import Foundation

/// What a target group says of how a target leaves it.
///
/// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html.
struct TargetDrainRules: Sendable, Equatable {
    /// How long a target is draining, in seconds: all of that time, whether it has connections or not.
    let delaySeconds: Int
    /// Whether connections that are open then are ended; nil where the kind of load balancer always does.
    let endsConnections: Bool?

    private struct Answer: Decodable {
        var attributes: [Attribute]

        enum CodingKeys: String, CodingKey { case attributes = "Attributes" }
    }

    private struct Attribute: Decodable {
        var key: String
        var value: String

        enum CodingKeys: String, CodingKey {
            case key = "Key"
            case value = "Value"
        }
    }

    /// - Returns: nil for what is no such answer, whole.
    init?(parsing bytes: [UInt8]) {
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(bytes)) else { return nil }
        func value(_ name: String) -> String? {
            answer.attributes.first { $0.key == "deregistration_delay." + name }?.value
        }
        guard let seconds = value("timeout_seconds").flatMap({ Int($0) }), (0...3_600).contains(seconds) else {
            return nil
        }
        delaySeconds = seconds
        endsConnections = value("connection_termination.enabled").map { $0 == "true" }
    }

    /// Why nobody can be drained by these rules in that time; nil: it can.
    func objection(within seconds: Int) -> String? {
        if endsConnections == false {
            return "it leaves connections open when a target's time to drain is over: set its attribute "
                + "deregistration_delay.connection_termination.enabled to true"
        }
        guard seconds > delaySeconds else {
            return "a target drains for \(delaySeconds) s (deregistration_delay.timeout_seconds), and drainTimeout is "
                + "\(seconds) s: make it longer than that"
        }
        return nil
    }
}
