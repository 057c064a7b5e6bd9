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

    @OptionGroup var form: OutputOptions
    @Option(help: "The user as whom Fettle signs in.") var user = "fettle"
    @Option(
        name: .customLong("admin-socket"), help: "HAProxy's admin socket, for hosts that run it; may be given again.")
    var adminSockets: [String] = []
    @Option(
        name: .customLong("switch-map"),
        help: "HAProxy's map of a blue-green switch, for hosts that run it; may be given again.")
    var switchMaps: [String] = []
    @Flag(name: .customLong("nginx"), help: "For hosts where nginx is a load balancer of a group.") var hasNginx = false
    @Option(
        name: .customLong("hypervisor"),
        help: "How hypervisors of libvirt reach another one, such as qemu+tls://hv-2/system; may be given again.")
    var hypervisors: [String] = []
    @Option(
        name: .customLong("proxmox-node"),
        help: "The name of a node of Proxmox VE, for nodes whose HA manager keeps guests; may be given again.")
    var proxmoxNodes: [String] = []
    @Option(
        name: .customLong("image-directory"),
        help: "Where hypervisors see images that machines are made anew from, as 'images' of the fleet.")
    var images: String?
    @Option(
        name: .customLong("disk-directory"), help: "Where their machines have their disks; may be given again.")
    var disks: [String] = []
    @Flag(help: "For hypervisors of libvirt whose machines are patched behind snapshots; with --disk-directory.")
    var snapshots = false
    @Flag(help: "Write wildcards, for sudo before 1.9.10. Looser: prefer the default.") var wildcards = false

    private struct Answer: Encodable {
        var user: String
        var text: String
    }

    func run() async throws {
        let text: String
        do {
            let rules = try BuiltInDrivers.sudoRules(
                haproxySockets: adminSockets, haproxyMaps: switchMaps, hasNginx: hasNginx, hypervisors: hypervisors,
                images: images, disks: disks, snapshots: snapshots, proxmoxNodes: proxmoxNodes)
            text = try SudoersFile(
                user: user, rules: rules, patterns: wildcards ? .wildcards : .regularExpressions
            ).text()
        } catch {
            throw CommandFailure(.usage, "\(error)\n  `fettle access sudoers --help` tells what it takes")
        }
        if form.output == .json { return try Output.writeJSON(Answer(user: user, text: text)) }
        Output.write(text)
    }
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
