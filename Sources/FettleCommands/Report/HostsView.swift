import FettleModel

/// The fleet at a glance after a scan: a line for each host.
struct HostsView {
    var facts: FactSet
    var fleet: Fleet
    var findings: FindingSet

    func lines(in terminal: Terminal = .standard) -> String {
        var table = Table([
            .init(title: "HOST"), .init(title: "ENVIRONMENT", drops: 1), .init(title: "SYSTEM", shrinks: 3, drops: 2),
            .init(title: "PACKAGES", alignsRight: true, drops: 3), .init(title: "SECURITY", alignsRight: true),
            .init(title: "OTHER", alignsRight: true), .init(title: "RESTARTS", alignsRight: true),
            .init(title: "REBOOT"),
            .init(title: "STATE", shrinks: 2),
        ])
        for host in facts.hosts {
            let own = findings.findings.filter { $0.resource == host.resource && $0.state == .missing && $0.isOffered }
            let security = own.count { $0.updateClass == .security }
            table.add(
                .init(host.resource.rawValue, .bold),
                .init(fleet.resource(host.resource)?.environment.rawValue ?? "-"),
                .init(host.platform.value?.prettyName ?? "?"), .init(host.packages.value.map { "\($0.count)" } ?? "?"),
                .init(host.updates.value == nil ? "?" : "\(security)", security > 0 ? .red : .plain),
                .init(host.updates.value == nil ? "?" : "\(own.count - security)"),
                .init(host.staleServices.value.map { "\($0.count)" } ?? "?"),
                .init(host.rebootRequired.value.map { $0.isRequired ? "yes" : "no" } ?? "?"), state(host))
        }
        return table.render(in: terminal)
    }

    private func state(_ host: HostFacts) -> Table.Cell {
        if case .unreachable(let reason) = host.reachability { return .init("unreachable: \(reason)", .red) }
        if let broken = host.brokenPackages.value, !broken.isEmpty {
            return .init("half-configured: \(broken.map(\.name).joined(separator: ", "))", .red)
        }
        let failed = (host.units.value ?? []).filter { $0.activeState == "failed" }
        if !failed.isEmpty { return .init("failed: \(failed.map(\.name).joined(separator: ", "))", .yellow) }
        if let lock = host.packageLocks.value?.first { return .init("package lock held by \(lock.command)", .yellow) }
        let unread = Self.unread(host)
        guard unread.isEmpty else { return .init("not read: \(unread.joined(separator: ", "))", .yellow) }
        return .init("ok", .green)
    }

    /// What a host was asked for and did not tell: it is no host of which all is known to be well.
    private static func unread(_ host: HostFacts) -> [String] {
        [
            ("packages", host.packages.reasonMissing), ("updates", host.updates.reasonMissing),
            ("half-configured packages", host.brokenPackages.reasonMissing), ("units", host.units.reasonMissing),
            ("restarts", host.staleServices.reasonMissing), ("reboot", host.rebootRequired.reasonMissing),
            ("package locks", host.packageLocks.reasonMissing),
        ].compactMap { name, reason in reason == nil ? nil : name }
    }
}
