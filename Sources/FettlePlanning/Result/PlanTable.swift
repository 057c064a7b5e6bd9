public import FettleModel

/// A plan as a person reads it: one line for each host in the order in which they are taken, then the groups, what
/// changes, what is left out and what to know. Plain text; names that came from outside lose their control characters.
public enum PlanTable {
    public static func render(_ plan: Plan, _ report: PlanReport) -> String {
        var lines = ["\(plan.title) (plan \(plan.id))"]
        if plan.steps.isEmpty {
            lines.append("Nothing to do.")
        } else {
            lines.append(
                "\(plan.steps.count) steps, about \(duration(report.duration.medianSeconds)), "
                    + "at most \(duration(report.duration.p95Seconds)) in 95 of 100 cases")
            lines += [""] + hosts(report)
            if !report.groups.isEmpty { lines += [""] + groups(report) }
        }
        lines += section("Cost of the double", report.groups.compactMap(double))
        lines += section("Changes", changes(report))
        lines += section("Steps", steps(plan, report))
        lines += section("Moved away and home again", moves(plan))
        lines += section("Not moved: down with their hypervisor", report.interrupted.map(line))
        lines += section("Reboots", report.reboots.map(line))
        lines += section("No way back", report.pointOfNoReturn.map(line) ?? [])
        lines += section("Mind", report.warnings)
        lines += section("Left out", report.leftOut.map(line))
        return lines.map(clean).joined(separator: "\n") + "\n"
    }

    private static func hosts(_ report: PlanReport) -> [String] {
        let rows = report.hosts.map { host in
            [
                String(host.wave), host.resource.rawValue, host.environment.rawValue,
                host.groups.isEmpty ? "-" : host.groups.map(\.rawValue).joined(separator: ", "),
                packages(host), duration(host.outAfterSeconds),
                host.role == .retired ? "never" : duration(host.backAfterSeconds), wayBack(host),
            ]
        }
        return columns([["WAVE", "HOST", "ENVIRONMENT", "GROUPS", "PACKAGES", "OUT AT", "BACK AT", "WAY BACK"]] + rows)
    }

    private static func packages(_ host: PlanReport.Host) -> String {
        switch host.role {
        case .patched: host.changes.isEmpty ? "restart only" : String(host.changes.count)
        case .replaced: "\(host.changes.count) in the image"
        case .throughController: "\(host.changes.count) by its controller"
        case .controller: host.changes.isEmpty ? "none of its own" : String(host.changes.count)
        case .retired: "retired"
        }
    }

    private static func double(_ group: PlanReport.Group) -> String? {
        group.double.map { double in
            "\(group.id): up to \(double.idleMembers) members serve nobody for \(duration(double.seconds)) of this "
                + "plan, \(duration(double.memberSeconds)) of machines\(price(double))"
                + (double.goesOn ? ", and go on after it" : "")
        }
    }

    private static func price(_ double: PlanReport.Double) -> String {
        guard let price = double.price, let unit = double.unit else { return "" }
        let hundredths = Int((price * 100).rounded())
        return ", \(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100) \(unit)"
    }

    private static func wayBack(_ host: PlanReport.Host) -> String {
        switch host.rollback {
        case .nothingToUndo: "not needed"
        case .irreversible: "lost"
        case .exactVersions: "exact versions"
        case .snapshot: "snapshot"
        case .imageSwap: "image"
        }
    }

    /// Each change once, with the hosts that it happens on.
    private static func changes(_ report: PlanReport) -> [String] {
        var hosts: [PackageChange: [String]] = [:]
        for host in report.hosts {
            for change in host.changes { hosts[change, default: []].append(host.resource.rawValue) }
        }
        let sorted = hosts.sorted {
            ($0.key.name, $0.key.architecture, $0.key.to ?? "", $0.key.from ?? "")
                < ($1.key.name, $1.key.architecture, $1.key.to ?? "", $1.key.from ?? "")
        }
        return columns(
            sorted.map { change, hosts in
                [
                    "\(change.name):\(change.architecture)",
                    "\(change.from ?? "not installed") -> \(change.to ?? "removed")", "on \(list(hosts))",
                ]
            })
    }

    /// Each row of steps once, with the hosts that take it, in the order of their turns.
    private static func steps(_ plan: Plan, _ report: PlanReport) -> [String] {
        let chains = Dictionary(grouping: plan.steps, by: \.resource)
        var rows: [(steps: String, hosts: [String])] = []
        for host in report.hosts {
            let actions = (chains[host.resource] ?? []).filter { !$0.isOfGroup }.map(\.action.name)
            let text = actions.joined(separator: ", ")
            if let same = rows.firstIndex(where: { $0.steps == text }) {
                rows[same].hosts.append(host.resource.rawValue)
            } else {
                rows.append((text, [host.resource.rawValue]))
            }
        }
        return rows.map { "\(list($0.hosts)): \($0.steps)" } + groupSteps(plan)
    }

