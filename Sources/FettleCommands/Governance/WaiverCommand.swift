import ArgumentParser
import FettleAssessment
import FettleControl
import FettleModel
import FettleReporting

struct WaiverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "waiver", abstract: "Findings that somebody answers for leaving as they are, each until a day.",
        subcommands: [
            WaiverList.self, WaiverAdd.self, WaiverExpire.self, WaiverExport.self, WaiverImport.self,
        ], defaultSubcommand: WaiverList.self)
}

struct WaiverList: AsyncParsableCommand, ListAnswering {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Waivers that hold, the first to end first.")

    @OptionGroup var options: GlobalOptions
    @Flag(help: "Also those that have expired or were ended.") var all = false

    func run() async throws {
        let session = try Session(options)
        let now = Timestamp.now()
        let waivers = try await session.waivers.waivers().filter { all || $0.state(at: now) == .active }
            .sorted { ($0.expiresAt, $0.id) < ($1.expiresAt, $1.id) }
        let lines = waivers.map { WaiverLine($0, at: now) }
        if options.output == .json { return try session.printJSON(lines) }
        if options.output.isLines { return try Output.writeLines(ListAnswer.waivers(lines), as: options.output) }
        guard !waivers.isEmpty else {
            return session.print(all ? "There are no waivers." : "No waiver holds.")
        }
        session.print(WaiverTable.make(waivers, at: now))
        let soon = waivers.filter {
            $0.state(at: now) == .active
                && $0.expiresAt <= now.adding(seconds: WaiverBook.warningDays * 86_400)
        }
        if !soon.isEmpty {
            session.note(
                "within \(WaiverBook.warningDays) days ends: \(soon.map(\.id.rawValue).joined(separator: ", ")); "
                    + "what it covers comes back by itself")
        }
    }
}

struct WaiverExpire: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "expire", abstract: "End a waiver before its time; what it covers comes back at once.")

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The waiver, such as waiver-3.") var id: String
    @Option(name: .shortAndLong, help: "Why it ends; kept with it.") var reason: String

    func run() async throws {
        let session = try Session(options)
        let waiver = try await session.waivers.end(WaiverID(id), by: session.person, reason: reason)
        if options.output == .json { return try session.printJSON(WaiverLine(waiver, at: .now())) }
        session.print("\(waiver.id) is ended; `fettle assess` shows what is back")
    }
}

/// A waiver as programs read it: with its state, and in a form of its own (docs/output.md), whatever the store's is.
struct WaiverLine: Codable, Sendable, Equatable {
    var id: WaiverID
    var state: Waiver.State
    var kind: Waiver.Kind
    var scope: Scope
    var justification: VEXJustification?
    var reason: String
    var owner: Person
    var createdBy: Person
    var createdAt: Timestamp
    var expiresAt: Timestamp
    var origin: String?
    var ending: Waiver.Ending?

    init(_ waiver: Waiver, at time: Timestamp) {
        id = waiver.id
        state = waiver.state(at: time)
        kind = waiver.kind
        scope = Scope(waiver.scope)
        justification = waiver.justification
        reason = waiver.reason
        owner = waiver.owner
        createdBy = waiver.createdBy
        createdAt = waiver.createdAt
        expiresAt = waiver.expiresAt
        origin = waiver.origin
        ending = waiver.ending
    }

    /// What it speaks of: one of `advisory`, `source` and `finding` is there.
    struct Scope: Codable, Sendable, Equatable {
        var advisory: AdvisoryID?
        /// Other names of the advisory.
        var aliases: [AdvisoryID]?
        var source: String?
        var finding: FindingID?
        /// Empty: not narrowed.
        var resources: [String]
        var groups: [String]
        var environments: [String]
        var packages: [WaivedPackage]

        init(_ scope: WaiverScope) {
            resources = scope.resources
            groups = scope.groups
            environments = scope.environments
            packages = scope.packages
            switch scope.subject {
            case .advisory(let id, let others):
                advisory = id
                aliases = others
            case .source(let name): source = name
            case .finding(let id): finding = id
            }
        }

        var kind: String { advisory != nil ? "advisory" : source != nil ? "source" : "finding" }
        var name: String { advisory?.rawValue ?? source ?? finding?.rawValue ?? "" }
    }
}

enum WaiverTable {
    static func make(_ waivers: [Waiver], at time: Timestamp) -> Table {
        var table = Table([
            .init(title: "WAIVER"), .init(title: "STATE"), .init(title: "KIND"), .init(title: "OF", shrinks: 1),
            .init(title: "WHERE", shrinks: 2), .init(title: "OWNER"), .init(title: "UNTIL"),
            .init(title: "REASON", shrinks: 3),
        ])
        let soon = time.adding(seconds: WaiverBook.warningDays * 86_400)
        for waiver in waivers {
            let state = waiver.state(at: time)
            table.add(
                .init(waiver.id.rawValue, .bold), .init(state.rawValue, state == .active ? .plain : .dim),
                .init(waiver.kind.words), .init(waiver.scope.subject.words), .init(waiver.scope.place),
                .init(waiver.owner.rawValue),
                .init(
                    String((waiver.ending?.at ?? waiver.expiresAt).description.prefix(10)),
                    state == .active && waiver.expiresAt <= soon ? .yellow : .plain),
                .init(waiver.ending.map { "ended: \($0.reason)" } ?? waiver.reason))
        }
        return table
    }
}
