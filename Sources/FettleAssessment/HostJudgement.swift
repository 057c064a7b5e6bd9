import FettleIndex
import FettleModel
import FettleVersions

/// The judgement of one host.
struct HostJudgement {
    let host: HostFacts
    let resource: Resource
    let policy: Policy
    let feeds: AdvisoryFeeds
    let advisories: HostAdvisories
    let time: Timestamp

    func findings() throws(IndexError) -> [Finding] {
        Self.toldApart(
            try offeredUpdates() + fixesNotOffered() + livepatched() + stillRunning() + nextBoot() + pendingRestarts()
                + pendingReboot())
    }

    /// Packages of one source may lie there in several versions, which one fix closes: each is a finding of its own, by an id of its own.
    private static func toldApart(_ findings: [Finding]) -> [Finding] {
        let count = Dictionary(findings.map { ($0.id, 1) }, uniquingKeysWith: +)
        return findings.map { finding in
            guard count[finding.id] != 1 else { return finding }
            var finding = finding
            finding.id = FindingID("\(finding.id)/\(finding.installed)/\(finding.state.rawValue)")
            return finding
        }
    }

    /// What could not be looked at: never to be read as "nothing found".
    func gaps() -> [String] {
        var gaps: [String] = []
        if case .unreachable(let reason) = host.reachability { return ["unreachable: \(reason)"] }
        if let reason = host.packages.reasonMissing { gaps.append("installed packages not observed: \(reason)") }
        if host.packages.value != nil, let reason = host.brokenPackages.reasonMissing {
            gaps.append("half-installed packages not observed: \(reason)")
        }
        if let reason = host.updates.reasonMissing { gaps.append("available updates not observed: \(reason)") }
        if let reason = host.staleServices.reasonMissing {
            gaps.append("services' running code not observed: \(reason)")
        }
        if let reason = host.rebootRequired.reasonMissing { gaps.append("pending reboot not observed: \(reason)") }
        if let reason = host.kernels.reasonMissing {
            gaps.append("running kernel not observed, every installed one counts: \(reason)")
        }
        if let reason = host.boot.reasonMissing { gaps.append("current boot not observed: \(reason)") }
        if let gap = RunningKernel(host).gap(in: host.packages.value ?? []) { gaps.append(gap) }
        return gaps + advisories.gaps
    }

    /// What advisories leave open, alike ones of a source together.
    func undecided() -> [FindingSet.Undecided] {
        var known: [String: FindingSet.Undecided] = [:]
        for item in advisories.undecided {
            let (package, finding) = (item.package, item.finding)
            let key = "\(package.source)\n\(package.sourceVersion)\n\(finding.matchedBy)"
            var entry =
                known[key]
                ?? .init(
                    resource: resource.id, source: package.source, packages: [], installed: package.sourceVersion,
                    advisories: [], reason: finding.matchedBy)
            entry.packages.append(package.name)
            entry.advisories.append(AdvisoryID(item.record.id))
            known[key] = entry
        }
        return known.values.map { entry in
            var entry = entry
            entry.packages = Set(entry.packages).sorted()
            entry.advisories = Set(entry.advisories).sorted { $0.rawValue < $1.rawValue }
            return entry
        }
    }

    // MARK: What the host's own sources offer

    private func offeredUpdates() throws(IndexError) -> [Finding] {
        var findings: [Finding] = []
        for (source, updates) in Dictionary(grouping: host.updates.value ?? [], by: \.source) {
            let scheme = updates[0].manager.scheme
            let newest = updates.max { scheme.compare($0.sourceVersion, $1.sourceVersion) == .less } ?? updates[0]
            let closed = (advisories.open[source] ?? []).filter { closes($0, updates) }
            let matched = try named(closed)
            let known = Set(closed.flatMap { [$0.record.id] + $0.record.aliases })
            var declared: [Advisory] = []
            for id in Set(updates.flatMap(\.advisories)).sorted() where !known.contains(id.rawValue) {
                declared.append(try feeds.advisory(named: id.rawValue, fixedIn: newest.sourceVersion))
            }
            let judged = UpdateClassRule.classify(updates, closing: closed.map(\.record.updateClass))
            findings.append(
                try finding(
                    source: source, packages: updates.map(\.name),
                    installed: installedVersion(of: source, among: updates),
                    fixed: newest.sourceVersion, updateClass: judged.class, closes: closed,
                    advisories: (matched + declared).sorted { $0.id < $1.id }, state: .missing,
                    explanation: judged.because + explain(closed), isOffered: true,
                    isHeld: updates.contains(where: \.isHeld)))
        }
        return findings
    }

