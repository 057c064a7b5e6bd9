public import ArgumentParser
import FettleControl
public import FettleModel

struct WaiverAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Accept a finding for a time: it stays in the answers, marked, and is not planned.",
        discussion: """
            Says what (--advisory, --source or --finding), why, who answers for it and until when; policy limits how long (365 days \
            unless policy.yaml says otherwise). Without --resource, --group and --environment it holds in the whole fleet. A finding \
            with several advisories is left out only when all of them are waived. When the time is over it comes back by itself.
            """)

    @OptionGroup var options: GlobalOptions
    @Option(help: "An advisory, such as CVE-2026-1234.") var advisory: String?
    @Option(help: "Another name of the same advisory; may be given again.") var alias: [String] = []
    @Option(help: "A source package: all that is found of it.") var source: String?
    @Option(help: "One finding, by its id (`fettle assess -o json`).") var finding: String?
    @Option(name: .shortAndLong, help: "Why; kept with it.") var reason: String
    @Option(help: "accepted (the risk is taken), mitigated (something else stands in the way) or notAffected.")
    var kind: Waiver.Kind = .accepted
    @Option(
        help: "For notAffected, in VEX's words: \(VEXJustification.allCases.map(\.rawValue).joined(separator: ", ")).")
    var justification: VEXJustification?
    @OptionGroup var waiver: WaiverArguments

    func validate() throws {
        guard [advisory, source, finding].compactMap(\.self).filter({ !$0.isEmpty }).count == 1 else {
            throw ValidationError("say what is waived by one of --advisory, --source and --finding")
        }
        let isPlain = ([advisory, source, finding].compactMap(\.self) + alias).allSatisfy {
            (1...512).contains($0.utf8.count) && $0 == $0.printable
        }
        guard isPlain else {
            throw ValidationError("--advisory, --alias, --source and --finding take a name of one line")
        }
        if !alias.isEmpty, advisory == nil { throw ValidationError("--alias is another name for --advisory") }
        if kind == .notAffected, justification == nil {
            throw ValidationError("--kind notAffected says why by --justification")
        }
        if kind != .notAffected, justification != nil {
            throw ValidationError("--justification is for --kind notAffected")
        }
    }

    private var subject: WaiverScope.Subject {
        if let advisory { return .advisory(AdvisoryID(advisory), aliases: alias.map { AdvisoryID($0) }) }
        if let source { return .source(source) }
        return .finding(FindingID(finding ?? ""))
    }

    func run() async throws {
        let session = try Session(options)
        let now = Timestamp.now()
        let fleet = try session.fleet
        try waiver.requireKnownNames(in: fleet)
        let request = WaiverService.Request(
            scope: waiver.scope(subject), kind: kind, justification: justification, reason: reason,
            owner: Person(waiver.owner), expiresAt: try waiver.expiry(from: now))
        let granted = try await session.waivers.grant(request, by: session.person, policy: session.policy)
        if options.output == .json {
            try session.printJSON(WaiverLine(granted, at: now))
        } else {
            session.print("\(granted.id) holds until \(granted.expiresAt)")
        }
        guard let findings = try await session.findingsNow()?.findings else { return }
        let covered = findings.findings.filter { $0.waivers?.contains { $0.waiver == granted.id } == true }
        guard !covered.isEmpty else { return session.note("nothing that was found is covered by it now") }
        let open = covered.count { !$0.isWaived }
        guard options.output == .table else { return }
        session.print(
            "covers \(covered.count) findings on \(Set(covered.map(\.resource)).count) resources"
                + (open > 0 ? "; \(open) of them have other advisories that are open" : ""))
        session.next("fettle waiver list", "fettle plan make")
    }
}

extension Waiver.Kind: ExpressibleByArgument {}
extension VEXJustification: ExpressibleByArgument {}
