public import FettleModel

/// Writes a fleet as `fleet.yaml`: the same fleet always gives the same text, and reading it gives the same fleet.
public struct FleetWriter: Sendable {
    /// Where the editor finds the schema, from the file that is written.
    public var schema: String
    /// Lines of comment at the top, such as where the fleet comes from.
    public var remarks: [String]

    public init(schema: String = FleetTemplate.defaultSchemaPath, remarks: [String] = []) {
        self.schema = schema
        self.remarks = remarks
    }

    public func text(_ fleet: Fleet) -> String {
        var lines = ["# yaml-language-server: $schema=\(schema.shown(limit: 400))"]
        lines += remarks.map { "# " + $0.shown(limit: 1_000) }
        lines += ["version: 1", ""]
        if fleet.environments != FleetReader.defaultEnvironments {
            lines += ["environments:"] + fleet.environments.map(environment) + [""]
        }
        if fleet.tiers != TierOrder() { lines += tiers(fleet.tiers) + [""] }
        lines +=
            fleet.resources.isEmpty
            ? ["resources: []"] : ["resources:"] + fleet.resources.flatMap { resource($0, fleet.tiers) }
        if !fleet.groups.isEmpty { lines += ["", "groups:"] + fleet.groups.flatMap { group($0, fleet) } }
        return lines.joined(separator: "\n") + "\n"
    }

    private func environment(_ environment: Environment) -> String {
        let name = YAMLText.scalar(environment.id.rawValue)
        return environment.isProtected ? "  - {name: \(name), protected: true}" : "  - \(name)"
    }

    private func tiers(_ tiers: TierOrder) -> [String] {
        let names = tiers.names.isEmpty ? nil : YAMLText.flowList(tiers.names, indent: 2)
        guard tiers.direction != .firstToLast else { return ["tiers: \(YAMLText.flowList(tiers.names, indent: 0))"] }
        return ["tiers:"] + (names.map { ["  names: \($0)"] } ?? []) + ["  direction: \(tiers.direction.rawValue)"]
    }

    private func resource(_ resource: Resource, _ tiers: TierOrder) -> [String] {
        var lines = ["  - id: \(YAMLText.scalar(resource.id.rawValue))"]
        func add(_ key: String, _ value: String?) {
            if let value { lines.append("    \(key): \(YAMLText.scalar(value))") }
        }
        let address = AddressSyntax.text(resource.address)
        add("address", address == resource.id.rawValue ? nil : address)
        add("environment", resource.environment.rawValue)
        add("kind", resource.kind == .host ? nil : resource.kind.rawValue)
        add("serviceModel", resource.serviceModel == .onPremises ? nil : resource.serviceModel.rawValue)
        add("criticality", resource.criticality == .medium ? nil : resource.criticality.rawValue)
        add("exposure", resource.exposure == .internal ? nil : resource.exposure.rawValue)
        add("failureDomain", resource.failureDomain)
        add("owner", resource.owner)
        if let tier = resource.tier {
            // A number is a tier without a name, and a name that looks like one needs its quotes.
            lines.append("    tier: \(tiers.names.isEmpty ? tier : YAMLText.scalar(tier))")
        }
        if !resource.after.isEmpty {
            lines.append("    after: " + YAMLText.flowList(resource.after.map(\.rawValue), indent: 4))
        }
        if !resource.labels.isEmpty {
            lines.append("    labels:")
            lines += resource.labels.sorted { $0.key < $1.key }.map {
                "      \(YAMLText.scalar($0.key)): \(YAMLText.scalar($0.value))"
            }
        }
        if let responsibility = resource.responsibility, !responsibility.isEmpty {
            lines += ["    responsibility:"] + self.responsibility(responsibility)
        }
        return lines
    }

    private func responsibility(_ responsibility: Responsibility) -> [String] {
        func names(_ owner: String?, _ contact: String?) -> [String] {
            [("owner", owner), ("contact", contact)].compactMap { key, value in
                value.map { "\(key): \(YAMLText.scalar($0))" }
            }
        }
        var lines: [String] = []
        for (layer, part) in responsibility.layers.sorted(by: { $0.key < $1.key }) {
            let words = (part.by.map { ["by: \($0.rawValue)"] } ?? []) + names(part.owner, part.contact)
            guard !words.isEmpty else { continue }
            // Names may hold what ends a flow: each stands in a line of its own.
            lines += ["      \(layer.rawValue):"] + words.map { "        \($0)" }
        }
        return lines + names(responsibility.owner, responsibility.contact).map { "      \($0)" }
    }

    private func group(_ group: ResourceGroup, _ fleet: Fleet) -> [String] {
        var lines = ["  - id: \(YAMLText.scalar(group.id.rawValue))"]
        if group.kind != .pool { lines.append("    kind: \(group.kind.rawValue)") }
        lines.append("    members: " + YAMLText.flowList(group.members.map(\.rawValue), indent: 4))
        if let spares = group.spares, !spares.isEmpty {
            lines.append("    spares: " + YAMLText.flowList(spares.map(\.rawValue), indent: 4))
        }
        lines.append("    minimumAvailable: \(StrategyWriter.quantity(group.minimumAvailable))")
        if let strategy = group.strategy { lines += StrategyWriter.lines(strategy) }
        if let traffic = group.traffic {
            lines += [
                "    traffic:", "      driver: \(YAMLText.scalar(traffic.driver))",
                "      via: \(YAMLText.scalar(traffic.via.rawValue))",
                "      endpoint: \(YAMLText.scalar(traffic.endpoint))",
                "      backend: \(YAMLText.scalar(traffic.backend))",
                "      server: \(YAMLText.scalar(traffic.serverName))",
                "      drainTimeout: \(traffic.drainTimeoutSeconds)s",
            ]
            if let sides = traffic.sides { lines += self.sides(sides, fleet) }
        }
        if let machines = group.machines { lines += MachineRulesWriter.lines(machines) }
        if let snapshot = group.snapshot { lines += SnapshotRulesWriter.lines(snapshot) }
        if !group.probes.isEmpty { lines += ["    probes:"] + group.probes.flatMap(ProbeWriter.lines) }
        if let probes = group.groupProbes, !probes.isEmpty {
            lines += ["    groupProbes:"] + probes.flatMap(ProbeWriter.lines)
        }
        if !group.after.isEmpty {
            lines.append("    after: " + YAMLText.flowList(group.after.map(\.rawValue), indent: 4))
        }
        return lines
    }

    private func sides(_ sides: TrafficSides, _ fleet: Fleet) -> [String] {
        var lines = ["      switch:", "        map: \(YAMLText.scalar(sides.map))", "        backends:"]
        for side in sides.sides {
            let domain = side.members.first.flatMap { id in fleet.resources.first { $0.id == id }?.failureDomain }
            lines.append("          \(YAMLText.scalar(domain ?? "")): \(YAMLText.scalar(side.backend))")
        }
        return lines
    }
}
