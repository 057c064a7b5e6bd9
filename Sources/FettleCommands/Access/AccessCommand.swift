import ArgumentParser
import FettleDriverKit
import FettleDrivers
import FettleModel

struct AccessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "access", abstract: "What Fettle needs on targets.",
        subcommands: [AccessSudoers.self, AccessCheck.self])
}

struct AccessCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Sign in to every host and say who Fettle is there.",
        discussion: "Ends with 4 if some hosts did not let it in.")

    @OptionGroup var options: GlobalOptions
    @OptionGroup var scope: ScopeArguments

    private struct Answer: Encodable, Sendable {
        var resource: ResourceID
        /// nil: it was not let in.
        var user: String?
        var error: String?
    }

    func run() async throws {
        let resources = try scope.resources(of: FleetFolder(options).fleet).filter { $0.address.transport != .none }
        SignIn.forget()
        let connections = Session.connections(options)
        let answers = await resources.concurrentMap(limit: options.parallel) { resource -> Answer in
            do throws(AccessError) {
                let channel = try await connections.channel(to: resource.address)
                let result = try await channel.run(
                    RemoteCommand(script: "id -un", timeout: .seconds(15), outputLimit: 4096))
                let user = String(decoding: result.standardOutput, as: UTF8.self).split(separator: "\n").first
                return Answer(resource: resource.id, user: user.map { String($0).printable } ?? "?")
            } catch {
                return Answer(resource: resource.id, error: error.description.printable)
            }
        }
        await connections.shutDown()
        if options.output == .json {
            try Output.writeJSON(answers)
        } else {
            show(answers)
        }
        if answers.contains(where: { $0.error != nil }) { throw ExitStatus.partial.code }
    }

    private func show(_ answers: [Answer]) {
        var table = Table([.init(title: "HOST"), .init(title: "USER"), .init(title: "STATE", shrinks: 1)])
        for answer in answers {
            table.add(
                .init(answer.resource.rawValue, .bold), .init(answer.user ?? "-"),
                answer.error.map { Table.Cell($0, .red) } ?? Table.Cell("ok", .green))
        }
        Output.writeLine(table.render())
        guard answers.contains(where: { $0.error != nil }) else { return Output.next(["fettle scan"]) }
        Output.next(["ssh HOST (what OpenSSH says there, Fettle is told too)", "fettle access check --host HOST"])
    }
}
