public import FettleModel
public import FettleStore

/// Tokens by which users show who they are. A text is told once, by the call that makes it; what is kept is a digest.
public struct TokenService: Sendable {
    let keeper: StageKeeper
    let gate: Gate
    let access: Access
    let random: @Sendable (Int) -> [UInt8]
    let now: @Sendable () -> Timestamp

    /// - Parameter random: so many bytes that nobody can guess.
    public init(
        store: any Store, access: Access = .local, random: @escaping @Sendable (Int) -> [UInt8] = Self.systemRandom,
        now: @escaping @Sendable () -> Timestamp = Timestamp.now
    ) {
        keeper = StageKeeper(store: store)
        gate = Gate(keeper, access, now: now)
        self.access = access
        self.random = random
        self.now = now
    }

    /// Of the system's generator for secrets.
    public static let systemRandom: @Sendable (Int) -> [UInt8] = { count in
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    /// A token that was just made, with its text, which is not kept.
    public struct Made: Sendable {
        public var token: AccessToken
        public var text: AccessTokenText
    }

    /// The longest that a token is good for, in days.
    public static let mostDays = 366
    /// How long an enrolment is good for, in hours.
    public static let enrolmentHours = 24

    /// Lets a user in: they make a token of their own by it, once.
    ///
    /// - Parameters:
    ///   - id: who.
    ///   - person: who lets them in.
    ///   - isLost: they have lost every token that is good: these end now, and the log says why.
    ///   - ownsStore: whoever asks owns the store's file, and could write to it anyway.
    /// - Throws: `conflict` while they have a token of their own that is good: it would let an admin act beside them unseen.
    public func enrol(
        _ id: UserID, by person: Person, isLost: Bool = false, ownsStore: Bool = false
    ) async throws(ControlError) -> Made {
        let isByTheStore = try await requireAdministration(of: id, by: person, mayTakeLost: isLost && ownsStore)
        guard let user = try await gate.user(id) else {
            throw ControlError(.notFound, "there is no user '\(id)'", hint: "`fettle user list` shows those there are")
        }
        let time = now()
        if isLost {
            // At the store's side it is a login that asks, whatever its name.
            guard isByTheStore || id.rawValue != person.rawValue else {
                throw ControlError(
                    .invalid, "\(id) has a token that is good, and asks by it",
                    hint: "`fettle token make` makes another")
            }
            for token in try await kept() where token.user == id && token.kind == .own && token.isLive(at: time) {
                try await end(token, by: person, at: time, cause: isByTheStore ? .lostByTheStore : .lost)
            }
        }
        if let live = try await kept().first(where: { $0.user == id && $0.kind == .own && $0.isLive(at: time) }) {
            throw ControlError(
                .conflict, "\(id) has a token that is good: \(live.id)",
                hint:
                    "they make others by it: `fettle token make`; if all of them are lost: `fettle user enrol \(id) --lost`"
            )
        }
        // One at a time: whoever kept an earlier one could act beside them.
        for old in try await kept() where old.user == id && old.kind == .enrolment && old.isLive(at: time) {
            try await end(old, by: person, at: time)
        }
        return try await make(
            for: user, .enrolment, title: "enrolment", limits: nil, by: person, at: time,
            until: time.adding(seconds: Self.enrolmentHours * 3_600), madeBy: try await ownToken(),
            isByTheStore: isByTheStore)
    }

    /// While no admin has a token that is good, whoever is at the store lets one in: the first, and one who has lost theirs. They could
    /// write to the store anyway, and this way the log tells of it. Where the last admin has lost theirs before its time, whoever owns the
    /// store's file does.
    ///
    /// - Returns: whether it is whoever is at the store who asks, and no admin.
    private func requireAdministration(
        of id: UserID, by person: Person, mayTakeLost: Bool
    ) async throws(ControlError) -> Bool {
        if case .local = access.way, try await gate.user(id)?.isAdmin == true,
            try await !isAnAdminIn(besides: mayTakeLost ? id : nil)
        {
            return true
        }
        try await gate.require(.administrate, on: .everywhere, by: person, saying: .nothing)
        return false
    }

    /// The token by which whoever asks has signed in; nil: by none.
    private func ownToken() async throws(ControlError) -> AccessTokenID? {
        guard case .token(let text) = access.way else { return nil }
        return try await gate.signIn(text).0.id
    }

    /// - Parameter other: whose tokens do not count; nil: all count.
    private func isAnAdminIn(besides other: UserID?) async throws(ControlError) -> Bool {
        let time = now()
        for token in try await kept() where token.kind == .own && token.isLive(at: time) && token.user != other {
            // One that is good for less lets nobody in.
            guard token.limits?.contains(where: { $0.role == .admin }) ?? true else { continue }
            if try await gate.user(token.user)?.isAdmin == true { return true }
        }
        return false
    }

    /// Makes a token for whoever asks. By an enrolment, which ends it, or by another token of theirs.
    ///
    /// - Parameters:
    ///   - title: what it is for.
    ///   - limits: what it is good for at most; nil: for all that its owner may.
    ///   - days: for how long.
    /// - Throws: `invalid` for a time that is too long; `blocked` for limits beyond the owner's roles, or beyond those of the token by which it is asked for.
    public func make(title: String, limits: [Grant]?, days: Int) async throws(ControlError) -> Made {
        guard (1...Self.mostDays).contains(days) else {
            throw ControlError(
                .invalid, "a token is good for 1 to \(Self.mostDays) days, not for \(days)", hint: "--days 90")
        }
        guard title.utf8.count <= 200, !title.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw ControlError(
                .invalid, "a token's title is one line of up to 200 bytes", hint: "--title 'build server'")
        }
        guard case .token(let text) = access.way else {
            throw ControlError(
                .blocked, "a token is made by a token: an enrolment, or one that you have",
                hint: "FETTLE_TOKEN_FILE names its file; an admin makes an enrolment: `fettle user enrol NAME`")
        }
        try gate.requireNoSecret(in: .title(title))
        let (own, user) = try await gate.signIn(text)
        guard own.limits == nil || limits?.allSatisfy({ (own.limits ?? []).contains($0) }) == true else {
            let most = (own.limits ?? []).map(\.description).joined(separator: ", ")
            throw ControlError(
                .blocked, "\(own.id) is limited to \(most): no token beyond that is made by it",
                hint: "--role with one of these")
        }
        if let limit = Authority.beyond(limits ?? [], of: user.grants) {
            throw ControlError(
                .blocked,
                "a token is good for no more than its owner is: \(limit) is beyond \(user.id)'s roles, "
                    + user.grants.map(\.description).joined(separator: ", "),
                hint:
                    "--role with one of these, or viewer; an admin grants others: `fettle user roles \(user.id) --role …`"
            )
        }
        let time = now()
        var until = time.adding(seconds: days * 86_400)
        // One that is good for less makes none that outlives it.
        if own.limits != nil { until = min(until, own.expiresAt) }
        if own.kind == .enrolment {
            if let live = try await kept().first(where: { $0.user == user.id && $0.kind == .own && $0.isLive(at: time) }
            ) {
                throw ControlError(
                    .blocked,
                    "\(user.id) has a token that is good, \(live.id): this enrolment is good for nothing any more",
                    hint: "`fettle token make` with that one")
            }
            // Ended first: of two who use it at once one makes a token.
            try await end(own, by: user.person, at: time)
        }
        return try await make(
            for: user, .own, title: title, limits: limits, by: user.person, at: time, until: until, madeBy: own.id)
    }

