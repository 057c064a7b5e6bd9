import FettleAssessment
import FettleModel

/// What most reports need of the facts: whose they are, and of what kind of system. Of a large fleet the rest, which is nearly all of it, is
/// not even decoded.
struct FactOutline: Sendable {
    var id: String
    var observedAt: Timestamp
    var hosts: [Host]

    struct Host: Sendable {
        var resource: ResourceID
        var platform: Platform?
        /// Of its first package; nil: no package was observed.
        var manager: PackageManager?
    }

    init(_ facts: FactSet) {
        id = facts.id
        observedAt = facts.observedAt
        hosts = facts.hosts.map { host in
            Host(
                resource: host.resource, platform: host.platform.value,
                manager: host.packages.value?.first?.manager)
        }
    }

    /// For waivers, whose scopes name packages by the system's kind.
    var systems: [ResourceID: WaiverBook.System] {
        Dictionary(hosts.map { ($0.resource, WaiverBook.System(platform: $0.platform, manager: $0.manager)) }) {
            first, _ in first
        }
    }
}

/// Read from a `FactSet`'s JSON.
extension FactOutline: Decodable {}

extension FactOutline.Host: Decodable {
    private enum CodingKeys: CodingKey { case resource, platform, packages }
    private enum ObservedKeys: CodingKey { case value }

    init(from decoder: any Decoder) throws {
        let host = try decoder.container(keyedBy: CodingKeys.self)
        resource = try host.decode(ResourceID.self, forKey: .resource)
        platform = try host.decode(Observed<Platform>.self, forKey: .platform).value
        let packages = try host.nestedContainer(keyedBy: ObservedKeys.self, forKey: .packages)
        guard packages.contains(.value) else {
            // Not observed, or as facts were kept at first.
            manager = try host.decode(Observed<[InstalledPackage]>.self, forKey: .packages).value?.first?.manager
            return
        }
        var list = try packages.nestedUnkeyedContainer(forKey: .value)
        if !list.isAtEnd { manager = try list.decode(InstalledPackage.self).manager }
    }
}
