import ArgumentParser
import FettleControl
import FettleModel

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "By what users show who they are (docs/identity.md).",
        subcommands: [TokenMake.self, TokenList.self, TokenEnd.self], defaultSubcommand: TokenList.self)
}

/// A token without the digest of its secret.
struct TokenView: Encodable {
    var id: AccessTokenID
    var user: UserID
    var kind: AccessToken.Kind
    var title: String
    var limits: [Grant]?
    var createdBy: Person
    /// The token by which it was made.
    var madeBy: AccessTokenID?
    var createdAt: Timestamp
    var expiresAt: Timestamp
    var ended: AccessToken.Ending?
    var isLive: Bool

    init(_ token: AccessToken, at time: Timestamp) {
        id = token.id
        user = token.user
        kind = token.kind
        title = token.title
        limits = token.limits
        createdBy = token.createdBy
        madeBy = token.madeBy
        createdAt = token.createdAt
        expiresAt = token.expiresAt
        ended = token.ended
        isLive = token.isLive(at: time)
    }
}

/// A token that was just made.
struct MadeAnswer: Encodable {
    var token: TokenView
    /// Told this once; left out where it was written to a file.
    var text: String?
}

struct TokenMake: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "make", abstract: "Make a token for yourself, by an enrolment or by one that you have.",
        discussion: """
            The one that you have comes from FETTLE_TOKEN_FILE or FETTLE_TOKEN; an enrolment ends by this. The text is told once and \
            is not kept. With --role it is good for these at most, whatever else you may.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var roles: RoleArguments
    @Option(help: "What it is for.") var title = ""
    @Option(help: "How many days it is good for, up to 366.") var days = 90
    @Option(name: .customLong("to"), help: "Write it to a new file that only you can read.") var destination: String?

    func run() async throws {
        let session = try Session(options)
        try SignIn.requireFree(destination)
        let limits = try roles.grants
        let made = try await session.tokens.make(title: title, limits: limits.isEmpty ? nil : limits, days: days)
        if options.output == .json {
            if destination != nil { try SignIn.hand(made.text, to: destination) }
            let text = destination == nil ? made.text.revealed : nil
            return try session.printJSON(MadeAnswer(token: TokenView(made.token, at: .now()), text: text))
        }
        session.print("\(made.token.id) is good until \(made.token.expiresAt); it is told this once:")
        try SignIn.hand(made.text, to: destination)
        if let destination { session.print("wrote \(destination.printable)") }
    }
}

struct TokenList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Your tokens, newest first; everybody's for an admin or auditor.")

    @OptionGroup var options: GlobalOptions
    @Flag(help: "Those that are good for nothing any more as well.") var all = false

    func run() async throws {
        let session = try Session(options)
        let now = Timestamp.now()
        let tokens = try await session.tokens.tokens().filter { all || $0.isLive(at: now) }
        if options.output == .json { return try session.printJSON(tokens.map { TokenView($0, at: now) }) }
        guard !tokens.isEmpty else { return session.print("No token is good here.") }
        var table = Table([
            .init(title: "TOKEN"), .init(title: "USER"), .init(title: "KIND"), .init(title: "MADE BY"),
            .init(title: "STATE"),
            .init(title: "LIMITS"), .init(title: "TITLE", shrinks: 1),
        ])
        for token in tokens {
            let state =
                token.ended.map { "ended by \($0.by) at \($0.at)" }
                ?? (token.isLive(at: now) ? "until \(token.expiresAt)" : "over since \(token.expiresAt)")
            table.add(
                .init(token.id.rawValue, .bold), .init(token.user.rawValue), .init(token.kind.rawValue),
                .init(token.madeBy?.rawValue ?? token.createdBy.rawValue), .init(state),
                .init((token.limits ?? []).map(\.description).joined(separator: ", ")), .init(token.title))
        }
        session.print(table)
    }
}

struct TokenEnd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "end", abstract: "Make a token good for nothing: yours, or anybody's as an admin.")

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The token, such as token-3.") var token: String

    func run() async throws {
        let session = try Session(options)
        let token = try await session.tokens.end(AccessTokenID(token), by: session.person)
        if options.output == .json { return try session.printJSON(TokenView(token, at: .now())) }
        session.print("\(token.id) of \(token.user) is ended")
    }
}

struct WhoAmI: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "whoami", abstract: "Who acts, by what that is known, and what they may.")

    @OptionGroup var options: GlobalOptions

    private struct Answer: Encodable {
        var person: Person
        /// Left out where no users are kept: roles bind nobody.
        var by: String?
        var roles: [Grant]?
        var limits: [Grant]?
        var until: Timestamp?
    }

    func run() async throws {
        let session = try Session(options)
        let principal = try await session.users.whoami()
        if options.output == .json {
            return try session.printJSON(
                Answer(
                    person: principal?.person ?? session.person, by: principal?.by, roles: principal?.grants,
                    limits: principal?.limits, until: principal?.until))
        }
        guard let principal else {
            return session.print(
                "\(session.person), by the login on this machine; no users are kept: roles bind nobody here")
        }
        session.print("\(principal.person), by \(principal.by)\(principal.until.map { ", until \($0)" } ?? "")")
        for grant in principal.grants { session.print("  \(grant)") }
        if let limits = principal.limits {
            session.print("  limited to \(limits.map(\.description).joined(separator: ", "))")
        }
    }
}
