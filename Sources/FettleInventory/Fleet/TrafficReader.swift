internal import FettleModel

/// Reads a group's `traffic`.
struct TrafficReader {
    let reading: Reading
    let resources: DeclaredResources
    /// Of all resources, sorted.
    let ids: [String]

    /// That can take a member out and back; `FettleDrivers` brings them.
    static let drivers = ["haproxy", "nginx", "keepalived", "elbv2"]

    /// Longer than the delay after which AWS ends the waiting, unless that was changed.
    private static let cloudDrainSeconds = 330

    /// What fits into the address of a UNIX socket.
    private static let longestSocketPath = 107

    /// - Parameter group: with its members and its strategy.
    func read(_ value: YAMLValue, of group: ResourceGroup) -> TrafficBinding? {
        let keys = ["driver", "via", "endpoint", "backend", "server", "drainTimeout", "switch"]
        guard let fields = Fields(value, of: "'traffic'", keys: keys, reading) else { return nil }
        let driver = fields.required("driver", of: "'traffic'", reading, hint: "haproxy, nginx, keepalived or elbv2")
            .flatMap {
                reading.driver($0, in: Self.drivers, doing: "takes members out of traffic")
            }
        let via = fields.required("via", of: "'traffic'", reading).flatMap {
            resources.reachable($0, "via", ids, reading)
        }
        let endpoint = fields.required("endpoint", of: "'traffic'", reading, hint: "such as /run/haproxy/admin.sock")
            .flatMap { reading.text($0, "the endpoint", limit: 512) }
        let backend = fields.required("backend", of: "'traffic'", reading).flatMap {
            reading.identifier($0, "the name of a backend")
        }
        let server = fields["server"].map { serverName($0) } ?? "{id}"
        let timeout = fields["drainTimeout"].map { reading.seconds($0, "drainTimeout", in: 0...86_400) }
        let sides = fields["switch"].map { self.sides($0, of: group) }
        guard let driver, let via, let endpoint, let backend, let server, timeout != .some(nil), sides != .some(nil)
        else {
            return nil
        }
        switch driver {
        case "haproxy":
            checkSocket(endpoint, at: fields["endpoint"]?.place ?? value.place)
            checkServers(server, of: group, at: fields["server"]?.place ?? value.place)
        case "nginx": checkNginx(endpoint, of: group, at: value.place)
        case "keepalived": checkKeepalived(endpoint, address: backend, via: via.id, of: group, at: value.place)
        case "elbv2": checkTargetGroup(endpoint, named: backend, of: group, at: value.place)
        default: break
        }
        let traffic = TrafficBinding(
            driver: driver, via: via.id, address: via.address, endpoint: endpoint, backend: backend,
            serverName: server,
            drainTimeoutSeconds: (timeout ?? nil) ?? (driver == "elbv2" ? Self.cloudDrainSeconds : 60),
            sides: sides ?? nil)
        if driver != "keepalived" { refuseSharedServer(traffic, of: group, at: fields["server"]?.place ?? value.place) }
        return traffic
    }

    /// Who takes one member out would take the server of all out, and patch the others under traffic (I1).
    private func refuseSharedServer(_ traffic: TrafficBinding, of group: ResourceGroup, at place: Place) {
        let servers = Set(group.members.map { [traffic.backend(of: $0), traffic.serverName(of: $0)] })
        guard servers.count < Set(group.members).count else { return }
        reading.problem(
            "all members would be the one server \(traffic.serverName.quoted)", at: place,
            hint: "write {id} where the member's name belongs, such as 'server: \"{id}\"'")
    }

    /// HAProxy is changed through its admin socket: what the driver would not take for one.
    private func checkSocket(_ path: String, at place: Place) {
        let isPlain = path.utf8.allSatisfy { NameRule.isAlphanumeric($0) || "/-_.@+".utf8.contains($0) }
        guard !path.hasPrefix("/") || path.utf8.count > Self.longestSocketPath || !isPlain else { return }
        reading.problem(
            "\(path.quoted) cannot be the admin socket of HAProxy", at: place,
            hint: "an absolute path of A-Z a-z 0-9 / - _ . @ +, of at most \(Self.longestSocketPath) bytes, such as "
                + "/run/haproxy/admin.sock")
    }

    /// Each id is short enough, and what is written around it may make it too long.
    private func checkServers(_ name: String, of group: ResourceGroup, at place: Place) {
        let names = group.members.map { name.replacing("{id}", with: $0.rawValue) }
        guard let long = names.first(where: { $0.utf8.count > NameRule.maximumLength }) else { return }
        reading.problem(
            "\(long.quoted) cannot be the name of a server of HAProxy", at: place,
            hint: "at most \(NameRule.maximumLength) bytes")
    }

    /// nginx is changed by the file of an upstream's servers.
    private func checkNginx(_ file: String, of group: ResourceGroup, at place: Place) {
        if !TrafficSides.isMapPath(file) {
            reading.problem(
                "\(file.quoted) cannot be the file with the servers of an upstream of nginx", at: place,
                hint: "an absolute path of A-Z a-z 0-9 / - _ . @ +, such as /etc/nginx/upstreams/web.servers")
        }
        refuseBlueGreen("nginx", of: group, at: place)
    }

