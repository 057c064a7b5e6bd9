public import FettleModel

/// What is known of one made-up host.
extension FleetScenario {
    /// nil: there is no such host.
    public func facts(of id: ResourceID) -> HostFacts? {
        guard let role = roles[id] else { return nil }
        if role.state == .unreachable {
            return HostFacts.nothingObserved(
                of: id, at: time, reachability: .unreachable(reason: Self.noAnswer), reason: Self.noAnswer)
        }
        var random = SplitMix(seed: seed ^ Self.hash(id.rawValue))
        let waiting = Set(waiting(role).map(\.name))
        let isNew = role.state != .outdated
        let sources = sources(of: role)
        return HostFacts(
            resource: id, observedAt: time, reachability: .reachable, platform: .observed(role.distribution.platform),
            boot: .observed(
                BootFacts(
                    bootID: Self.bootID(&random), uptimeSeconds: Int.random(in: 86_400...8_640_000, using: &random))),
            packages: .observed(
                sources.flatMap { source in
                    packages(source, role, at: waiting.contains(source.name) && !isNew ? source.from : source.to)
                }.sorted { $0.name < $1.name }), brokenPackages: .observed([]),
            updates: .observed(isNew ? [] : updates(role)),
            kernels: .observed(KernelFacts(running: role.distribution.kernel, installed: [role.distribution.kernel])),
            rebootRequired: .observed(RebootRequirement(isRequired: false)),
            staleServices: .observed(role.state == .needsRestart ? staleServices(role, &random) : []),
            units: .observed([]), fileSystems: .observed([]), packageLocks: .observed([]))
    }

    /// Those with this outcome, by source.
    public func findings(of id: ResourceID, _ outcome: Outcome) -> [Finding] {
        guard let role = roles[id], let resource = resourcesByID[id] else { return [] }
        return unsettled(role).sorted { $0.name < $1.name }.filter { self.outcome(of: $0, resource) == outcome }.map {
            finding(of: $0, on: id, role, outcome)
        }
    }

    /// What its resolver answered; nil: there is nothing to do.
    public func selection(of id: ResourceID) -> HostSelection? {
        guard let role = roles[id] else { return nil }
        let sources = unsettled(role)
        guard !sources.isEmpty else { return nil }
        let wanted = sources.flatMap { source in source.packages.map { version($0, source.to, role) } }.sorted()
        let findings = sources.map { findingID(of: $0, on: id) }.sorted()
        guard role.state == .outdated else {
            let nothing = Resolution(
                manager: role.distribution.manager, resolvedAt: time, changes: [], downloadBytes: 0)
            return HostSelection(resource: id, findings: findings, wanted: wanted, resolution: nothing)
        }
        let reboots = sources.filter(\.needsReboot).flatMap { [$0.brings ?? $0.packages[0]] }.sorted()
        return HostSelection(
            resource: id, findings: findings, wanted: wanted,
            resolution: Resolution(
                manager: role.distribution.manager, resolvedAt: time,
                changes: sources.flatMap { changes($0, role) }.sorted { $0.name < $1.name },
                downloadBytes: sources.reduce(0) { $0 + $1.kilobytes * 1_000 },
                unavailableEarlier: role.losesEarlier
                    ? sources.prefix(1).flatMap { source in source.packages.map { version($0, source.from, role) } }
                        .sorted()
                    : [],
                reboot: reboots.isEmpty ? .notExpected : .expected(because: reboots)))
    }

    // MARK: What waits

    private func sources(of role: HostRole) -> [PackageCatalogue.Source] {
        role.distribution.sources.filter { $0.kinds.isEmpty || $0.kinds.contains(role.kind) }
    }

    /// What its pool waits for: at least one source.
    private func waiting(_ role: HostRole) -> [PackageCatalogue.Source] {
        var random = SplitMix(seed: seed ^ role.lot)
        let all = sources(of: role)
        let drawn = all.filter { source in Int.random(in: 0..<10, using: &random) < (source.kinds.isEmpty ? 4 : 7) }
        return drawn.isEmpty ? Array(all.prefix(1)) : drawn
    }