    /// Whether the offered versions have the fix: of source packages where advisories go by them, otherwise of the package itself.
    private func closes(_ open: HostAdvisories.Open, _ updates: [AvailableUpdate]) -> Bool {
        guard let fixed = open.finding.fixed else { return false }
        let scheme = open.package.manager.scheme
        return updates.contains { update in
            switch scheme {
            case .rpm:
                update.name == open.package.name && scheme.compare(fixed, update.candidate) != .greater
            default: scheme.compare(fixed, update.sourceVersion) != .greater
            }
        }
    }

    /// Each advisory once, whichever packages have it.
    private func named(_ open: [HostAdvisories.Open]) throws(IndexError) -> [Advisory] {
        var named: [String: Advisory] = [:]
        for item in open where named[item.record.id] == nil {
            named[item.record.id] = try feeds.advisory(item.record, fixedIn: item.finding.fixed)
        }
        return named.values.sorted { $0.id < $1.id }
    }

    /// The lowest installed version of the source: while one binary package lags, the source is not patched.
    private func installedVersion(of source: String, among updates: [AvailableUpdate]) -> String {
        let scheme = updates[0].manager.scheme
        let versions = (host.packages.value ?? [])
            .filter { package in package.source == source && updates.contains { $0.name == package.name } }
            .map(\.sourceVersion)
        return versions.min { scheme.compare($0, $1) == .less } ?? updates[0].installed
    }

    // MARK: What advisories say

    private func explain(_ closed: [HostAdvisories.Open]) -> [String] {
        if let gap = feeds.coverage.advisoriesGap { return ["advisories not checked: \(gap)"] }
        guard let first = closed.first else { return ["no advisory in the feeds names it"] }
        let count = Set(closed.map(\.record.id)).count
        return [
            "closes \(count) \(count == 1 ? "advisory" : "advisories"), such as \(first.record.id): \(first.finding.matchedBy)"
        ]
    }

    private func fixesNotOffered() throws(IndexError) -> [Finding] {
        let updates = Dictionary(grouping: host.updates.value ?? [], by: \.source)
        var findings: [Finding] = []
        for (source, open) in advisories.open {
            // Binary packages of one source may be at different versions: each is judged by its own.
            let left = Dictionary(
                grouping: open.filter { !closes($0, updates[source] ?? []) }, by: \.package.sourceVersion)
            for (installed, open) in left {
                let scheme = open[0].package.manager.scheme
                let newest = open.compactMap(\.finding.fixed).max { scheme.compare($0, $1) == .less }
                let groups = [
                    (
                        open.filter { $0.finding.fixed != nil }, newest,
                        "fixed in \(newest ?? "?"), which the host's sources do not offer"
                    ),
                    (open.filter { $0.finding.fixed == nil }, nil, "no fixed version is published yet"),
                ]
                for (open, fixed, because) in groups where !open.isEmpty {
                    findings.append(try advisoryFinding(source, open, installed, fixed: fixed, because: because))
                }
            }
        }
        return findings
    }

    /// What a livepatch has fixed while the kernel below it is as old as before: nothing is left to do, and the reason is kept.
    private func livepatched() throws(IndexError) -> [Finding] {
        var findings: [Finding] = []
        for (source, items) in advisories.livepatched {
            for (installed, items) in Dictionary(grouping: items, by: \.open.package.sourceVersion) {
                let open = items.map(\.open)
                var finding = try finding(
                    source: source, packages: open.map(\.package.name), installed: installed, fixed: nil,
                    updateClass: .security, advisories: named(open), state: .running,
                    explanation: [
                        "the running kernel is \(host.kernels.value?.running ?? "not observed"), as old as before"
                    ]
                        + Set(items.map(\.reason)).sorted(), isOffered: false, isHeld: false)
                finding.outcome = .defer
                finding.dueAt = nil
                findings.append(finding)
            }
        }
        return findings
    }

    private func advisoryFinding(
        _ source: String, _ open: [HostAdvisories.Open], _ installed: String, fixed: String?, because: String
    ) throws(IndexError) -> Finding {
        try finding(
            source: source, packages: open.map(\.package.name), installed: installed, fixed: fixed,
            updateClass: open.map(\.record.updateClass).min { $0.urgency < $1.urgency } ?? .security, closes: open,
            advisories: named(open), state: .missing, explanation: [because] + explain(open), isOffered: false,
            isHeld: open.contains { $0.package.isHeld })
    }

    // MARK: What is installed and does not run

    /// The old version of what was replaced, while something may still run it: what it is exposed to is open until the restart.
    private func stillRunning() throws(IndexError) -> [Finding] {
        var findings: [Finding] = []
        for (code, open, declared) in advisories.replaced {
            let disk = code.onDisk.map { "\($0) is installed" } ?? "its package is gone"
            let named = try (named(open) + declared).sorted { $0.id < $1.id }
            findings.append(
                try finding(
                    source: code.source, packages: code.packages.map(\.name), installed: code.running,
                    fixed: code.onDisk,
                    updateClass: open.map(\.record.updateClass).min { $0.urgency < $1.urgency } ?? .security,
                    closes: open, advisories: named, state: code.state,
                    explanation: ["\(disk), but \(code.because)"] + (open.isEmpty ? [] : explain(open)),
                    isOffered: false, isHeld: false))
        }
        return findings
    }

