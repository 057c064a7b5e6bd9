/// What speaks against moving a machine while it runs, by Proxmox VE's own judgement (`GET …/migrate`).
struct MigrationObstacle: Decodable, Sendable {
    private struct Disk: Decodable { var volid: String }

    /// nil: before version 9 it is told only of machines that are shut off. What speaks against a node is then said when the move is
    /// asked for.
    private var allowed: Set<String>?
    private var reasons: [String: String]
    private var disks: [String]
    private var resources: [String]
    private var mapped: [String]
    private var dependent: [String]

    private enum CodingKeys: String, CodingKey {
        case allowed = "allowed_nodes"
        case notAllowed = "not_allowed_nodes"
        case disks = "local_disks"
        case resources = "local_resources"
        case mapped = "mapped-resources"
        case dependent = "dependent-ha-resources"
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        allowed = try fields.decodeIfPresent([String].self, forKey: .allowed).map(Set.init)
        // Without entries Perl's object can come as a list. It serves for words only.
        let refused = try? fields.decodeIfPresent([String: Refusal].self, forKey: .notAllowed)
        reasons = refused?.compactMapValues(\.words) ?? [:]
        // Missing, these would pass for "none".
        disks = try fields.decode([Disk].self, forKey: .disks).map(\.volid)
        resources = try fields.decode([String].self, forKey: .resources)
        mapped = try fields.decodeIfPresent([String].self, forKey: .mapped) ?? []
        dependent = try fields.decodeIfPresent([String].self, forKey: .dependent) ?? []
    }

    private struct Refusal: Decodable {
        var storages: [String]?
        var blocking: [Blocking]?

        struct Blocking: Decodable { var sid: String }

        enum CodingKeys: String, CodingKey {
            case storages = "unavailable_storages"
            case blocking = "blocking-ha-resources"
        }

        var words: String? {
            let parts = (storages ?? []).map { "no storage \($0)" } + (blocking ?? []).map { "not beside \($0.sid)" }
            return parts.isEmpty ? nil : PackageWords.list(parts)
        }
    }

    /// Wherever it is to go; nil: nothing does.
    var everywhere: String? {
        if let resource = resources.first {
            return "a resource of the hypervisor is given to it (\(Self.word(resource)))"
        }
        if let resource = mapped.first {
            return "a mapped resource of the hypervisor is given to it (\(Self.word(resource)))"
        }
        if let disk = disks.first { return "its disk \(Self.word(disk)) is on this hypervisor only" }
        if let other = dependent.first { return "the HA manager moves \(Self.word(other)) along with it" }
        return nil
    }

    /// On that node; nil: nothing does.
    func on(_ node: String) -> String? {
        guard let allowed, !allowed.contains(node) else { return nil }
        return reasons[node].map { FactText.excerpt($0, limit: 200) } ?? "Proxmox VE does not let it"
    }

    /// Whatever of the two comes first.
    ///
    /// - Parameter nodes: to which it could go.
    func onAll(of nodes: [String]) -> String? {
        if let everywhere { return everywhere }
        let refusals = nodes.sorted().compactMap { node in on(node).map { "\(node): \($0)" } }
        guard refusals.count == nodes.count else { return nil }
        return nodes.isEmpty ? nil : "it may go to no other: \(PackageWords.list(refusals))"
    }

    private static func word(_ text: String) -> String {
        FactText.excerpt(FactText.decode(text.utf8), limit: 120)
    }
}

extension ProxmoxClient {
    func obstacle(of vmid: Int, on node: String) async throws(APIError) -> MigrationObstacle {
        try await get(.preconditions(of: vmid, on: node), as: MigrationObstacle.self)
    }
}
