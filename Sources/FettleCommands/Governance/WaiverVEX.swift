import ArgumentParser
import FettleControl
import FettleModel
import FettleSoftware
import Foundation

struct WaiverExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write the waivers that hold as VEX statements, for other tools.",
        discussion: """
            notAffected is stated as not affected; accepted and mitigated as affected, with what was decided. A waiver of a part of the \
            fleet is stated for the packages on those resources (urn:fettle:resource:NAME).
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case openvex, csaf }

    @OptionGroup var options: GlobalOptions
    @Option(help: "openvex (OpenVEX 0.2.0) or csaf (CSAF 2.0, VEX profile).") var format: Format
    @Option(help: "Who says so, in the document; the person who acts otherwise.") var author: String?
    @Option(help: "The document's id, a URI; one of its own otherwise.") var id: String?
    @Option(help: "The publisher's namespace in CSAF, a URI.") var namespace = "urn:fettle:local"

    func validate() throws {
        for (name, text) in [("--id", id), ("--namespace", namespace)] {
            guard let text, text.wholeMatch(of: #/[A-Za-z][A-Za-z0-9+.-]*:[!-~]+/#) == nil else { continue }
            throw ValidationError("\(name) takes a URI, such as https://example.org/vex/1")
        }
    }

    func run() async throws {
        let session = try Session(options)
        guard let now = try await session.findingsNow() else {
            throw CommandFailure(.usage, "nothing is known of the fleet yet\n  `fettle scan` looks at it")
        }
        let time = Timestamp.now()
        let export = VEXExport(
            id: id ?? "urn:fettle:vex:\(time.milliseconds)", author: author ?? session.person.rawValue,
            findings: now.findings, facts: now.facts, waivers: try await session.waivers.waivers(), at: time)
        for reason in export.leftOut { session.note(reason) }
        guard !export.document.statements.isEmpty else {
            throw CommandFailure(
                .blocked,
                "no waiver that holds covers anything that was found: there is nothing to state\n  "
                    + "`fettle waiver list` shows those that hold")
        }
        let bytes =
            switch format {
            case .openvex: try OpenVEXWriter.write(export.document)
            case .csaf: try CSAFWriter.write(export.document, namespace: namespace)
            }
        Output.writeLine(String(decoding: bytes, as: UTF8.self))
    }
}

struct WaiverImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Make waivers of what a VEX document says is not affected, each with an end.",
        discussion: """
            Reads OpenVEX and CSAF. Only packages of the kinds that the fleet has (deb, rpm, apk) are mapped, each to exactly the \
            versions, releases and architectures that the document names; what is not mapped is told.
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The document, OpenVEX or CSAF.") var file: String
    @Flag(help: "Only say what would be made.") var dryRun = false
    @OptionGroup var waiver: WaiverArguments

    private struct Answer: Encodable {
        var document: String
        var waivers: [WaiverLine]
        var notMapped: [String]
    }

    func run() async throws {
        let session = try Session(options)
        let now = Timestamp.now()
        let document: VEXDocument
        do {
            document = try VEXReader.read(
                Data(contentsOf: URL(fileURLWithPath: file), options: .mappedIfSafe), name: file)
        } catch let error as SoftwareListError {
            throw CommandFailure(.usage, "\(error)\n  `fettle waiver export --format openvex` writes such a document")
        } catch let error as CocoaError {
            throw CommandFailure(
                .usage, "\(FettleCommand.words(for: error))\n  `fettle waiver import FILE` takes OpenVEX or CSAF")
        }
        try waiver.requireKnownNames(in: session.fleet)
        let template = WaiverService.Request(
            scope: waiver.scope(.source("")), kind: .notAffected, reason: "", owner: Person(waiver.owner),
            expiresAt: try waiver.expiry(from: now))
        let known = try await session.waivers.waivers().filter { $0.state(at: now) == .active }
        let mapped = VEXImport(document, template: template, known: known)
        let granted =
            dryRun || mapped.requests.isEmpty
            ? [] : try await session.waivers.grant(mapped.requests, by: session.person, policy: session.policy)
        if options.output == .json {
            return try session.printJSON(
                Answer(
                    document: document.id, waivers: granted.map { WaiverLine($0, at: now) },
                    notMapped: mapped.notMapped))
        }
        if dryRun {
            session.print("would make \(mapped.requests.count) waivers")
        } else {
            session.print("made \(granted.count) waivers")
            if !granted.isEmpty { session.print(WaiverTable.make(Array(granted.prefix(40)), at: now)) }
        }
        for reason in mapped.notMapped.prefix(40) { session.note("not mapped: \(reason)") }
        if mapped.notMapped.count > 40 { session.note("not mapped: \(mapped.notMapped.count - 40) more (-o json)") }
    }
}
