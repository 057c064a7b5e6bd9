import ArgumentParser
import FettleInventory
import Foundation

struct Initialise: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Write a commented fleet.yaml, policy.yaml and feeds.yaml to start from.",
        discussion: "What is there already is left alone and told, such as a fleet.yaml that was imported.")

    @Option(name: .customLong("dir"), help: "Where to write them (or FETTLE_DIR; here otherwise).")
    var directory: String?
    @Flag(help: "Write over files that are there.") var force = false
    @OptionGroup var form: OutputOptions

    private struct Answer: Encodable {
        var wrote: [String]
        /// What was there already.
        var left: [String]
    }

    func run() async throws {
        let folder = FleetFolder.directory(named: directory)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var answer = Answer(wrote: [], left: [])
        let files = [
            ("fleet.yaml", FleetTemplate.fleet()), ("policy.yaml", FleetTemplate.policy()),
            ("feeds.yaml", FleetTemplate.feeds()),
        ]
        for (name, text) in files {
            let file = folder.appendingPathComponent(name)
            if try Self.write(text, to: file, over: force) {
                answer.wrote.append(file.path)
            } else {
                answer.left.append(file.path)
            }
        }
        try EditorSchemas.write(beside: folder)
        if form.output == .json { return try Output.writeJSON(answer) }
        for path in answer.wrote { Output.writeLine("wrote \(path.printable)") }
        for path in answer.left { Output.writeLine("left alone: \(path.printable) is already there") }
        let first = answer.wrote.contains { $0.hasSuffix("/fleet.yaml") } ? "edit fleet.yaml, then " : ""
        Output.writeLine("next: \(first)`fettle inventory check` and `fettle scan`")
    }

    /// - Returns: false if something of that name is there, which stays as it is.
    static func write(_ text: String, to file: URL, over force: Bool) throws -> Bool {
        guard !force else {
            try Data(text.utf8).write(to: file, options: .atomic)
            return true
        }
        // Also a link that leads nowhere is somebody's.
        var status = stat()
        guard lstat(file.path, &status) != 0 else { return false }
        do {
            try Data(text.utf8).write(to: file, options: .withoutOverwriting)
            return true
        } catch CocoaError.fileWriteFileExists {
            return false
        }
    }
}