    /// What the kernel that the next boot takes has fixed, and the running one has not.
    private func nextBoot() throws(IndexError) -> [Finding] {
        var findings: [Finding] = []
        let running = host.kernels.value?.running ?? "the running kernel"
        for (source, items) in advisories.rebooting {
            for (installed, open) in Dictionary(grouping: items, by: \.package.sourceVersion) {
                // Of another source, such as after a step from one series to the next, versions are still the kernel's.
                let next = advisories.nextKernel.first { $0.source == source } ?? advisories.nextKernel.first
                let release = next.flatMap(KernelPackages.release) ?? "a newer kernel"
                findings.append(
                    try finding(
                        source: source, packages: open.map(\.package.name), installed: installed,
                        fixed: next?.sourceVersion,
                        updateClass: open.map(\.record.updateClass).min { $0.urgency < $1.urgency } ?? .security,
                        closes: open, advisories: named(open), state: .installedPendingReboot,
                        explanation: ["fixed in the installed kernel \(release), but \(running) runs until a reboot"]
                            + explain(open), isOffered: false, isHeld: false))
            }
        }
        return findings
    }

    private func pendingRestarts() throws(IndexError) -> [Finding] {
        let known = advisories.replaced.filter { $0.code.state == .installedPendingRestart }.map(\.code.source)
        return try (host.staleServices.value ?? []).map { service throws(IndexError) in
            try finding(
                source: service.findingSource, packages: [], installed: "old code is running", fixed: nil,
                updateClass: .security, advisories: [], state: .installedPendingRestart,
                explanation: [
                    "still maps replaced files: \(service.files.prefix(3).joined(separator: ", "))",
                    known.isEmpty
                        ? "what version it runs is not known"
                        : "by what was installed before it may run old code of \(known.joined(separator: ", "))",
                ],
                isOffered: false, isHeld: false)
        }
    }

    private func pendingReboot() throws(IndexError) -> [Finding] {
        guard let reboot = host.rebootRequired.value, reboot.isRequired else { return [] }
        let names = reboot.packages.isEmpty ? "a package" : reboot.packages.joined(separator: ", ")
        return [
            try finding(
                source: "reboot", packages: reboot.packages, installed: "old code is running", fixed: nil,
                updateClass: .security, advisories: [], state: .installedPendingReboot,
                explanation: ["\(names) asked for a reboot"], isOffered: false, isHeld: false)
        ]
    }

    private func finding(
        source: String, packages: [String], installed: String, fixed: String?, updateClass: UpdateClass,
        closes open: [HostAdvisories.Open] = [], advisories: [Advisory], state: InstallState, explanation: [String],
        isOffered: Bool, isHeld: Bool
    ) throws(IndexError) -> Finding {
        let decision = updateClass == .security ? try decision(closing: open, advisories) : nil
        let outcome = decision?.outcome ?? OutcomeRule.outcome(of: updateClass)
        let byPolicy = policy.dueInDays[outcome].map { time.adding(days: $0) }
        let byList = advisories.compactMap(\.exploitedDueAt).min()
        var finding = Finding(
            id: FindingID("\(resource.id)/\(source)/\(fixed ?? "\(installed)/\(state.rawValue)")"),
            resource: resource.id, source: source,
            packages: Set(packages).sorted(), installed: installed, fixed: fixed, updateClass: updateClass,
            advisories: advisories, state: state, owner: resource.operatingSystemOwner, outcome: outcome,
            dueAt: [byPolicy, byList].compactMap { $0 }.min(),
            explanation: explanation + (decision.map { [$0.explanation] } ?? []), isOffered: isOffered, isHeld: isHeld)
        finding.severity = try feeds.severity(of: open.map(\.record))
        return finding
    }

    private func decision(
        closing open: [HostAdvisories.Open], _ advisories: [Advisory]
    ) throws(IndexError) -> DeployerDecision {
        var weaknesses: [WeaknessRecord] = []
        var seen: Set<String> = []
        for item in open where seen.insert(item.record.id).inserted {
            weaknesses += try feeds.weaknesses(of: item.record)
        }
        // What only the package manager names.
        for advisory in advisories where seen.insert(advisory.id.rawValue).inserted {
            weaknesses += try feeds.weaknesses(of: AdvisoryRecord(id: advisory.id.rawValue))
        }
        return DeployerDecision(
            closing: weaknesses, exposure: resource.exposure, criticality: resource.criticality,
            exploitedListChecked: feeds.coverage.exploitedChecked)
    }
}

extension PackageManager {
    var scheme: VersionScheme {
        switch self {
        case .dpkg: .dpkg
        case .rpm: .rpm
        case .apk: .apk
        }
    }
}
