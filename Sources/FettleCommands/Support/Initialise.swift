import ArgumentParser
import FettleInventory
import Foundation

struct Initialise: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Write a commented fleet.yaml, policy.yaml and feeds.yaml to start from.")

    @Option(name: .customLong("dir"), help: "Where to write them.") var directory = "."
    @Flag(help: "Write over files that are there.") var force = false
    @OptionGroup var form: OutputOptions

    private struct Answer: Encodable {
        var wrote: [String]
    }

    func run() async throws {
        let folder = URL(fileURLWithPath: directory)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let files = [
            ("fleet.yaml", FleetTemplate.fleet()), ("policy.yaml", FleetTemplate.policy()),
            ("feeds.yaml", FleetTemplate.feeds()),
        ]
        for (name, _) in files where !force {
            guard !FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path) else {
                throw CommandFailure(.usage, "\(name) is already there\n  `fettle init --force` would write over it")
            }
        }
        for (name, text) in files {
            try Data(text.utf8).write(to: folder.appendingPathComponent(name), options: .atomic)
        }
        let schemas = folder.appendingPathComponent(".fettle")
        try FileManager.default.createDirectory(at: schemas, withIntermediateDirectories: true)
        try FleetSchema.json.write(to: schemas.appendingPathComponent(FleetSchema.fileName))
        try PolicySchema.json.write(to: schemas.appendingPathComponent(PolicySchema.fileName))
        try FeedsSchema.json.write(to: schemas.appendingPathComponent(FeedsSchema.fileName))
        let wrote = files.map { folder.appendingPathComponent($0.0).path }
        if form.output == .json { return try Output.writeJSON(Answer(wrote: wrote)) }
        for path in wrote { Output.writeLine("wrote \(path)") }
        Output.writeLine("next: edit fleet.yaml, then `fettle inventory check` and `fettle scan`")
    }
}
