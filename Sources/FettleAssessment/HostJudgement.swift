import FettleModel
import FettleVersions

/// The judgement of one host.
struct HostJudgement {
    let host: HostFacts
    let resource: Resource
    let policy: Policy
    let feeds: AdvisoryFeeds
    let time: Timestamp

    func findings() -> [Finding] {
        offeredUpdates() + fixesNotOffered() + pendingRestarts() + pendingReboot()
    }

    /// What could not be looked at: never to be read as "nothing found".
    func gaps() -> [String] {
        var gaps: [String] = []
        if case .unreachable(let reason) = host.reachability { return ["unreachable: \(reason)"] }
        if let reason = host.packages.reasonMissing { gaps.append("installed packages not observed: \(reason)") }
        if let reason = host.updates.reasonMissing { gaps.append("available updates not observed: \(reason)") }
        if let reason = host.staleServices.reasonMissing {
            gaps.append("services' running code not observed: \(reason)")
        }
        if let reason = host.rebootRequired.reasonMissing { gaps.append("pending reboot not observed: \(reason)") }
        return gaps
    }

    // MARK: What the host's own sources offer

    private func offeredUpdates() -> [Finding] {
        let updates = host.updates.value ?? []
        return Dictionary(grouping: updates, by: \.source).map { source, updates in
            let scheme = updates[0].manager.scheme
            let newest = updates.max { scheme.compare($0.sourceVersion, $1.sourceVersion) == .less } ?? updates[0]
            let installed = installedVersion(of: source, among: updates)
            let matched = advisories(of: source, after: installed, upTo: newest.sourceVersion, scheme: scheme)
            let known = Set(matched.map(\.id))
            let declared = Set(updates.flatMap(\.advisories)).subtracting(known)
                .map { feeds.advisory($0.rawValue, fixedIn: newest.sourceVersion) }
            let advisories = (matched + declared).sorted { $0.id < $1.id }
            let judged = classify(updates, advisories: matched)
            return finding(
                source: source, packages: updates.map(\.name), installed: installed, fixed: newest.sourceVersion,
                updateClass: judged.class, advisories: advisories, state: .missing,
                explanation: judged.because + explain(matched), isOffered: true,
                isHeld: updates.contains(where: \.isHeld))
        }
    }

    /// The lowest installed version of the source: while one binary package lags, the source is not patched.
    private func installedVersion(of source: String, among updates: [AvailableUpdate]) -> String {
        let scheme = updates[0].manager.scheme
        let versions = (host.packages.value ?? [])
            .filter { package in package.source == source && updates.contains { $0.name == package.name } }
            .map(\.sourceVersion)
        return versions.min { scheme.compare($0, $1) == .less } ?? updates[0].installed
    }

    private func classify(_ updates: [AvailableUpdate], advisories: [Advisory]) -> (
        class: UpdateClass, because: [String]
    ) {
        if let declared = updates.compactMap(\.declaredClass).min(by: { $0.urgency < $1.urgency }) {
            return (declared, ["the repository's own advisory calls it \(declared.rawValue)"])
        }
        let origins = Set(updates.flatMap(\.origins))
        if let suite = origins.filter(\.isSecuritySuite).map(\.suite).min() {
            return (.security, ["offered by the security suite \(suite)"])
        }
        if !advisories.isEmpty {
            return (.security, ["offered outside the security suites, and closes what advisories name"])
        }
        if let suite = origins.filter({ $0.origin == "Debian" }).map(\.suite).min() {
            return (.bugfix, ["offered by Debian's suite \(suite), where only important corrections are let in"])
        }
        let suites = Set(origins.map(\.suite)).sorted().joined(separator: ", ")
        return (
            .unclassified,
            ["offered by \(suites.isEmpty ? "a source that names no suite" : suites), which names no class"]
        )
    }

    // MARK: What advisories say

    /// Advisories fixed above `installed`, and at or below `limit` where there is one.
    private func advisories(
        of source: String, after installed: String, upTo limit: String?, scheme: VersionScheme
    ) -> [Advisory] {
        openIssues(of: source, installed: installed, scheme: scheme).compactMap { issue, fixed in
            guard let fixed, limit.map({ scheme.compare(fixed, $0) != .greater }) ?? true else { return nil }
            return feeds.advisory(issue.advisory, fixedIn: fixed)
        }
    }

    /// Issues of the source in this release that the installed version has, with the version that fixes each.
    private func openIssues(
        of source: String, installed: String, scheme: VersionScheme
    ) -> [(DebianTracker.Issue, fixed: String?)] {
        guard let platform = host.platform.value, platform.distribution == "debian", scheme == .dpkg else { return [] }
        return (feeds.debian[source] ?? []).compactMap { issue in
            guard issue.release == platform.codename else { return nil }
            switch issue.status {
            case .open: return (issue, nil)
            case .fixed(let version):
                return scheme.compare(installed, version) == .less ? (issue, version) : nil
            }
        }
    }

