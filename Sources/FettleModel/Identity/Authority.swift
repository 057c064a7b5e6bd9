/// Somebody of whom it is known who they are.
public struct Principal: Sendable, Equatable {
    public var person: Person
    public var grants: [Grant]
    /// What the token is good for at most; nil: for all that its owner may.
    public var limits: [Grant]?
    /// By what they have shown who they are, such as `token-3` or an issuer's address.
    public var by: String
    /// After that they have to show it again; nil: as long as what they have shown holds.
    public var until: Timestamp?

    public init(_ person: Person, grants: [Grant], limits: [Grant]? = nil, by: String = "", until: Timestamp? = nil) {
        self.person = person
        self.grants = grants
        self.limits = limits
        self.by = by
        self.until = until
    }
}

/// The one place that decides who may do what. Pure: the same question has the same answer.
public enum Authority {
    /// Why not, and what would be right.
    public struct Refusal: Error, Sendable, Equatable {
        public var message: String
        public var hint: String
    }

    /// - Returns: nil: it is allowed.
    public static func refusal(of act: Act, on scope: ActScope, by principal: Principal) -> Refusal? {
        refusal(act, scope, principal.person, principal.grants, "roles")
            ?? principal.limits.flatMap { limits in
                refusal(act, scope, principal.person, limits, "token (\(principal.by)), which is limited,")
            }
    }

    /// The first of a token's limits that would let it do more than its owner may; nil: none.
    ///
    /// A limit without a place holds wherever its owner does. By one with a place nothing may be done there that is not theirs to do.
    /// Whatever a token's limits are, what it is used for is held against both (`refusal`): roles are altered later.
    public static func beyond(_ limits: [Grant], of grants: [Grant]) -> Grant? {
        limits.first { limit in
            Act.allCases.contains { act in
                guard act.roles.contains(limit.role) else { return false }
                let fitting = grants.filter { act.roles.contains($0.role) }
                return fitting.isEmpty || !limit.isCovered(by: fitting)
            }
        }
    }

    private static func refusal(
        _ act: Act, _ scope: ActScope, _ person: Person, _ grants: [Grant], _ source: String
    ) -> Refusal? {
        let fitting = grants.filter { act.roles.contains($0.role) }
        let who = "\(person) may not \(act.words)"
        let needed = act.roles.map(\.rawValue).joined(separator: " or ")
        guard !fitting.isEmpty else {
            let has = grants.isEmpty ? "none" : grants.map(\.description).joined(separator: ", ")
            return Refusal(
                message: "\(who): that takes the role \(needed); of their \(source) there are: \(has)",
                hint: "somebody who has that role; or an admin grants it: `fettle user roles \(person) --role …`")
        }
        switch scope {
        case .nowhere: return nil
        case .everywhere:
            if fitting.contains(where: \.isUnlimited) { return nil }
            return Refusal(
                message: "\(who) for the whole fleet: \(fitting.map(\.description).joined(separator: ", ")) is less",
                hint:
                    "narrow it to an environment and groups that it holds for, or ask somebody with the role \(needed)")
        case .places(let places):
            let open = places.filter { place in !fitting.contains { $0.covers(place) } }
            guard !open.isEmpty else { return nil }
            let told = open.prefix(5).map(\.words).joined(separator: ", ")
            let more = open.count > 5 ? " and \(open.count - 5) more" : ""
            return Refusal(
                message: "\(who) in \(told)\(more): \(fitting.map(\.description).joined(separator: ", ")) is elsewhere",
                hint:
                    "somebody with the role \(needed) there; or an admin grants it: `fettle user roles \(person) --role …`"
            )
        }
    }
}
