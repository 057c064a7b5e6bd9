import FettleModel

/// When and how fast.
extension PolicyExaminer {
    func order() -> Rule {
        var gaps: [Gap] = []
        let ours = fleet.resources.filter { $0.operatingSystemOwner == .us && $0.address.transport != .none }
        let members = Set(fleet.groups.flatMap(\.members))
        let alone = ours.filter { !members.contains($0.id) }.map(\.id.rawValue)
        if !alone.isEmpty {
            gaps.append(
                Gap(
                    .implemented, "in no group, so that nothing says what must stay up: \(Self.names(alone))",
                    remedy: "groups: [{id: NAME, members: [\(alone[0])]}]"))
        }
        let unproven = fleet.groups.filter(\.probes.isEmpty).map(\.id.rawValue)
        if !unproven.isEmpty {
            gaps.append(
                Gap(
                    .implemented, "no probes that prove a member well: \(Self.names(unproven))",
                    remedy: "probes: [{http: \"http://{host}/health\"}]"))
        }
        for environment in fleet.environments where record.lastRuns[environment.id] == nil {
            guard ours.contains(where: { $0.environment == environment.id }) else { continue }
            gaps.append(
                Gap(
                    .followed, "no run was ever made for \(environment.id)",
                    remedy: "fettle plan make --environment \(environment.id)"))
        }
        gaps += outOfOrder()
        let names = fleet.environments.map(\.id.rawValue).joined(separator: ", then ")
        let last = fleet.environments.compactMap { environment in
            record.lastRuns[environment.id].map { "\(environment.id) \($0.day)" }
        }
        let runs = last.isEmpty ? "" : " Last runs: \(last.joined(separator: ", "))."
        return rule(
            .when, "order", "Patches reach \(names). A person starts each run\(windows)\(runs)",
            gaps, missing: record.lastRuns.isEmpty ? [.followed] : [], without: [.developed])
    }

    /// When disruptive work may be done, as far as the policy says so; `fettle windows` works out the days.
    private var windows: String {
        let names = policy.windows.map(\.id.rawValue)
        let open =
            switch (names.isEmpty, policy.withoutWindow) {
            case (true, .anyTime): "; there are no maintenance windows."
            case (true, .never): "; there are no maintenance windows, and nothing is worked on without one."
            case (false, .anyTime):
                ", in the windows \(Self.names(names)); what none of them is for, at any time."
            case (false, .never): ", in the windows \(Self.names(names)); what none of them is for, never."
            }
        guard !policy.freezes.isEmpty else { return open }
        return open + " Frozen: " + Self.names(policy.freezes.map { "\($0.id) (\($0.reason))" }) + "."
    }

    /// A later environment waits for its turn after an earlier one, but not longer than what is scheduled may take.
    private func outOfOrder() -> [Gap] {
        let days = policy.dueInDays[.scheduled] ?? 30
        return zip(fleet.environments, fleet.environments.dropFirst()).compactMap { earlier, later in
            guard let second = record.lastRuns[later.id], let first = record.lastRuns[earlier.id],
                first > second.adding(seconds: days * 86_400)
            else { return nil }
            return Gap(
                .followed,
                "\(later.id) was last patched \(second.day), more than \(days) days before \(earlier.id) (\(first.day))",
                remedy: "fettle plan make --environment \(later.id)")
        }
    }

    func scans() -> Rule {
        var gaps: [Gap] = []
        let dates = (record.facts?.hosts ?? []).reduce(into: [ResourceID: HostFacts]()) { $0[$1.resource] = $1 }
        let limit = time.adding(seconds: -scanWithinDays * 86_400)
        for environment in fleet.environments {
            let hosts = fleet.resources.filter { $0.environment == environment.id && $0.address.transport != .none }
            let old = hosts.filter { host in dates[host.id].map { $0.observedAt < limit } ?? true }
            if !old.isEmpty {
                gaps.append(
                    Gap(
                        .followed,
                        "\(environment.id): not looked at within \(scanWithinDays) days: "
                            + Self.names(old.map(\.id.rawValue)),
                        remedy: "fettle scan --environment \(environment.id)"))
            }
            let silent = hosts.filter { host in
                if case .unreachable? = dates[host.id]?.reachability { true } else { false }
            }
            if !silent.isEmpty {
                gaps.append(
                    Gap(
                        .implemented, "\(environment.id): did not answer: \(Self.names(silent.map(\.id.rawValue)))",
                        remedy: "fettle access check"))
            }
        }
        return rule(
            .when, "scans", "Every host is looked at within \(scanWithinDays) days.", gaps,
            missing: record.facts == nil ? [.followed] : [], unknown: record.facts == nil ? [.implemented] : [],
            without: [.developed])
    }

    func due() -> Rule {
        var gaps = undeclared(
            "dueInDays", example: "dueInDays: {immediate: 2, outOfCycle: 14, scheduled: 30, defer: 90}")
        let days = Outcome.allCases.map { outcome in
            "\(outcome.rawValue) \(policy.dueInDays[outcome].map { "\($0)d" } ?? "never due")"
        }
        let late = (record.findings?.findings ?? []).filter { finding in
            finding.owner == .us && finding.state != .verified && finding.state != .running
                && finding.dueAt.map { $0 < time } ?? false
        }
        for outcome in Outcome.allCases {
            let found = late.filter { $0.outcome == outcome }
            guard let first = found.first else { continue }
            let hosts = Set(found.map(\.resource.rawValue)).sorted()
            gaps.append(
                Gap(
                    .followed,
                    "\(found.count) findings (\(outcome.rawValue)) are past their due date, such as \(first.source) on "
                        + "\(first.resource); hosts: \(Self.names(hosts))",
                    remedy: "fettle plan make --host \(first.resource)"))
        }
        return rule(
            .howFast, "due dates", "From when a finding was first seen: \(days.joined(separator: ", ")).", gaps,
            missing: [.developed], unknown: record.findings == nil ? [.followed] : [], without: [.implemented])
    }

    func obligations() -> Rule {
        let rule = policy.obligations
        let others = fleet.resources.flatMap { ResponsibilityMatrix.row(of: $0).cells }.filter {
            $0.party == .provider || $0.party == .vendor
        }
        let days = Outcome.allCases.compactMap { outcome in
            rule.dueInDays[outcome].map { "\(outcome.rawValue) \($0)d" }
        }
        let statement =
            "Providers and vendors: \(days.joined(separator: ", ")); a statement every \(rule.statementInDays)d."
        guard !others.isEmpty else {
            return self.rule(
                .howFast, "obligations", statement, [], without: [.developed, .implemented, .followed])
        }
        var gaps = undeclared("obligations", example: "obligations: {immediate: 2, outOfCycle: 14, statement: 90}")
        let unnamed = Set(record.obligations.filter { $0.owner == nil }.map(\.resource.rawValue)).sorted()
        if !unnamed.isEmpty {
            gaps.append(
                Gap(
                    .implemented, "nobody is named to ask for \(Self.names(unnamed))",
                    remedy: "responsibility: {operatingSystem: {owner: NAME, contact: ADDRESS}}"))
        }
        for debt in record.obligations.filter({ $0.state == .overdue }).prefix(20) {
            gaps.append(
                Gap(
                    .followed, "overdue since \(debt.dueAt.day): \(debt.resource): \(debt.subject)",
                    remedy: "fettle responsibility evidence add \(debt.id) --kind \(debt.asked[0].rawValue) --note '…'")
            )
        }
        return self.rule(.howFast, "obligations", statement, gaps, missing: [.developed])
    }
}
