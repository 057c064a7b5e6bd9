public import ArgumentParser
public import FettleInventory
import FettleModel
import Foundation

struct InventoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inventory", abstract: "The declared fleet: check it, show it, bring it from elsewhere.",
        subcommands: [
            InventoryCheck.self, InventoryShow.self, InventoryImportCommand.self, InventoryExportCommand.self,
        ])
}

struct InventoryShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "The fleet as Fettle understands it.")

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let fleet = try FleetFolder(options).fleet
        if options.output == .json { return try Output.writeJSON(fleet) }
        var table = Table([
            .init(title: "RESOURCE"), .init(title: "KIND"), .init(title: "ENVIRONMENT"), .init(title: "REACHED BY"),
            .init(title: "PATCHED BY"), .init(title: "GROUPS", shrinks: 1),
        ])
        for resource in fleet.resources {
            let address = resource.address
            let reached = address.transport == .ssh ? address.sshCommand : address.transport.rawValue
            table.add(
                .init(resource.id.rawValue, .bold), .init(resource.kind.rawValue), .init(resource.environment.rawValue),
                .init(reached), .init(resource.operatingSystemOwner.rawValue),
                .init(fleet.groups(of: resource.id).map(\.id.rawValue).joined(separator: ", ")))
        }
        Output.writeLine(table.render())
    }
}

struct InventoryImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Write a fleet.yaml from an Ansible inventory or a spreadsheet's CSV.")

    enum Source: String, ExpressibleByArgument, CaseIterable {
        case ansible, csv
    }

    @OptionGroup var form: OutputOptions
    @Argument(help: "ansible (INI or YAML, a file or a folder) or csv.") var source: Source
    @Argument(help: "The file or folder.") var path: String
    @Option(help: "The environment of resources that the source says none of.") var environment: String?
    @Option(
        name: .customLong("dir"), help: "The folder that fleet.yaml is written into (or FETTLE_DIR; here otherwise).")
    var directory: String?
    @Option(name: .customLong("to"), help: "The file to write instead of that; `-` for standard output.")
    var destination: String?
    @Flag(help: "Write over a file that is there.") var force = false

    private struct Answer: Encodable {
        /// nil: nothing was written, `text` has it.
        var wrote: String?
        var text: String?
        var resources: Int
        var groups: Int
    }

    func run() throws {
        let target = try target()
        let options = InventoryImport.Options(defaultEnvironment: environment.map { EnvironmentID($0) })
        let reading =
            switch source {
            case .ansible: try InventoryImport.ansible(path: path, options: options)
            case .csv: try InventoryImport.csv(path: path, options: options)
            }
        for warning in reading.warnings { Output.note(warning.description) }
        let fleet = reading.fleet
        let text = FleetWriter(remarks: ["Imported from \(path)."]).text(fleet)
        if let target { try write(text, to: target) }
        if form.output == .json {
            let answer = Answer(
                wrote: target, text: target == nil ? text : nil, resources: fleet.resources.count,
                groups: fleet.groups.count)
            return try Output.writeJSON(answer)
        }
        guard let target else { return Output.write(text) }
        Output.writeLine(
            "wrote \(target.printable): \(fleet.resources.count) resources, \(fleet.groups.count) groups")
        let words = directory.map { " --dir \($0.printable)" } ?? ""
        Output.next(["fettle init\(words) (for policy.yaml and feeds.yaml)", "fettle inventory check\(words)"])
    }

    /// The file to write; nil: it is only shown.
    private func target() throws -> String? {
        if let destination { return destination == "-" ? nil : try DestinationFile.path(destination, as: "fleet.yaml") }
        let folder = FleetFolder.directory(named: directory)
        try StoreChoice.requireFolder(folder)
        let isHere = folder.path == URL(fileURLWithPath: ".").path
        return isHere ? "fleet.yaml" : folder.appendingPathComponent("fleet.yaml").path
    }

    /// With the schema that its first line names.
    private func write(_ text: String, to target: String) throws {
        let file = URL(fileURLWithPath: target)
        guard try Initialise.write(text, to: file, over: force) else {
            throw CommandFailure(
                .usage, "\(target) is already there\n  `--force` would write over it, `--to -` only shows it")
        }
        try EditorSchemas.write(beside: file.deletingLastPathComponent())
    }
}

struct InventoryExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write the fleet as an Ansible inventory, to standard output.")

    @OptionGroup var options: GlobalOptions
    @Option(help: "ini or yaml.") var format: InventoryExport.AnsibleFormat = .yaml

    private struct Answer: Encodable {
        var format: String
        var text: String
        var omissions: [String]
    }

    func run() async throws {
        let export = InventoryExport.ansible(try FleetFolder(options).fleet, format: format)
        if options.output == .json {
            return try Output.writeJSON(
                Answer(format: format.rawValue, text: export.text, omissions: export.omissions))
        }
        for omission in export.omissions { Output.note(omission) }
        Output.write(export.text)
    }
}

extension InventoryExport.AnsibleFormat: ExpressibleByArgument {}

extension ResourceAddress {
    /// As a person would type it.
    fileprivate var sshCommand: String {
        "ssh \(port.map { "-p \($0) " } ?? "")\(user.map { "\($0)@" } ?? "")\(host)"
    }
}
