import ArgumentParser
import FettleDriverKit
import FettleDrivers
import FettleModel

struct AccessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "access", abstract: "What Fettle needs on targets.",
        subcommands: [AccessSudoers.self, AccessCheck.self])
}

struct AccessSudoers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sudoers", abstract: "The exact sudo rules for an unprivileged user on targets.",
        discussion: "Put them into /etc/sudoers.d/fettle on each target, after `visudo -cf`.")

    @Option(help: "The user as whom Fettle signs in.") var user = "fettle"
    @Option(
        name: .customLong("admin-socket"), help: "HAProxy's admin socket, for hosts that run it; may be given again.")
    var adminSockets: [String] = []
    @Flag(help: "Write wildcards, for sudo before 1.9.10. Looser: prefer the default.") var wildcards = false

    func run() async throws {
        do {
            let rules = try BuiltInDrivers.sudoRules(haproxySockets: adminSockets)
            print(
                try SudoersFile(user: user, rules: rules, patterns: wildcards ? .wildcards : .regularExpressions)
                    .text(),
                terminator: "")
        } catch {
            throw CommandFailure(.usage, "\(error)")
        }
    }
}

struct AccessCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Sign in to every host and say who Fettle is there.")

    @OptionGroup var options: GlobalOptions
    @OptionGroup var scope: ScopeArguments

    func run() async throws {
        let session = try Session(options)
        let resources = try scope.resources(of: session.fleet).filter { $0.address.transport != .none }
        let connections = session.connections
        var table = Table([.init(title: "HOST"), .init(title: "USER"), .init(title: "STATE", shrinks: 1)])
        var failed = false
        let answers = await withTaskGroup(of: (ResourceID, Result<String, AccessError>).self) { group in
            for resource in resources {
                group.addTask {
                    do throws(AccessError) {
                        let channel = try await connections.channel(to: resource.address)
                        let result = try await channel.run(
                            RemoteCommand(script: "id -un", timeout: .seconds(15), outputLimit: 4096))
                        return (resource.id, .success(String(decoding: result.standardOutput, as: UTF8.self)))
                    } catch {
                        return (resource.id, .failure(error))
                    }
                }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        for resource in resources {
            switch answers[resource.id] {
            case .success(let user):
                table.add(
                    .init(resource.id.rawValue, .bold),
                    .init(user.split(separator: "\n").first.map(String.init) ?? "?"), .init("ok", .green))
            case .failure(let error):
                failed = true
                table.add(.init(resource.id.rawValue, .bold), "-", .init(error.description, .red))
            case nil: continue
            }
        }
        session.print(table)
        await connections.shutDown()
        if failed { throw ExitStatus.partial.code }
    }
}
