internal import FettleModel
internal import Foundation

/// A target group at one moment, as `DescribeTargetHealth` tells of it: every target that is registered, and those that still finish
/// what they have begun.
///
/// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetHealth.html.
struct TargetGroupView: Sendable, Equatable {
    let registrations: [Registration]
    /// Before the question was sent.
    let observedAt: Timestamp

    /// One address of a target: an instance can be registered with several ports.
    struct Registration: Sendable, Equatable {
        let id: String
        let place: TargetPlace
        let state: String
        /// A code such as `Target.FailedHealthChecks`.
        let reason: String?
        /// The load balancer sends nothing to its zone (zonal shift), whatever its check says.
        var isShiftedAway = false
        /// What QUIC needs to register it again, and Fettle does not keep.
        var hasServerID = false

        /// No new request is sent to it; it may still answer earlier ones.
        var isLeaving: Bool { state == "draining" || state == "unhealthy.draining" }
        /// It has a place in the group, whether it gets requests or not.
        var isRegistered: Bool { !isLeaving && !isUnknown }
        /// Not registered: told of only where one asks for it by name.
        private var isUnknown: Bool { state == "unused" && reason == "Target.NotRegistered" }
        var isHealthy: Bool { state == "healthy" }
        /// Nobody checks it: no load balancer uses the group, or its zone.
        var isIdle: Bool { state == "unused" && reason == "Target.NotInUse" }
        /// It was not checked, or not yet.
        var isUnchecked: Bool { state == "initial" || state == "unavailable" }

        /// For people: `port 80 unhealthy (Target.FailedHealthChecks)`.
        var words: String { "port \(place.port) \(state)" + (reason.map { " (\($0))" } ?? "") }
    }

    func registrations(of id: String) -> [Registration] {
        registrations.filter { $0.id == id }.sorted { $0.place < $1.place }
    }

    func words(of id: String) -> String {
        let own = registrations(of: id)
        return own.isEmpty ? "not registered" : own.map(\.words).joined(separator: ", ")
    }

    /// What the load balancer says of a member: of all its ports.
    func health(of id: String) -> MemberHealth {
        let own = registrations(of: id)
        guard !own.isEmpty else { return .unhealthy(reason: "it is not registered with the target group") }
        if own.contains(where: \.isIdle) {
            return .unknown(reason: "no load balancer uses the target group, or its zone (\(words(of: id)))")
        }
        if own.contains(where: \.isShiftedAway) {
            return .unknown(reason: "traffic is shifted away from its zone (\(words(of: id)))")
        }
        if own.allSatisfy(\.isHealthy) { return .healthy }
        if own.contains(where: \.isUnchecked) {
            return .unknown(reason: "the load balancer has not checked it yet (\(words(of: id)))")
        }
        return .unhealthy(reason: "the load balancer: \(words(of: id))")
    }

    // MARK: Reading

    private struct Answer: Decodable {
        var descriptions: [Description]

        enum CodingKeys: String, CodingKey { case descriptions = "TargetHealthDescriptions" }
    }

    private struct Description: Decodable {
        var target: Target
        var health: Health
        var override: Override?

        enum CodingKeys: String, CodingKey {
            case target = "Target"
            case health = "TargetHealth"
            case override = "AdministrativeOverride"
        }
    }

    private struct Target: Decodable {
        var id: String
        var port: Int?
        var zone: String?
        var serverID: String?

        enum CodingKeys: String, CodingKey {
            case id = "Id"
            case port = "Port"
            case zone = "AvailabilityZone"
            case serverID = "QuicServerId"
        }
    }

    private struct Override: Decodable {
        var state: String?

        enum CodingKeys: String, CodingKey { case state = "State" }
    }

    private struct Health: Decodable {
        var state: String
        var reason: String?

        enum CodingKeys: String, CodingKey {
            case state = "State"
            case reason = "Reason"
        }
    }

    /// - Returns: nil for what is no such answer, whole.
    init?(parsing bytes: [UInt8], observedAt: Timestamp) {
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(bytes)) else { return nil }
        var registrations: [Registration] = []
        for found in answer.descriptions {
            // A function of Lambda has no port, and is no member of anything.
            guard let port = found.target.port else { continue }
            guard let place = TargetPlace(port: port, zone: found.target.zone) else { return nil }
            registrations.append(
                Registration(
                    id: found.target.id, place: place, state: Self.code(found.health.state) ?? "unknown",
                    reason: found.health.reason.flatMap(Self.code),
                    isShiftedAway: found.override?.state?.hasPrefix("zonal_shift") ?? false,
                    hasServerID: found.target.serverID != nil))
        }
        self.registrations = registrations
        self.observedAt = observedAt
    }

    /// A word that can be shown.
    private static func code(_ text: String) -> String? {
        guard (1...64).contains(text.utf8.count) else { return nil }
        return text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } ? text : nil
    }
}

/// Where a target listens, and in which zone it counts: what it has to be registered with again.
struct TargetPlace: Sendable, Hashable, Comparable {
    let port: Int
    /// `all`, or a zone's name, of an address outside of the network; nil where the group finds it out.
    let zone: String?

    init?(port: Int, zone: String?) {
        guard (1...65_535).contains(port) else { return nil }
        if let zone {
            guard (1...32).contains(zone.utf8.count),
                zone.utf8.allSatisfy({ byte in
                    (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "-")
                })
            else { return nil }
        }
        self.port = port
        self.zone = zone
    }

    /// As `text` gives it.
    init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let port = parts.first.flatMap({ Int($0) }) else { return nil }
        self.init(port: port, zone: parts.count > 1 ? String(parts[1]) : nil)
    }

    /// For the journal: `80`, `80/all`.
    var text: String { zone.map { "\(port)/\($0)" } ?? "\(port)" }

    static func < (left: Self, right: Self) -> Bool {
        (left.port, left.zone ?? "") < (right.port, right.zone ?? "")
    }
}
