import ArgumentParser
import FettleControl
import FettleModel

struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "Who may do what (docs/identity.md).",
        discussion: """
            Without users everybody who reaches the store may do everything, by the name of their login. From the first user on \
            everybody shows who they are by a token, and does what their roles allow.
            """,
        subcommands: [
            UserAdd.self, UserList.self, UserRoles.self, UserDisable.self, UserEnable.self, UserEnrol.self,
        ], defaultSubcommand: UserList.self)
}

/// Roles as words.
struct RoleArguments: ParsableArguments {
    @Option(
        name: .customLong("role"),
        help: """
            viewer, operator, approver, admin or auditor, for everything or for a place: operator:dev,qa, approver:production/web*. \
            May be given again.
            """)
    var roles: [String] = []

    var grants: [Grant] {
        get throws {
            let wrong = roles.filter { Grant($0) == nil }
            guard wrong.isEmpty else {
                throw ValidationError(
                    "--role takes \(Role.allCases.map(\.rawValue).joined(separator: ", ")), each with a place or without, such as "
                        + "operator:dev,qa/web*; not '\(wrong.joined(separator: "', '").printable)'")
            }
            return roles.compactMap { Grant($0) }
        }
    }

    func validate() throws { _ = try grants }
}

/// A user with what lets them in.
private struct UserAnswer: Encodable {
    var user: User
    var enrolment: TokenView
    /// Told this once.
    var text: String?
}

struct UserAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add somebody, and tell what lets them in.",
        discussion:
            "The enrolment is good for 24 hours and for one thing: that they make their own token by `fettle token make`."
    )

    @OptionGroup var options: GlobalOptions
    @OptionGroup var roles: RoleArguments
    @Argument(help: "Their name, by which they vote and ask.") var name: String
    @Option(
        name: .customLong("to"),
        help: "A new file for the enrolment, for you alone to read and hand over to them; else it is printed.")
    var destination: String?

    func run() async throws {
        let session = try Session(options)
        try SignIn.requireFree(destination)
        let user = try await session.users.add(UserID(name), grants: try roles.grants, by: session.person)
        try await UserEnrol.enrol(user, session, destination)
    }
}

struct UserEnrol: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enrol", abstract: "Let somebody in who has no token that is good.",
        discussion: """
            With --lost the tokens that they have end first: for somebody who has lost them before their time. Another admin does it; \
            of the last admin, whoever owns the SQLite file of the store, without a token. The log says which (docs/identity.md).
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: "Their name.") var name: String
    @Option(
        name: .customLong("to"),
        help: "A new file for the enrolment, for you alone to read and hand over to them; else it is printed.")
    var destination: String?

    @Flag(help: "They have lost every token that is good: these end now.") var lost = false

    func run() async throws {
        let session = try Session(options)
        try SignIn.requireFree(destination)
        let made = try await session.tokens.enrol(
            UserID(name), by: session.person, isLost: lost,
            ownsStore: StoreChoice.isOwned(options.store, session.environment, directory: session.directory))
        try Self.tell(made, nil, session, destination)
    }

    static func enrol(_ user: User, _ session: Session, _ destination: String?) async throws {
        try tell(try await session.tokens.enrol(user.id, by: session.person), user, session, destination)
    }

    private static func tell(
        _ made: TokenService.Made, _ user: User?, _ session: Session, _ destination: String?
    ) throws {
        if session.options.output == .json {
            if destination != nil { try SignIn.hand(made.text, to: destination) }
            let text = destination == nil ? made.text.revealed : nil
            let view = TokenView(made.token, at: .now())
            guard let user else { return try session.printJSON(MadeAnswer(token: view, text: text)) }
            return try session.printJSON(UserAnswer(user: user, enrolment: view, text: text))
        }
        if let user { session.print("\(user.id): \(user.grants.map(\.description).joined(separator: ", "))") }
        session.print(
            "\(made.token.id) lets \(made.token.user) in until \(made.token.expiresAt); it is told this once:")
        try SignIn.hand(made.text, to: destination)
        if let destination { session.print("wrote \(destination.printable)") }
        session.next("then they: FETTLE_TOKEN_FILE=… fettle token make --to ~/.config/fettle-token")
    }
}

struct UserList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Users and their roles, by name.")

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let session = try Session(options)
        let open = try await session.users.whoami() == nil
        let users = open ? [] : try await session.users.users()
        if options.output == .json { return try session.printJSON(users) }
        guard !users.isEmpty else { return session.print("No users are kept: roles bind nobody here.") }
        var table = Table([
            .init(title: "USER"), .init(title: "ROLES", shrinks: 1), .init(title: "STATE"),
            .init(title: "LAST ALTERED"),
        ])
        for user in users {
            table.add(
                .init(user.id.rawValue, .bold), .init(user.grants.map(\.description).joined(separator: ", ")),
                .init(user.isDisabled ? "disabled" : "active", user.isDisabled ? .red : .plain),
                .init("\(user.alteredAt) by \(user.alteredBy)", .dim))
        }
        session.print(table)
    }
}

struct UserRoles: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "roles", abstract: "Give somebody these roles instead of those they have.")

    @OptionGroup var options: GlobalOptions
    @OptionGroup var roles: RoleArguments
    @Argument(help: "Their name.") var name: String

    func run() async throws {
        let session = try Session(options)
        let user = try await session.users.setGrants(try roles.grants, of: UserID(name), by: session.person)
        if options.output == .json { return try session.printJSON(user) }
        session.print("\(user.id): \(user.grants.map(\.description).joined(separator: ", "))")
    }
}

struct UserDisable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disable", abstract: "Let somebody do nothing any more. Their name stays theirs.")

    @OptionGroup var options: GlobalOptions
    @Argument(help: "Their name.") var name: String

    func run() async throws { try await Self.set(true, name, options) }

    static func set(_ isDisabled: Bool, _ name: String, _ options: GlobalOptions) async throws {
        let session = try Session(options)
        let user = try await session.users.setDisabled(isDisabled, UserID(name), by: session.person)
        if options.output == .json { return try session.printJSON(user) }
        session.print("\(user.id) is \(isDisabled ? "disabled" : "enabled")")
    }
}

struct UserEnable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "enable", abstract: "Let somebody act again.")

    @OptionGroup var options: GlobalOptions
    @Argument(help: "Their name.") var name: String

    func run() async throws { try await UserDisable.set(false, name, options) }
}
