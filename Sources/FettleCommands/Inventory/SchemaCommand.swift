import ArgumentParser
import FettleInventory
import Foundation

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "JSON Schemas of the files people write, for editors.")

    enum Kind: String, ExpressibleByArgument, CaseIterable {
        case fleet, policy
    }

    @OptionGroup var form: OutputOptions
    @Argument(help: "fleet or policy.") var kind: Kind

    func run() throws {
        let schema = kind == .fleet ? FleetSchema.json : PolicySchema.json
        Output.writeLine(String(decoding: schema, as: UTF8.self))
    }
}
