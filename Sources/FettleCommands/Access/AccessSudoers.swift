import ArgumentParser
import FettleDriverKit
import FettleDrivers
import FettleModel

struct AccessSudoers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sudoers", abstract: "The exact sudo rules for an unprivileged user on targets.",
        discussion: """
            Of an ordinary host, and of what the options below say that it is beside that. With --host, --group, --environment or \
            --every-host they are read from fleet.yaml instead: --to writes a file for each host.

            Put them into /etc/sudoers.d/fettle on the target, after `visudo -cf`.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var scope: ScopeArguments
    @Flag(help: "Every host of the fleet.") var everyHost = false
    @Option(help: "Write a file for each host into this folder, named as the host.") var to: String?
    @Option(help: "The user as whom Fettle signs in. (default: fleet.yaml's, or fettle)") var user: String?
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
        help:
            "Where hypervisors see images that machines are made anew from, as 'images' of the fleet; may be given again."
    )
    var images: [String] = []
    @Option(
        name: .customLong("disk-directory"),
        help: "Where their machines have their disks, which no fleet.yaml says; may be given again.")
    var disks: [String] = []
    @Flag(help: "For hypervisors of libvirt whose machines are patched behind snapshots; with --disk-directory.")
    var snapshots = false
    @Flag(help: "For hosts that are shut down for good once the other side of a blue-green group serves.")
    var retires = false
    @Flag(help: "Write wildcards, for sudo before 1.9.10. Looser: prefer the default.") var wildcards = false

    static let ordinaryUser = "fettle"

    private struct Answer: Encodable {
        var user: String
        var text: String
    }

    func run() async throws {
        if isOfFleet { return try writeOfFleet() }
        guard to == nil else {
            throw CommandFailure(
                .usage,
                "--to writes a file for each host of the fleet: for which?\n  --every-host, or --environment, --group, --host"
            )
        }
        let answer = Answer(
            user: user ?? Self.ordinaryUser, text: try text(user ?? Self.ordinaryUser, needs: named, of: nil))
        if options.output == .json { return try Output.writeJSON(answer) }
        Output.write(answer.text)
    }

    private var isOfFleet: Bool {
        everyHost || !(scope.environments.isEmpty && scope.groups.isEmpty && scope.hosts.isEmpty)
    }

    /// What the options name, disks apart.
    var named: RootNeeds {
        var needs = RootNeeds()
        needs.haproxySockets = adminSockets
        needs.haproxyMaps = switchMaps
        needs.hasNginx = hasNginx
        needs.hypervisors = hypervisors.isEmpty ? nil : hypervisors
        needs.images = images
        needs.disks = disks
        needs.snapshots = snapshots
        needs.proxmoxNodes = proxmoxNodes
        needs.retires = retires
        return needs
    }

    func text(_ user: String, needs: RootNeeds, of host: ResourceID?) throws -> String {
        do {
            let rules = try BuiltInDrivers.sudoRules(for: needs)
            return try SudoersFile(
                user: user, rules: rules, patterns: wildcards ? .wildcards : .regularExpressions
            ).text()
        } catch {
            let place = host.map { "\($0): " } ?? ""
            throw CommandFailure(.usage, "\(place)\(error)\n  `fettle access sudoers --help` tells what it takes")
        }
    }
}
