import ArgumentParser
import FettleEvidence
import FettleModel
import Foundation

struct EvidenceKey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "The public half of this machine's signing key; makes the key if there is none.",
        discussion: """
            Give it to those who shall verify, by a way that they trust. The private half stays in .fettle/evidence-key.pem, for you \
            alone, and is never printed.
            """)

    @OptionGroup var options: GlobalOptions
    @Option(name: .customLong("to"), help: "Write the public key to a file, as PEM.") var destination: String?

    private struct Answer: Encodable {
        var name: Digest
        var file: String
        var publicKey: String
    }

    func run() async throws {
        let directory = FleetFolder.directory(options)
        let file = KeyFile(directory: directory)
        let kept = try file.load()
        let key = if let kept { kept.verifying } else { try await Session(options).signingKey().verifying }
        if let destination {
            try Data(key.pem.utf8).write(to: URL(fileURLWithPath: destination), options: .atomic)
        }
        if options.output == .json {
            return try Output.writeJSON(Answer(name: key.name, file: file.path, publicKey: key.pem))
        }
        Output.writeLine("name \(key.name)")
        if let destination { return Output.writeLine("wrote \(destination.printable)") }
        Output.write(key.pem)
    }
}
