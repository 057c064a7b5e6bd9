public import FettleModel

/// A plan as a person reads it: one line for each host in the order in which they are taken, then the groups, what is left out
/// and what to know. Plain text; names that came from outside lose their control characters.
public enum PlanTable {
    public static func render(_ plan: Plan, _ report: PlanReport) -> String {
        var lines = ["\(plan.title) (plan \(plan.id))"]
        if plan.steps.isEmpty {
            lines.append("Nothing to do.")
        } else {
            lines.append(
                "\(plan.steps.count) steps, about \(duration(report.duration.medianSeconds)), "
                    + "at most \(duration(report.duration.p95Seconds)) in 95 of 100 cases")
            lines += [""] + hosts(plan, report)
            if !report.groups.isEmpty { lines += [""] + groups(report) }
        }
        lines += section("Reboots", report.reboots.map(line))
        lines += section("No way back", report.pointOfNoReturn.map(line) ?? [])
        lines += section("Mind", report.warnings)
        lines += section("Left out", report.leftOut.map(line))
        return lines.map(clean).joined(separator: "\n") + "\n"
    }

    private static func hosts(_ plan: Plan, _ report: PlanReport) -> [String] {
        let steps = Dictionary(grouping: plan.steps, by: \.resource)
        let rows = report.hosts.map { host in
            [
                String(host.wave), host.resource.rawValue, host.groups.map(\.rawValue).joined(separator: ", "),
                changes(host.changes), "\(duration(host.outAfterSeconds)) to \(duration(host.backAfterSeconds))",
                host.rollback == .irreversible
                    ? "lost" : host.changes.isEmpty ? "not needed" : "exact versions",
                (steps[host.resource] ?? []).map(\.action.name).joined(separator: ", "),
            ]
        }
        return columns([["WAVE", "HOST", "GROUPS", "CHANGES", "OUT", "WAY BACK", "STEPS"]] + rows)
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

    private static func changes(_ changes: [PackageChange]) -> String {
        guard !changes.isEmpty else { return "restart only" }
        let first = changes.prefix(2).map { "\($0.name) \($0.from ?? "none") -> \($0.to ?? "none")" }
        return first.joined(separator: ", ") + (changes.count > 2 ? ", and \(changes.count - 2) more" : "")
    }

    private static func line(_ reboot: PlanReport.Reboot) -> String {
        let because = reboot.because.joined(separator: ", ")
        return "\(reboot.resource): \(reboot.isPlanned ? "expected" : "stays pending") (\(because))"
    }

    private static func line(_ point: PlanReport.PointOfNoReturn) -> [String] {
        ["from \(point.step) on"]
            + point.lost.map { lost in
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

    private static func duration(_ seconds: Int) -> String {
        if seconds < 120 { return "\(seconds) s" }
        if seconds < 7200 { return "\(seconds / 60) min" }
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