    private func make(
        for user: User, _ kind: AccessToken.Kind, title: String, limits: [Grant]?, by person: Person,
        at time: Timestamp, until: Timestamp, madeBy: AccessTokenID?, isByTheStore: Bool = false
    ) async throws(ControlError) -> Made {
        let bytes = random(AccessTokenText.secretBytes)
        guard bytes.count == AccessTokenText.secretBytes else {
            throw ControlError(.internal, "no randomness for a token")
        }
        let (token, _) = try await keeper.keepNext(as: .token, at: time) { id throws(ControlError) in
            var token = AccessToken(
                id: AccessTokenID(id), user: user.id, kind: kind,
                secret: AccessTokenText(user: user.id, id: AccessTokenID(id), random: bytes).digest, title: title,
                limits: limits, createdBy: person, createdAt: time, expiresAt: until)
            token.madeBy = madeBy
            token.isByTheStore = isByTheStore ? true : nil
            return token
        }
        return Made(token: token, text: AccessTokenText(user: user.id, id: token.id, random: bytes))
    }

    /// Makes a token good for nothing: one's own, or anybody's by an admin.
    ///
    /// - Throws: `conflict` if it was ended before.
    public func end(_ id: AccessTokenID, by person: Person) async throws(ControlError) -> AccessToken {
        guard let principal = try await gate.principal() else {
            throw ControlError(.notFound, "no users are kept here, and no tokens", hint: "`fettle user add`")
        }
        let owner = try await owner(of: id)
        if owner?.rawValue != principal.person.rawValue || principal.person != person {
            try await gate.require(.administrate, on: .everywhere, by: person, saying: .nothing)
        }
        let token = try await keeper.load(AccessToken.self, .token, id: id.rawValue).value
        return try await end(token, by: person, at: now())
    }

    /// nil: there is no such token.
    private func owner(of id: AccessTokenID) async throws(ControlError) -> UserID? {
        do throws(ControlError) {
            return try await keeper.load(AccessToken.self, .token, id: id.rawValue).value.user
        } catch {
            if error.code == .notFound { return nil }
            throw error
        }
    }

    @discardableResult
    private func end(
        _ token: AccessToken, by person: Person, at time: Timestamp, cause: AccessToken.Ending.Cause? = nil
    ) async throws(ControlError) -> AccessToken {
        var (current, reference) = try await keeper.load(AccessToken.self, .token, id: token.id.rawValue)
        guard current.ended == nil else {
            throw ControlError(
                .conflict, "\(current.id) was ended before", hint: "`fettle token list --all` tells by whom")
        }
        current.ended = AccessToken.Ending(by: person, at: time, cause: cause)
        try await keeper.replace(
            current, as: .token, id: current.id.rawValue, at: current.createdAt, expecting: reference.digest)
        return current
    }

    /// Newest first: one's own; all of them for whoever may look at who is who.
    public func tokens() async throws(ControlError) -> [AccessToken] {
        guard let principal = try await gate.principal() else { return [] }
        let all = try await kept()
        let seesAll = Authority.refusal(of: .readIdentities, on: .nowhere, by: principal) == nil
        return seesAll ? all : all.filter { $0.user.rawValue == principal.person.rawValue }
    }

    private func kept() async throws(ControlError) -> [AccessToken] {
        var tokens: [AccessToken] = []
        for summary in try await keeper.list(.token, limit: .max) {
            tokens.append(try await keeper.load(AccessToken.self, .token, id: summary.id).value)
        }
        return tokens
    }
}
