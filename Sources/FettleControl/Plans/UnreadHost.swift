public import FettleModel
import FettlePlanning

/// A host of which too little is known to say that nothing is to be done on it.
public struct UnreadHost: Codable, Sendable, Equatable {
    public var resource: ResourceID
    public var reason: String

    public init(resource: ResourceID, reason: String) {
        self.resource = resource
        self.reason = reason
    }

    /// Those that were meant and are ours to patch, sorted: never looked at, not reached, or looked at without their packages and
    /// updates.
    static func all(of fleet: Fleet, _ filter: PatchFilter, facts: FactSet) -> [UnreadHost] {
        let hosts = Dictionary(facts.hosts.map { ($0.resource, $0) }, uniquingKeysWith: { first, _ in first })
        return fleet.resources.filter { resource in
            resource.address.transport != .none && resource.operatingSystemOwner == .us
                && filter.includes(resource, in: fleet)
        }.compactMap { resource in
            guard let host = hosts[resource.id] else {
                return UnreadHost(resource: resource.id, reason: "never looked at")
            }
            return host.unread.map { UnreadHost(resource: resource.id, reason: $0) }
        }.sorted { $0.resource < $1.resource }
    }

    /// These, and those that were asked now what would happen and did not answer, or whose package manager could not say.
    static func all(
        _ known: [UnreadHost], asked answers: [ResourceID: Swift.Result<Resolution, StepFailure>]
    ) -> [UnreadHost] {
        let names = Set(known.map(\.resource))
        let unresolved = answers.compactMap { resource, answer -> UnreadHost? in
            guard case .failure(let failure) = answer, !names.contains(resource) else { return nil }
            let what = isSilence(failure) ? "did not answer" : "its resolver failed"
            return UnreadHost(resource: resource, reason: "\(what): \(failure.message)")
        }
        return (known + unresolved).sorted { $0.resource < $1.resource }
    }

    /// Whether it was not heard what the host's package manager has to say.
    static func isSilence(_ failure: StepFailure) -> Bool {
        [.unreachable, .timeout, .locked].contains(failure.code)
    }
}

extension HostFacts {
    /// Why it cannot be told what it needs: it did not answer, or not with its packages and updates; nil: it can.
    public var unread: String? {
        if case .unreachable(let reason) = reachability { return "did not answer: \(reason)" }
        if let reason = packages.reasonMissing { return "packages not read: \(reason)" }
        return updates.reasonMissing.map { "updates not read: \($0)" }
    }
}