    private static func groupSteps(_ plan: Plan) -> [String] {
        let awaited = Set(
            plan.steps.lazy.filter { $0.availability == .takesOut || $0.action == .retire }.flatMap(\.after))
        let restarted = Set(plan.steps.lazy.filter { $0.leg == .control }.map(\.resource))
        return plan.steps.compactMap { groupStep($0, isAwaited: awaited.contains($0.id), restarted) }
    }

    private static func compared(
        _ judgement: BakeJudgement?, _ watched: [ResourceID], _ restarted: Set<ResourceID>
    ) -> String {
        guard let judgement else { return "" }
        let others =
            judgement.controls.isEmpty
            ? "what \(watched.count == 1 ? "it was" : "they were") before"
            : list(
                judgement.controls.map { restarted.contains($0) ? "\($0) (restarted as it is before)" : $0.rawValue })
        let beside = judgement.neighbours.map { ", beside \(list(Set($0.map(\.resource)).sorted().map(\.rawValue)))" }
        return ", at most \(duration(judgement.extendUntilSeconds)), and compared with \(others)\(beside ?? ""),"
    }

    /// - Parameters:
    ///   - isAwaited: somebody is not taken out before it.
    ///   - restarted: those that are restarted as they are, to be compared with.
    private static func groupStep(_ step: Step, isAwaited: Bool, _ restarted: Set<ResourceID>) -> String? {
        guard let group = step.group else { return nil }
        switch step.action {
        case .bake(let seconds, let resources, _, let judgement):
            return
                "\(list(resources.map(\.rawValue))): watched for \(duration(seconds))\(compared(judgement, resources, restarted))"
                + (isAwaited ? " before the rest of \(group) goes" : "")
        case .groupGate(let gate):
            let names = gate.probes.map(\.name).joined(separator: ", ")
            return "\(group): asked as a whole (\(names)) behind \(list(gate.resources.map(\.rawValue)))"
                + (isAwaited ? ", before the rest goes" : "")
        case .switchTraffic(let turn):
            let to = list(turn.to.map(\.rawValue))
            return turn.from.isEmpty
                ? "\(group): seen that all traffic is with \(to)"
                : "\(group): all traffic turned from \(list(turn.from.map(\.rawValue))) to \(to)"
        case .buildImage(let build):
            return "\(group): image \(build.image) \(build.version) made from \(build.from) and tested"
        case .discardKept(let machine):
            return
                "\(step.resource): the machine before it is removed from \(machine.hypervisor); until then it is the way back"
        case .discardSnapshot(let machine):
            return "\(step.resource): its snapshot is removed from \(machine.hypervisor); until then it is the way back"
        case .upgradeThroughController(let upgrade):
            return
                "\(step.resource): takes \(list(upgrade.members.map(\.rawValue))) through, \(upgrade.atOnce) at once; "
                + "given up when nothing comes on for \(duration(upgrade.stallSeconds))"
        default: return nil
        }
    }

    /// The first few names, so that a line stays one for a thousand hosts.
    static func list(_ names: [String]) -> String {
        let shown = names.prefix(4).joined(separator: ", ")
        return names.count > 4 ? "\(shown) and \(names.count - 4) more" : shown
    }

    private static func groups(_ report: PlanReport) -> [String] {
        let rows = report.groups.map { group in
            [
                group.id.rawValue, "\(group.minimumAvailable) of \(group.members)", String(group.maximumOut),
                String(group.lowestAvailable), group.reason,
            ]
        }
        return columns([["GROUP", "MINIMUM", "OUT AT ONCE", "LOWEST", "WHY SO"]] + rows)
    }

    private static func line(_ reboot: PlanReport.Reboot) -> String {
        let because = reboot.because.joined(separator: ", ")
        return "\(reboot.resource): \(reboot.isPlanned ? "expected" : "stays pending") (\(because))"
    }

    private static func line(_ point: PlanReport.PointOfNoReturn) -> [String] {
        ["from \(point.step) on"]
            + point.lost.map { lost in
                guard !lost.versions.isEmpty else { return "\(lost.resource): is shut down for good" }
                let versions = lost.versions.map { "\($0.name) \($0.version)" }.joined(separator: ", ")
                return "\(lost.resource): nobody offers \(versions) any more"
            }
    }

    private static func line(_ entry: Selection.LeftOut) -> String {
        "\(entry.resource)\(entry.subject.map { " \($0)" } ?? ""): \(entry.reason)"
    }

    private static func section(_ title: String, _ lines: [String]) -> [String] {
        lines.isEmpty ? [] : ["", title] + lines.map { "  " + $0 }
    }

    private static func columns(_ rows: [[String]]) -> [String] {
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { column, text in
                column == count - 1 ? text : text + String(repeating: " ", count: widths[column] - text.count)
            }
            return cells.joined(separator: "  ")
        }
    }

    static func duration(_ seconds: Int) -> String {
        if seconds < 60 { return "\(seconds) s" }
        if seconds < 3600 { return "\(seconds / 60) min \(seconds % 60) s" }
        return "\(seconds / 3600) h \(seconds % 3600 / 60) min"
    }

    private static func clean(_ line: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in line.unicodeScalars {
            let category = scalar.properties.generalCategory
            result.append(category == .control || category == .format ? "\u{FFFD}" : scalar)
        }
        return String(result)
    }
}
