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
            let reached = address.transport == .ssh ? "ssh \(address.host)" : address.transport.rawValue
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
    @Option(name: .customLong("to"), help: "Where to write; `-` for standard output.") var destination = "fleet.yaml"
    @Flag(help: "Write over a file that is there.") var force = false

    private struct Answer: Encodable {
        /// nil: nothing was written, `text` has it.
        var wrote: String?
        var text: String?
        var resources: Int
        var groups: Int
    }

    func run() throws {
        let options = InventoryImport.Options(defaultEnvironment: environment.map { EnvironmentID($0) })
        let reading =
            switch source {
            case .ansible: try InventoryImport.ansible(path: path, options: options)
            case .csv: try InventoryImport.csv(path: path, options: options)
            }
        for warning in reading.warnings { Output.note(warning.description) }
        let fleet = reading.fleet
        let text = FleetWriter(remarks: ["Imported from \(path)."]).text(fleet)
        let isShown = destination == "-"
        if !isShown { try write(text) }
        if form.output == .json {
            let answer = Answer(
                wrote: isShown ? nil : destination, text: isShown ? text : nil, resources: fleet.resources.count,
                groups: fleet.groups.count)
            return try Output.writeJSON(answer)
        }
        if isShown { return Output.write(text) }
        Output.writeLine("wrote \(destination): \(fleet.resources.count) resources, \(fleet.groups.count) groups")
        Output.next(["fettle init (for policy.yaml and feeds.yaml)", "fettle inventory check"])
    }

    /// With the schema that its first line names.
    private func write(_ text: String) throws {
        let file = URL(fileURLWithPath: destination)
        guard try Initialise.write(text, to: file, over: force) else {
            throw CommandFailure(
                .usage, "\(destination) is already there\n  `--force` would write over it, `--to -` only shows it")
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
