public import FettleModel
public import FettleStore

/// Users and their roles. Each act of administration is in the log, by its document.
public struct UserService: Sendable {
    let keeper: StageKeeper
    let gate: Gate
    let now: @Sendable () -> Timestamp

    public init(
        store: any Store, access: Access = .local, now: @escaping @Sendable () -> Timestamp = Timestamp.now
    ) {
        keeper = StageKeeper(store: store)
        gate = Gate(keeper, access, now: now)
        self.now = now
    }

    /// Adds somebody. From the first on everybody has to show who they are.
    ///
    /// - Throws: `invalid` for a name that is none, for no role, and if the first is no admin; `conflict` for one that there is, in whatever case.
    public func add(_ id: UserID, grants: [Grant], by person: Person) async throws(ControlError) -> User {
        try await gate.require(.administrate, on: .everywhere, by: person, saying: .nothing)
        guard Self.isName(id.rawValue) else {
            throw ControlError(
                .invalid, "a user's name has letters, digits, '.', '-', '_' and '@', and up to 64 of them",
                hint: "such as `fettle user add alice@example.org --role viewer`")
        }
        try Self.admit(grants)
        let isFirst = try await gate.isOpen
        if isFirst, !grants.contains(where: { $0.role == .admin }) {
            throw ControlError(
                .invalid, "the first user has to be an admin: nobody else could add others",
                hint: "`fettle user add \(id) --role admin`, with other roles besides as you like")
        }
        if !isFirst, id.rawValue == person.rawValue {
            throw ControlError(.conflict, "\(id) is there already", hint: "`fettle user list`")
        }
        // Two people whose names only a close look tells apart are one to whoever reads a vote.
        if let other = try await gate.namesake(of: id.rawValue), other != id {
            throw ControlError(
                .conflict, "\(other) is there already, and \(id) differs from it in upper and lower case alone",
                hint: "another name; or `fettle user roles \(other) --role …` alters that one")
        }
        let user = User(id: id, grants: grants, createdBy: person, createdAt: now())
        do throws(ControlError) {
            try await keeper.keep(user, as: .user, id: id.rawValue, at: user.createdAt)
        } catch {
            guard error.code == .conflict else { throw error }
            throw ControlError(
                .conflict, "\(id) is there already", hint: "`fettle user roles \(id) --role …` alters it")
        }
        return user
    }

    /// Gives somebody these roles instead of those they had.
    ///
    /// - Throws: `blocked` for oneself, and if nobody would be left who may administrate.
    public func setGrants(
        _ grants: [Grant], of id: UserID, by person: Person
    ) async throws(ControlError) -> User {
        try Self.admit(grants)
        return try await alter(id, by: person) { $0.grants = grants }
    }

    /// Lets somebody do nothing any more, or again. Their tokens stay what they were, and are good for nothing meanwhile.
    ///
    /// - Throws: as `setGrants`.
    public func setDisabled(_ isDisabled: Bool, _ id: UserID, by person: Person) async throws(ControlError) -> User {
        try await alter(id, by: person) { $0.isDisabled = isDisabled }
    }

    private func alter(
        _ id: UserID, by person: Person, _ edit: (inout User) -> Void
    ) async throws(ControlError) -> User {
        try await gate.require(.administrate, on: .everywhere, by: person, saying: .nothing)
        guard id.rawValue != person.name else {
            throw ControlError(
                .blocked, "nobody alters their own roles: another admin has to",
                hint: "`fettle user list` tells who is one")
        }
        for _ in 0..<20 {
            var (user, reference) = try await keeper.load(User.self, .user, id: id.rawValue)
            let (before, wasAdmin) = (user, user.isAdmin)
            edit(&user)
            user.alteredBy = person
            user.alteredAt = now()
            if wasAdmin, !user.isAdmin { try await requireAnotherAdmin(than: id) }
            do throws(ControlError) {
                try await keeper.replace(
                    user, as: .user, id: id.rawValue, at: user.createdAt, expecting: reference.digest)
                if wasAdmin, !user.isAdmin { try await giveBackIfTheLast(user, before) }
                return user
            } catch  where error.hint != Self.tryAgain {
                guard error.code == .conflict else { throw error }
            }
        }
        throw ControlError(.conflict, "\(id) is altered by others all the time", hint: "try again")
    }

    private static let tryAgain = "each took the other's role away: try again"

    /// Two admins who take each other's role away at the same moment have both seen another one.
    private func giveBackIfTheLast(_ user: User, _ before: User) async throws(ControlError) {
        guard try await !kept().contains(where: \.isAdmin) else { return }
        var back = user
        (back.grants, back.isDisabled) = (before.grants, before.isDisabled)
        try await keeper.replace(
            back, as: .user, id: user.id.rawValue, at: back.createdAt, expecting: try StageKeeper.digest(of: user))
        throw ControlError(.conflict, "nobody would be left who may administrate users", hint: Self.tryAgain)
    }

    private func requireAnotherAdmin(than id: UserID) async throws(ControlError) {
        guard try await kept().contains(where: { $0.isAdmin && $0.id != id }) else {
            throw ControlError(
                .blocked, "\(id) is the only admin: nobody would be left to let others in",
                hint: "make another one first: `fettle user add NAME --role admin`")
        }
    }

    private static let most = 50

    private static func admit(_ grants: [Grant]) throws(ControlError) {
        guard !grants.isEmpty, grants.count <= most else {
            throw ControlError(
                .invalid, "a user has one role or more, up to \(most)",
                hint:
                    "--role takes \(Role.allCases.map(\.rawValue).joined(separator: ", ")), with a place: operator:dev,qa/web*"
            )
        }
        let roles = grants.filter { $0.role == .admin && !$0.isUnlimited }
        guard roles.isEmpty else {
            throw ControlError(
                .invalid, "users belong to no environment: an admin is one everywhere",
                hint: "--role admin, without a place")
        }
    }

    /// By name. Whoever looks has to have a role that may.
    public func users() async throws(ControlError) -> [User] {
        try await gate.require(.readIdentities, on: .nowhere, saying: .nothing)
        return try await kept()
    }

    private func kept() async throws(ControlError) -> [User] {
        var users: [User] = []
        for summary in try await keeper.list(.user, limit: .max) {
            users.append(try await keeper.load(User.self, .user, id: summary.id).value)
        }
        return users.sorted { $0.id < $1.id }
    }

    /// Whether whoever asks may look at the whole fleet.
    ///
    /// - Throws: `blocked`.
    public func requireRead() async throws(ControlError) {
        try await gate.require(.read, on: .everywhere, saying: .nothing)
    }

    /// Who has signed in; nil: no users are kept, so that nobody has to.
    public func whoami() async throws(ControlError) -> Principal? { try await gate.principal() }

    /// Plain letters only, as `--as` takes them: a name stands in votes and journals.
    static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
                    || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || ".-_@".utf8.contains(byte)
            }
    }
}
