public import FettleModel

/// In one point the world is no longer as a plan saw it: what was approved is about another one.
public struct WorldDrift: Codable, Sendable, Hashable {
    public var kind: Kind
    /// Where; nil: at no single host.
    public var resource: ResourceID?
    public var group: GroupID?
    /// The package, or what of a group is meant, such as `backend`.
    public var subject: String
    /// As the plan saw it; nil: there was none.
    public var planned: String?
    /// As it is now; nil: there is none.
    public var present: String?

    public enum Kind: String, Codable, Sendable, CaseIterable {
        /// A package's version, by what was seen of the host since the plan was made.
        case package
        /// Whether a host is declared, where it is, and in which environment.
        case host
        /// Whether the group is declared, or one that the plan does not know.
        case group
        case member
        case minimumAvailable
        case maximumOut
        case traffic
        case probes
        /// How machines are moved.
        case machines
    }

    public init(
        _ kind: Kind, at resource: ResourceID? = nil, of group: GroupID? = nil, _ subject: String = "",
        planned: String?, present: String?
    ) {
        self.kind = kind
        self.resource = resource
        self.group = group
        self.subject = subject
        self.planned = planned
        self.present = present
    }
}

extension WorldDrift {
    /// A sentence a point; what is the same on several hosts is said once.
    ///
    /// - Parameter limit: sentences at most.
    public static func lines(_ all: [WorldDrift], limit: Int = 10) -> [String] {
        var places: [WorldDrift: Int] = [:]
        var lots: [(drift: WorldDrift, hosts: [ResourceID])] = []
        for drift in all {
            var same = drift
            if drift.kind == .package { same.resource = nil }
            if let place = places[same] {
                lots[place].hosts += drift.resource.map { [$0] } ?? []
            } else {
                places[same] = lots.count
                lots.append((drift, drift.resource.map { [$0] } ?? []))
            }
        }
        let more = lots.count > limit ? ["and \(lots.count - limit) more"] : []
        return lots.prefix(limit).map { $0.drift.sentence(on: $0.hosts) } + more
    }

    private func sentence(on hosts: [ResourceID]) -> String {
        let names = hosts.prefix(5).map(\.rawValue).joined(separator: ", ")
        let host = hosts.count > 5 ? "\(names) and \(hosts.count - 5) more" : names
        let name = group.map { "group \($0)" } ?? "a group"
        switch kind {
        case .package:
            let now = present.map { "at \($0)" } ?? "not installed"
            return "\(subject) on \(host) is \(now), the plan saw \(planned ?? "none")"
        case .host:
            guard let present else { return "\(host) is no longer declared" }
            return "the \(subject) of \(host) is now \(present), the plan has \(planned ?? "none")"
        case .group:
            guard present != nil else { return "\(name) is no longer declared" }
            return "\(host) is now in \(name), of which the plan knows nothing"
        case .member:
            return present == nil
                ? "\(host) is no longer in \(name)" : "\(host) is now in \(name), the plan counts without it"
        case .minimumAvailable:
            return "\(name) now needs \(present ?? "0") in service, the plan keeps \(planned ?? "0")"
        case .maximumOut:
            return "\(name) now lets \(present ?? "0") be out at once, the plan takes \(planned ?? "0")"
        case .traffic:
            return "traffic of \(name): \(subject) is now \(present ?? "none"), the plan has \(planned ?? "none")"
        case .probes:
            switch (planned, present) {
            case (_, nil): return "\(name) no longer has the probe \(subject) that the plan asks"
            case (nil, _): return "\(name) now has the probe \(subject) that the plan does not ask"
            default: return "the probe \(subject) of \(name) asks something else than the plan's"
            }
        case .machines: return "\(name) now says otherwise how machines are moved"
        }
    }
}
