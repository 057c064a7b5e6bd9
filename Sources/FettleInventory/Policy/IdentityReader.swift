internal import FettleModel

/// Reads `identity` of `policy.yaml`: whose id tokens are taken, and what groups may.
struct IdentityReader {
    let reading: Reading

    static let limit = 200

    /// nil if it says too little to be used.
    func read(_ value: YAMLValue) -> IdentityPolicy? {
        let keys = ["issuer", "audience", "keys", "algorithms", "nameClaim", "groupsClaim", "groups"]
        guard let fields = Fields(value, of: "'identity'", keys: keys, reading) else { return nil }
        func required(_ key: String, _ hint: String) -> String? {
            fields.required(key, of: "'identity'", reading, hint: hint).flatMap { reading.text($0, key, limit: 2_048) }
        }
        let issuer = required("issuer", "such as 'issuer: https://id.example.org'")
        let audience = required("audience", "what the issuer calls Fettle, such as 'audience: fettle'")
        let place = required("keys", "a file beside policy.yaml, or an address that begins with https://")
        if let place, place.contains("://"), !place.hasPrefix("https://") {
            reading.problem(
                "keys must be a file or an https address, but it is \(place.quoted)",
                at: fields["keys"]?.place ?? value.place, hint: "whoever can alter the keys on their way is everybody")
        }
        guard let issuer, let audience, let place else { return nil }
        var policy = IdentityPolicy(issuer: issuer, audience: audience, keys: place)
        if let value = fields["algorithms"] { policy.algorithms = algorithms(value) }
        if let value = fields["nameClaim"], let name = reading.text(value, "nameClaim", limit: 128) {
            policy.nameClaim = name
        }
        if let value = fields["groupsClaim"], let name = reading.text(value, "groupsClaim", limit: 128) {
            policy.groupsClaim = name
        }
        if let value = fields["groups"] {
            policy.groups = (reading.list(value, "groups", limit: Self.limit) ?? []).compactMap(group)
        }
        return policy
    }

    private func algorithms(_ value: YAMLValue) -> [IdentityPolicy.Algorithm] {
        if value.sequence?.isEmpty == true {
            reading.problem("algorithms is empty", at: value.place, hint: "give a value, or leave the key out")
        }
        return (reading.list(value, "algorithms", limit: 20) ?? []).compactMap {
            reading.choice($0, "algorithm", as: IdentityPolicy.Algorithm.self)
        }
    }

    private func group(_ item: YAMLValue) -> IdentityPolicy.GroupGrants? {
        guard let fields = Fields(item, of: "a group of the issuer's", keys: ["group", "roles"], reading) else {
            return nil
        }
        let name = fields.required("group", of: "a group of the issuer's", reading).flatMap {
            reading.text($0, "group")
        }
        let roles = fields.required("roles", of: "a group of the issuer's", reading)
        guard let name, let roles else { return nil }
        var grants: [Grant] = []
        for role in reading.list(roles, "roles", limit: 50) ?? [] {
            guard let text = reading.text(role, "a role") else { continue }
            guard let grant = Grant(text) else {
                let known = Role.allCases.map(\.rawValue).joined(separator: ", ")
                reading.problem(
                    "\(text.quoted) is no role", at: role.place,
                    hint: "one of \(known), with a place or without: \"operator:dev,qa/web*\"")
                continue
            }
            guard grant.role != .admin || grant == Grant(.admin) else {
                reading.problem(
                    "an admin is one everywhere: \(text.quoted) would be none", at: role.place,
                    hint: "admin, without a place")
                continue
            }
            grants.append(grant)
        }
        if roles.sequence?.isEmpty == true {
            reading.warning("the group \(name.quoted) may do nothing", at: roles.place, hint: "roles: [viewer]")
        }
        return IdentityPolicy.GroupGrants(group: name, grants: grants)
    }
}
