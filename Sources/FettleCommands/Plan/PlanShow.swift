import ArgumentParser
import FettleChecking
import FettleControl
import FettleModel
import FettleReporting
import Foundation

struct PlanShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "A plan that was made, or one from a file.",
        discussion: """
            For each group it tells the packages with the versions from which and to which they go, once for hosts that are changed \
            alike; --all tells them however many there are.

            With --html it is written as a page: time line, capacity, order, what is left out, both risks, the way back. One file, \
            without scripts, that loads nothing.
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The plan, such as plan-1; or a file with a plan as JSON, `-` for standard input.") var plan: String
    @Flag(help: "Write it as a page.") var html = false
    @Flag(help: "Show every package of every group.") var all = false
    @Argument(help: "Where to write the page; `-` for standard output. PLAN.html in this folder otherwise.")
    var page: String?
    @OptionGroup(title: "Feeds for the risks on the page") var advisories: AdvisoryOptions

    func validate() throws {
        if page == "-", options.output == .json {
            throw ValidationError("a page and JSON cannot both go to standard output: name a file for the page")
        }
        if page != nil, !html { throw ValidationError("a second name is where the page goes: add --html") }
    }

    private struct Answer: Encodable {
        var plan: PlanID
        /// nil: it went to standard output.
        var wrote: String
    }

    func run() async throws {
        let session = StageFile.isNamed(by: plan) ? nil : try Session(options)
        let document: PlanDocument
        if let session {
            document = try PlanDocument(try await session.plans.plan(PlanID(plan)).plan)
        } else {
            document = try StageFile.plan(from: plan)
        }
        if html { return try await write(document, session) }
        if options.output == .json { return try Output.writePlan(document) }
        Output.writeLine(
            PlanView(
                plan: document.plan, digest: document.digest, check: PlanChecker.check(document.plan), showsAll: all
            ).lines())
    }

    private func write(_ document: PlanDocument, _ session: Session?) async throws {
        let plan = document.plan
        let picture = try await PlanPictures.picture(
            of: plan, digest: document.digest, session, feeds: advisories.source)
        let text = PlanPage.html(picture)
        let path = page ?? Self.fileName(of: plan)
        if path == "-" { return Output.write(text + "\n") }
        try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        if options.output == .json { return try Output.writeJSON(Answer(plan: plan.id, wrote: path)) }
        Output.writeLine("wrote \(path.printable)")
    }

    /// A plan from a file may bear any name: only what is harmless in a file's name is taken from it.
    static func fileName(of plan: Plan) -> String {
        let letters = plan.id.rawValue.unicodeScalars.filter { scalar in
            scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "-")
        }
        let name = String(String.UnicodeScalarView(letters.prefix(64))).drop { $0 == "-" }
        return "\(name.isEmpty ? "plan" : name).html"
    }
}

extension PlanPictures {
    /// What a plan's page shows, with what is known of it here: of a plan from a file, or without fleet and policy, only what stands
    /// in it.
    static func picture(
        of plan: Plan, digest: Digest, _ session: Session?, feeds: AdvisorySource
    ) async throws -> PlanPicture {
        let check = PlanChecker.check(plan)
        guard let session, let fleet = try? session.fleet, let policy = try? session.policy else {
            return picture(of: plan, digest: digest, check: check)
        }
        let background = try await session.plans.background(of: plan, digest: digest, fleet: fleet, policy: policy)
        return picture(
            of: plan, digest: digest, check: check, report: background.report, selection: background.selection,
            risks: try await PlanRisks.ledgers(of: plan, background.findings, session, fleet: fleet, feeds: feeds))
    }
}
