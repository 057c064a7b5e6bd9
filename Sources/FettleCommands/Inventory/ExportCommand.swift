import ArgumentParser
import FettleControl
import FettleModel
import FettleStore
import Foundation

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Facts, findings or a selection as a file, such as to plan from elsewhere.",
        discussion: """
            Canonical JSON, as it is kept: its SHA-256 is its digest. `fettle plan --facts F --selection F` plans from such files; \
            `fettle schema` says their form.
            """)

    enum Kind: String, ExpressibleByArgument, CaseIterable {
        case facts, findings, selection

        var document: DocumentKind {
            switch self {
            case .facts: .facts
            case .findings: .findings
            case .selection: .selection
            }
        }
    }

    @OptionGroup var options: GlobalOptions
    @Argument(help: "facts, findings or selection.") var kind: Kind
    @Argument(help: "Which, such as facts-3; the newest otherwise.") var id: String?
    @Option(name: .customLong("to"), help: "Where to write; `-` for standard output.") var destination = "-"

    private struct Answer: Encodable {
        var wrote: String
        var id: String
        var digest: Digest
    }

    func run() async throws {
        if destination != "-" { _ = try DestinationFile.path(destination, as: "\(kind.rawValue).json") }
        let session = try Session(options)
        let (id, digest, bytes) = try await session.keeper.bytes(of: kind.document, id: id)
        guard destination != "-" else { return Output.write(bytes + [UInt8(ascii: "\n")]) }
        try Data(bytes).write(to: URL(fileURLWithPath: destination), options: .atomic)
        if options.output == .json {
            return try Output.writeJSON(Answer(wrote: destination, id: id, digest: digest))
        }
        session.print("wrote \(destination.printable): \(id), digest \(digest)")
    }
}