    private func explain(_ advisories: [Advisory]) -> [String] {
        guard feeds.coverage.advisoriesChecked else { return ["advisories not checked: no feed was given"] }
        guard !advisories.isEmpty else { return ["no advisory in the feeds names it"] }
        return [
            "Debian's tracker: the source's installed version is below the fixed version of \(advisories.count) advisories"
        ]
    }

    private func fixesNotOffered() -> [Finding] {
        let packages = host.packages.value ?? []
        var offered: [String: String] = [:]
        for update in host.updates.value ?? [] { offered[update.source] = update.sourceVersion }
        let scheme = VersionScheme.dpkg
        // Binary packages of one source may be at different versions: each is judged by its own.
        let lots = Dictionary(grouping: packages.filter { $0.manager == .dpkg }) { [$0.source, $0.sourceVersion] }
        return lots.values.flatMap { packages -> [Finding] in
            let (source, installed) = (packages[0].source, packages[0].sourceVersion)
            let issues = openIssues(of: source, installed: installed, scheme: scheme).filter { issue in
                guard let fixed = issue.fixed, let offer = offered[source] else { return true }
                return scheme.compare(fixed, offer) == .greater
            }
            let fixable = issues.filter { $0.fixed != nil }
            let unfixed = issues.filter { $0.fixed == nil }
            let newest = fixable.compactMap(\.fixed).max { scheme.compare($0, $1) == .less }
            return [
                advisoryFinding(
                    source, packages, installed, fixed: newest, fixable,
                    because: "fixed in \(newest ?? "?"), which the host's sources do not offer"),
                advisoryFinding(
                    source, packages, installed, fixed: nil, unfixed, because: "no fixed version is published yet"),
            ].compactMap { $0 }
        }
    }

    private func advisoryFinding(
        _ source: String, _ packages: [InstalledPackage], _ installed: String, fixed: String?,
        _ issues: [(DebianTracker.Issue, fixed: String?)], because: String
    ) -> Finding? {
        guard !issues.isEmpty else { return nil }
        let advisories = issues.map { feeds.advisory($0.0.advisory, fixedIn: $0.fixed) }.sorted { $0.id < $1.id }
        return finding(
            source: source, packages: packages.map(\.name), installed: installed, fixed: fixed, updateClass: .security,
            advisories: advisories, state: .missing, explanation: [because], isOffered: false,
            isHeld: packages.contains(where: \.isHeld))
    }

    // MARK: What is installed and does not run

    private func pendingRestarts() -> [Finding] {
        (host.staleServices.value ?? []).map { service in
            let name = service.unit.isEmpty ? "processes outside units" : service.unit
            return finding(
                source: name, packages: [], installed: "old code is running", fixed: nil, updateClass: .security,
                advisories: [], state: .installedPendingRestart,
                explanation: ["still maps replaced files: \(service.files.prefix(3).joined(separator: ", "))"],
                isOffered: false, isHeld: false)
        }
    }

    private func pendingReboot() -> [Finding] {
        guard let reboot = host.rebootRequired.value, reboot.isRequired else { return [] }
        let names = reboot.packages.isEmpty ? "a package" : reboot.packages.joined(separator: ", ")
        return [
            finding(
                source: "reboot", packages: reboot.packages, installed: "old code is running", fixed: nil,
                updateClass: .security, advisories: [], state: .installedPendingReboot,
                explanation: ["\(names) asked for a reboot"], isOffered: false, isHeld: false)
        ]
    }

    private func finding(
        source: String, packages: [String], installed: String, fixed: String?, updateClass: UpdateClass,
        advisories: [Advisory], state: InstallState, explanation: [String], isOffered: Bool, isHeld: Bool
    ) -> Finding {
        let outcome = OutcomeRule.outcome(
            of: updateClass, isExploited: advisories.contains { $0.exploitedSince != nil }, on: resource)
        let byPolicy = policy.dueInDays[outcome].map { time.adding(seconds: $0 * 86_400) }
        let byList = advisories.compactMap(\.exploitedDueAt).min()
        return Finding(
            id: FindingID("\(resource.id)/\(source)/\(fixed ?? "\(installed)/\(state.rawValue)")"),
            resource: resource.id, source: source,
            packages: Set(packages).sorted(), installed: installed, fixed: fixed, updateClass: updateClass,
            advisories: advisories, state: state, owner: resource.operatingSystemOwner, outcome: outcome,
            dueAt: [byPolicy, byList].compactMap { $0 }.min(), explanation: explanation, isOffered: isOffered,
            isHeld: isHeld)
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

extension UpdateOrigin {
    /// Whether the archive itself calls this its security suite: by the suite's name (`bookworm-security`,
    /// `stable-security`, `jammy-security`) or by the label (`Debian-Security`).
    var isSecuritySuite: Bool {
        [suite, codename, label].contains { name in
            let lower = name.lowercased()
            return lower == "security" || lower.hasSuffix("-security")
        }
    }
}

extension UpdateClass {
    /// 0 is the most urgent.
    fileprivate var urgency: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