    /// What is not running yet on this host.
    private func unsettled(_ role: HostRole) -> [PackageCatalogue.Source] {
        switch role.state {
        case .outdated: waiting(role)
        case .needsRestart: waiting(role).filter { $0.unit != nil }
        case .patched, .unreachable: []
        }
    }

    private func changes(_ source: PackageCatalogue.Source, _ role: HostRole) -> [PackageChange] {
        let architecture = role.distribution.architecture
        let changed = source.packages.map {
            PackageChange(name: $0, architecture: architecture, from: source.from, to: source.to)
        }
        return changed
            + (source.brings.map { [PackageChange(name: $0, architecture: architecture, from: nil, to: source.to)] }
                ?? [])
    }

    private func version(_ name: String, _ version: String, _ role: HostRole) -> PackageVersion {
        PackageVersion(name: name, architecture: role.distribution.architecture, version: version)
    }

    // MARK: What is seen

    private func packages(
        _ source: PackageCatalogue.Source, _ role: HostRole, at version: String
    ) -> [InstalledPackage] {
        source.packages.map {
            InstalledPackage(
                manager: role.distribution.manager, name: $0, architecture: role.distribution.architecture,
                version: version, source: source.name, sourceVersion: version)
        }
    }

    private func updates(_ role: HostRole) -> [AvailableUpdate] {
        waiting(role).flatMap { source in
            source.packages.map {
                AvailableUpdate(
                    manager: role.distribution.manager, name: $0, architecture: role.distribution.architecture,
                    installed: source.from, candidate: source.to, source: source.name, sourceVersion: source.to,
                    origins: [role.distribution.origin])
            }
        }.sorted { $0.name < $1.name }
    }

    private func staleServices(_ role: HostRole, _ random: inout SplitMix) -> [StaleService] {
        Set(unsettled(role).compactMap(\.unit)).sorted().map { unit in
            StaleService(
                unit: unit, processIDs: [Int.random(in: 300...30_000, using: &random)],
                files: ["/usr/lib/x86_64-linux-gnu/libssl.so.3"])
        }
    }

    // MARK: What is found

    private func outcome(of source: PackageCatalogue.Source, _ resource: Resource) -> Outcome {
        guard source.updateClass == .security else { return .scheduled }
        return resource.exposure == .internet ? .outOfCycle : .scheduled
    }

    private func findingID(of source: PackageCatalogue.Source, on id: ResourceID) -> FindingID {
        FindingID("\(id)/\(source.name)/\(source.to)")
    }

    private func finding(
        of source: PackageCatalogue.Source, on id: ResourceID, _ role: HostRole, _ outcome: Outcome
    ) -> Finding {
        let isMissing = role.state == .outdated
        let number = 1_000 + Self.hash(source.name + source.to) % 40_000
        let advisories =
            source.updateClass == .security
            ? [Advisory(id: AdvisoryID("CVE-2026-\(number)"), fixedIn: source.to)] : []
        return Finding(
            id: findingID(of: source, on: id), resource: id, source: source.name, packages: source.packages.sorted(),
            installed: isMissing ? source.from : source.to, fixed: source.to, updateClass: source.updateClass,
            advisories: advisories, state: isMissing ? .missing : .installedPendingRestart, owner: .us,
            outcome: outcome,
            dueAt: policy.dueInDays[outcome].map { time.adding(seconds: $0 * 86_400) },
            explanation: ["offered by \(role.distribution.origin.origin) \(role.distribution.origin.suite)"],
            isOffered: isMissing, isHeld: false)
    }

    /// FNV-1a: the same everywhere, unlike Swift's own.
    static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    private static func bootID(_ random: inout SplitMix) -> String {
        let digits = Array("0123456789abcdef")
        let text = (0..<32).map { _ in digits[Int(random.next() & 15)] }
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(text[$0]) }.joined(separator: "-")
    }
}
