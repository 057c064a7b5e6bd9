import FettleDrivers
import FettleModel
import Foundation

/// The rules of the fleet's hosts, each fitted to what `fleet.yaml` says that it is.
extension AccessSudoers {
    /// Hosts with the same rules.
    private struct Alike: Encodable {
        var hosts: [ResourceID]
        var user: String
        var text: String
        var hasDisks: Bool

        private enum CodingKeys: CodingKey { case hosts, user, text }
    }

    func writeOfFleet() throws {
        try requireNothingNamed()
        let fleet = try FleetFolder(options).fleet
        let files = try alike(scope.resources(of: fleet).filter { $0.address.transport != .none }, in: fleet)
        if let to { try write(files, into: to) }
        if options.output == .json { return try Output.writeJSON(files) }
        guard to == nil else { return }
        guard files.count < 2 else {
            let lines = files.map { "\n  \($0.hosts.count): \(Self.some($0.hosts))" }.joined()
            throw CommandFailure(
                .usage,
                "these hosts need different rules:\(lines)\n  --to FOLDER writes a file for each, --host chooses one")
        }
        if let file = files.first { Output.write(file.text) }
    }

    /// What the fleet says is not said twice.
    private func requireNothingNamed() throws {
        var rest = named
        rest.disks = []
        guard rest == RootNeeds() else {
            throw CommandFailure(
                .usage,
                "what a host is beside an ordinary one is read from fleet.yaml here, or else said by options: not both\n"
                    + "  leave out the options, but for --disk-directory, or --every-host, --environment, --group and --host"
            )
        }
    }

    private func alike(_ resources: [Resource], in fleet: Fleet) throws -> [Alike] {
        struct Key: Hashable {
            var user: String
            var needs: RootNeeds
        }
        let needs = RootNeeds.of(fleet)
        var places: [Key: Int] = [:]
        var files: [Alike] = []
        var ofRoot: [ResourceID] = []
        for resource in resources {
            // On this machine Fettle signs in nowhere.
            let own = resource.address.transport == .local ? NSUserName() : Self.ordinaryUser
            let name = user ?? resource.address.user ?? own
            guard name != "root" else {
                ofRoot.append(resource.id)
                continue
            }
            var key = Key(user: name, needs: needs[resource.id] ?? RootNeeds())
            if key.needs.needsDisks { key.needs.disks = try disksOfMachines(on: resource.id) }
            if let place = places[key] {
                files[place].hosts.append(resource.id)
            } else {
                places[key] = files.count
                let text = try text(name, needs: key.needs, of: resource.id)
                files.append(Alike(hosts: [resource.id], user: name, text: text, hasDisks: key.needs.needsDisks))
            }
        }
        if !disks.isEmpty, !files.contains(where: \.hasDisks) {
            throw CommandFailure(
                .usage,
                "--disk-directory is for hypervisors whose machines are patched behind snapshots or made anew; none of these is one"
            )
        }
        if !ofRoot.isEmpty { Output.note("Fettle signs in as root, and needs no rules: \(Self.some(ofRoot))") }
        return files
    }

    private func disksOfMachines(on host: ResourceID) throws -> [String] {
        guard disks.isEmpty else { return disks }
        throw CommandFailure(
            .usage,
            "\(host) is a hypervisor whose machines are patched behind snapshots or made anew, and no fleet.yaml says where their "
                + "disks are\n  --disk-directory DIRECTORY, once for each")
    }

    private func write(_ files: [Alike], into path: String) throws {
        let folder = URL(fileURLWithPath: path)
        let hosts = files.flatMap(\.hosts)
        if let host = hosts.first(where: { $0.rawValue.contains("/") || $0.rawValue.hasPrefix(".") }) {
            throw CommandFailure(.usage, "no file can be named as \(host)\n  --host \(host) prints its rules")
        }
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for file in files {
                for host in file.hosts {
                    let place = folder.appending(path: host.rawValue)
                    try Data(file.text.utf8).write(to: place, options: .atomic)
                    // As sudo wants it: what others may write it does not read.
                    try FileManager.default.setAttributes([.posixPermissions: 0o440], ofItemAtPath: place.path)
                }
            }
        } catch {
            throw CommandFailure(.failure, "cannot write into \(path): \(error.localizedDescription)")
        }
        guard options.output != .json else { return }
        Output.writeLine("Wrote \(hosts.count == 1 ? "one file" : "\(hosts.count) files") into \(path.printable)")
        Output.next(["visudo -cf \(path.printable)/HOST"])
    }

    private static func some(_ hosts: [ResourceID]) -> String {
        let names = hosts.prefix(5).map(\.rawValue.printable).joined(separator: ", ")
        return hosts.count > 5 ? "\(names) and \(hosts.count - 5) more" : names
    }
}