    /// keepalived is changed by a file whose number it adds to the priority of the member that the file is on.
    private func checkKeepalived(
        _ file: String, address: String, via: ResourceID, of group: ResourceGroup, at place: Place
    ) {
        if !TrafficSides.isMapPath(file) || file.hasPrefix("/run/") || file.hasPrefix("/var/run/") {
            reading.problem(
                "\(file.quoted) cannot be the track file of keepalived", at: place,
                hint: "an absolute path of A-Z a-z 0-9 / - _ . @ +, not below /run, which a reboot empties; such as "
                    + "/etc/keepalived/fettle/priority")
        }
        let parts = address.split(separator: ".", omittingEmptySubsequences: false)
        if parts.count != 4 || !parts.allSatisfy({ $0.utf8.count <= 3 && UInt8($0) != nil }) {
            reading.problem(
                "\(address.quoted) is no virtual address", at: place, hint: "an IPv4 address, such as 10.0.0.100")
        }
        if !group.members.contains(via) {
            reading.problem(
                "keepalived runs on the members themselves, but \(via.rawValue.quoted) is none of the group", at: place,
                hint: "'via' is one of the members")
        }
        if group.members.count < 2 {
            reading.problem(
                "no other member of the group could take the address", at: place, hint: "a group of at least two")
        }
        refuseBlueGreen("keepalived", of: group, at: place)
    }

    /// Elastic Load Balancing is changed by AWS's own command, on `via`.
    private func checkTargetGroup(_ arn: String, named name: String, of group: ResourceGroup, at place: Place) {
        let parts = arn.split(separator: ":", omittingEmptySubsequences: false)
        let words = parts.last?.split(separator: "/", omittingEmptySubsequences: false) ?? []
        if parts.count != 6 || parts[2] != "elasticloadbalancing" || words.count != 3 || words[0] != "targetgroup" {
            reading.problem(
                "\(arn.quoted) is not the ARN of a target group", at: place,
                hint: "such as arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/web/73e2d6bc24d8a067")
        } else if words[1] != name {
            reading.problem(
                "the target group of 'endpoint' is called \(String(words[1]).quoted), and 'backend' is \(name.quoted)",
                at: place, hint: "write 'backend: \(words[1])'")
        }
        refuseBlueGreen("elbv2", of: group, at: place)
    }

    private func refuseBlueGreen(_ driver: String, of group: ResourceGroup, at place: Place) {
        guard case .blueGreen = group.strategy else { return }
        reading.problem(
            "blueGreen cannot turn the traffic of \(driver): that driver takes single members out", at: place,
            hint: "choose rolling or canary, or haproxy as the driver")
    }

    private func serverName(_ value: YAMLValue) -> String? {
        guard let text = reading.text(value, "'server'") else { return nil }
        guard NameRule.isIdentifier(text.replacing("{id}", with: "x")) else {
            reading.problem(
                "\(text.quoted) cannot be the name of a server", at: value.place,
                hint: NameRule.inWords + "; {id} stands for the id of the member")
            return nil
        }
        return text
    }

    // MARK: Sides

    private static let hint = "such as {map: /etc/haproxy/sides.map, backends: {blue: web-blue, green: web-green}}"

    /// `{map, backends: {SIDE: BACKEND, SIDE: BACKEND}}`; a member's side is its failure domain.
    private func sides(_ value: YAMLValue, of group: ResourceGroup) -> TrafficSides? {
        guard let fields = Fields(value, of: "'switch'", keys: ["map", "backends"], reading) else { return nil }
        let map = fields.required("map", of: "'switch'", reading, hint: Self.hint).flatMap { self.map($0) }
        let backends = fields.required("backends", of: "'switch'", reading, hint: Self.hint)
        guard case .blueGreen = group.strategy else {
            reading.problem(
                "only blueGreen turns the traffic of two sides by a 'switch'", at: value.place,
                hint: "such as 'strategy: {blueGreen: {active: blue}}'; without it leave 'switch' out")
            return nil
        }
        guard let backends, let sides = sides(in: backends, of: group), let map else { return nil }
        return TrafficSides(map: map, sides: sides)
    }

    private func sides(in value: YAMLValue, of group: ResourceGroup) -> [TrafficSide]? {
        guard let entries = value.mapping, entries.count == 2 else {
            reading.problem("'backends' names the backend of each of the two sides", at: value.place, hint: Self.hint)
            return nil
        }
        let members = Dictionary(grouping: group.members) { resources[$0.rawValue]?.failureDomain }
        let before = reading.problems.count
        var sides: [TrafficSide] = []
        for entry in entries {
            guard let backend = reading.identifier(entry.value, "the name of a backend") else { continue }
            guard let own = members[entry.key] else {
                reading.problem(
                    "no member of the group has the failure domain \(entry.key.quoted)", at: entry.keyPlace,
                    hint: Suggestion.hint(
                        for: entry.key, in: members.keys.compactMap { $0 }.sorted(), otherwise: "one of"))
                continue
            }
            if sides.contains(where: { $0.backend == backend }) {
                reading.problem(
                    "both sides have the backend \(backend.quoted)", at: entry.value.place,
                    hint: "each side needs a backend of its own")
            }
            sides.append(TrafficSide(backend: backend, members: own.sorted()))
        }
        return reading.problems.count == before ? sides.sorted { $0.backend < $1.backend } : nil
    }

    private func map(_ value: YAMLValue) -> String? {
        guard let text = reading.text(value, "'map'", limit: 512) else { return nil }
        guard TrafficSides.isMapPath(text) else {
            reading.problem(
                "\(text.quoted) cannot be the file of a map", at: value.place,
                hint: "an absolute path of A-Z a-z 0-9 / - _ . @ +, such as /etc/haproxy/sides.map")
            return nil
        }
        return text
    }
}
