import FettleModel
import FettleStore

/// Asked by every service before it changes something: whether whoever asks is who they say, and may. What is decided here is
/// `Authority`'s; this only reads who is who.
///
/// A user that is disabled, or a token that is ended, is refused from the next act on; one that is under way is finished.
struct Gate: Sendable {
    let keeper: StageKeeper
    let access: Access
    let now: @Sendable () -> Timestamp

    init(_ keeper: StageKeeper, _ access: Access, now: @escaping @Sendable () -> Timestamp) {
        self.keeper = keeper
        self.access = access
        self.now = now
    }

    /// - Parameters:
    ///   - person: in whose name it is done; nil: in that of whoever has signed in.
    ///   - scope: what is touched.
    ///   - words: what was typed with it.
    /// - Throws: `blocked`; `invalid` where the words hold a secret.
    func require(
        _ act: Act, on scope: ActScope, by person: Person? = nil, saying words: TypedWords
    ) async throws(ControlError) {
        try requireNoSecret(in: words)
        guard let principal = try await principal() else { return }
        try Self.require(act, on: scope, principal, by: person)
    }

    /// As the other; the scope is only worked out where roles hold.
    func require(
        _ act: Act, by person: Person?, saying words: TypedWords, on scope: () async throws(ControlError) -> ActScope
    ) async throws(ControlError) {
        try requireNoSecret(in: words)
        guard let principal = try await principal() else { return }
        // Without the role at all nothing is read for them.
        try Self.require(act, on: .nowhere, principal, by: person)
        try Self.require(act, on: try await scope(), principal, by: person)
    }

    /// All that is typed with an act comes by here; what is no act of `Authority`'s asks for itself.
    ///
    /// - Throws: `invalid`.
    func requireNoSecret(in words: TypedWords) throws(ControlError) { try words.requireNoSecret(access.secrets) }

    private static func require(
        _ act: Act, on scope: ActScope, _ principal: Principal, by person: Person?
    ) throws(ControlError) {
        if let person, person != principal.person {
            throw ControlError(
                .blocked, "\(principal.person) has signed in, and nobody acts in the name of \(person)",
                hint: "without --as; or \(person) does it")
        }
        if let refusal = Authority.refusal(of: act, on: scope, by: principal) {
            throw ControlError(.blocked, refusal.message, hint: refusal.hint)
        }
    }

    /// Who asks, for the log: who has signed in, and where no users are kept who they say that they are; nil: nobody said.
    func actor() async throws(ControlError) -> Person? { try await principal()?.person ?? access.person }

    var isOpen: Bool {
        get async throws(ControlError) { try await keeper.list(.user, limit: 1).isEmpty }
    }

    /// nil: no users are kept, so that roles bind nobody.
    ///
    /// - Throws: `blocked` for whoever has not shown who they are.
    func principal() async throws(ControlError) -> Principal? {
        switch access.way {
        case .local:
            if try await isOpen { return nil }
            throw ControlError(
                .blocked, "users are kept here: whoever acts has to show who they are",
                hint: "FETTLE_TOKEN_FILE names a file with your token, or FETTLE_TOKEN holds it; an admin adds you: "
                    + "`fettle user add NAME --role …`")
        case .token(let text):
            let (token, user) = try await signIn(text)
            guard token.kind == .own else {
                throw ControlError(
                    .blocked, "\(token.id) is good for one thing: `fettle token make`, which ends it",
                    hint: "use the token that it makes")
            }
            return Principal(
                user.person, grants: user.grants, limits: token.limits, by: token.id.rawValue, until: token.expiresAt)
        case .external(let issuer, let ask):
            if try await isOpen {
                throw ControlError(
                    .blocked, "no users are kept here, so that nobody's word for others is taken",
                    hint: "`fettle user add NAME --role admin` makes the first; id tokens are good from then on")
            }
            let content = try await accepted()?.content
            guard content?.policy.identity == issuer.policy, content?.keys == issuer.keys else {
                throw ControlError(
                    .blocked, "this folder's issuer of id tokens, or its keys, are not what an admin has accepted",
                    hint: "act from the folder that was accepted; or an admin accepts this one: `fettle policy accept`")
            }
            let principal = try await ask()
            guard principal.until.map({ now() < $0 }) ?? true else {
                throw ControlError(.blocked, "\(principal.person)'s id token is over", hint: "get a new one")
            }
            if let other = try await namesake(of: principal.person.rawValue) {
                throw ControlError(
                    .blocked, "\(other) is a user of this store, and an issuer's name must not pass for one",
                    hint: "sign in with a token of Fettle's, or have the issuer name them otherwise")
            }
            return principal
        }
    }

    /// Whose token it is, whatever its kind.
    ///
    /// - Throws: `blocked`, in the same words for a token that is not there, another user's and a wrong secret.
    func signIn(_ text: AccessTokenText) async throws(ControlError) -> (AccessToken, User) {
        let unknown = ControlError(
            .blocked, "this token is not known here", hint: "`fettle token make` makes one; each store has its own")
        guard let token = try await loaded(AccessToken.self, .token, text.id.rawValue), text.matches(token.secret),
            token.user == text.user, token.id == text.id
        else { throw unknown }
        guard token.isLive(at: now()) else {
            let why = token.ended.map { "was ended by \($0.by) at \($0.at)" } ?? "is over since \(token.expiresAt)"
            throw ControlError(
                .blocked, "\(token.id) of \(token.user) \(why)",
                hint:
                    "`fettle token make` makes a new one while you have one that is good; else ask an admin: `fettle user enrol \(token.user)`"
            )
        }
        guard let user = try await user(token.user), user.id == token.user else { throw unknown }
        guard !user.isDisabled else {
            throw ControlError(
                .blocked, "\(user.id) was disabled by \(user.alteredBy)", hint: "ask an admin: `fettle user enable`")
        }
        return (token, user)
    }

    /// A user of that name, whatever letters of it are written large; nil: there is none.
    func namesake(of name: String) async throws(ControlError) -> UserID? {
        let users = try await keeper.list(.user, limit: .max).map(\.id)
        return (users.first { $0 == name } ?? users.first { $0.lowercased() == name.lowercased() }).map { UserID($0) }
    }

    func user(_ id: UserID) async throws(ControlError) -> User? { try await loaded(User.self, .user, id.rawValue) }

    private func loaded<Value: Decodable>(
        _ type: Value.Type, _ kind: DocumentKind, _ id: String
    ) async throws(ControlError) -> Value? {
        do throws(ControlError) {
            return try await keeper.load(type, kind, id: id).value
        } catch {
            if error.code == .notFound { return nil }
            throw error
        }
    }
}
