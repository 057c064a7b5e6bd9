import ArgumentParser
import FettleControl
import FettleInventory
import FettleModel
import Foundation

struct InventoryCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Tell every mistake in fleet.yaml and policy.yaml, with its place.",
        discussion: """
            Reads only files: it opens no store and writes nothing. Ends with 2 if something is wrong; with -o json each problem \
            and each warning is an object with file, line, column, message and, as hint, what would be right \
            (`fettle schema problems`).
            """)

    @OptionGroup var options: GlobalOptions

    private struct Answer: Encodable {
        var problems: [InventoryProblem] = []
        var omitted = 0
        var warnings: [InventoryProblem] = []
        /// nil: the fleet is wrong.
        var resources: Int?
        var groups: Int?
        var environments: [EnvironmentID]?

        init(_ fleet: Fleet?) {
            resources = fleet?.resources.count
            groups = fleet?.groups.count
            environments = fleet?.environments.map(\.id)
        }
    }

    func run() async throws {
        guard options.output == .json else { return try check() }
        var warnings: [InventoryProblem] = []
        let folder = FleetFolder(options, warn: { warnings.append($0) })
        let secrets = SecretMask(environment: ProcessInfo.processInfo.environment, and: .ofThisProcess)
        var problems: InventoryErrors?
        do {
            _ = try folder.fleet
            _ = try folder.policy
        } catch let errors as InventoryErrors {
            problems = errors
        }
        var answer = Answer(try? folder.fleet)
        answer.problems = (problems?.problems ?? []).masked(by: secrets)
        answer.omitted = problems?.omitted ?? 0
        answer.warnings = warnings.masked(by: secrets)
        try Output.writeJSON(answer)
        if problems != nil { throw ExitStatus.usage.code }
    }

    private func check() throws {
        let folder = FleetFolder(options)
        let fleet = try folder.fleet
        _ = try folder.policy
        Output.writeLine("fleet.yaml is right: \(fleet.resources.count) resources, \(fleet.groups.count) groups")
        Output.next(["fettle access check", "fettle scan"])
    }
}
