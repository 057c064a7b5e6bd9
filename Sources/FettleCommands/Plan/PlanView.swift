import FettleModel
import Foundation

/// A plan as a person reads it before agreeing to it: what changes, in which order, how far it can be taken back.
struct PlanView {
    var plan: Plan
    var digest: Digest

    func lines(in terminal: Terminal = .standard) -> String {
        var text: [String] = []
        text.append("\(TextStyle.bold.apply(plan.id.rawValue, in: terminal))  \(plan.title.printable)")
        text.append("digest \(digest)")
        text.append(scope)
        for group in plan.groups {
            text.append(
                "group \(group.id): \(group.members.count) members, at least \(group.minimumAvailable) stay available, "
                    + "at most \(group.maximumOut) out at once")
        }
        text.append("")
        text.append(hostTable.render(in: terminal))
        text.append("")
        text += chains
        text.append(wayBack(in: terminal))
        return text.joined(separator: "\n")
    }

    private var scope: String {
        let environments = plan.environments.map(\.rawValue).joined(separator: ", ")
        let seconds = Self.longestPath(plan.steps) { $0.estimate.medianSeconds }
        let upper = Self.longestPath(plan.steps) { $0.estimate.p95Seconds }
        return
            "\(plan.targets.count) host\(plan.targets.count == 1 ? "" : "s") in \(environments), \(plan.steps.count) steps, "
            + "about \(Self.words(seconds)), 95%: \(Self.words(upper))"
    }

    private var hostTable: Table {
        var table = Table([
            .init(title: "WAVE", alignsRight: true), .init(title: "HOST"), .init(title: "WAITS FOR", shrinks: 1),
            .init(title: "PACKAGES", shrinks: 2),
        ])
        for target in ordered {
            let steps = plan.steps.filter { $0.resource == target.resource }
            let wave = steps.map(\.wave).max() ?? 0
            table.add(
                .init("\(wave)"), .init(target.resource.rawValue, .bold), .init(waitsFor(steps)),
                .init(changes(steps)))
        }
        return table
    }

    /// What is done to each host, told once for all that are treated alike.
    private var chains: [String] {
        var lines: [(steps: String, hosts: [String])] = []
        for target in ordered {
            let steps = plan.steps.filter { $0.resource == target.resource && !isBake($0) }
            let text = steps.map(\.action.name).joined(separator: " › ")
            if let known = lines.firstIndex(where: { $0.steps == text }) {
                lines[known].hosts.append(target.resource.rawValue)
            } else {
                lines.append((text, [target.resource.rawValue]))
            }
        }
        return lines.map { line in
            lines.count == 1 ? "Each host: \(line.steps)" : "\(line.hosts.joined(separator: ", ")): \(line.steps)"
        }
    }

    private var ordered: [PlanTarget] {
        var position: [ResourceID: Int] = [:]
        for (index, step) in plan.steps.enumerated()
        where step.availability == .takesOut && position[step.resource] == nil {
            position[step.resource] = index
        }
        let wave = Dictionary(plan.steps.map { ($0.resource, $0.wave) }, uniquingKeysWith: max)
        return plan.targets.sorted {
            (wave[$0.resource] ?? 0, position[$0.resource] ?? 0) < (wave[$1.resource] ?? 0, position[$1.resource] ?? 0)
        }
    }

    private func waitsFor(_ steps: [Step]) -> String {
        let owner = Dictionary(plan.steps.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let others = steps.flatMap(\.after).compactMap { owner[$0] }.filter {
            $0.resource != steps.first?.resource || isBake($0)
        }
        let names = others.map { isBake($0) ? $0.id.rawValue : $0.resource.rawValue }
        var seen: Set<String> = []
        let unique = names.filter { seen.insert($0).inserted }
        return unique.isEmpty ? "-" : unique.joined(separator: ", ")
    }

    private func isBake(_ step: Step) -> Bool {
        if case .bake = step.action { true } else { false }
    }

    private func changes(_ steps: [Step]) -> String {
        let changes = steps.flatMap { step -> [PackageChange] in
            if case .changePackages(let transaction) = step.action { transaction.changes } else { [] }
        }
        let shown = changes.prefix(2).map { "\($0.name) \($0.to ?? "removed")" }.joined(separator: ", ")
        return changes.count > 2 ? "\(changes.count): \(shown), …" : shown
    }

    private func wayBack(in terminal: Terminal) -> String {
        if let step = plan.pointOfNoReturn {
            return TextStyle.red.apply(
                "Point of no return: from \(step) on, not everything can be brought back to its earlier version.",
                in: terminal)
        }
        return "Way back: \(plan.rollback.count) approved steps, for every host to exactly the versions it has now. "
            + "Stops and goes back when more than \(plan.limits.failureBudget) "
            + "host\(plan.limits.failureBudget == 1 ? "" : "s") fail\(plan.limits.failureBudget == 1 ? "s" : "")."
    }

    static func longestPath(_ steps: [Step], seconds: (Step) -> Int) -> Int {
        var finish: [StepID: Int] = [:]
        var longest = 0
        for step in steps {
            let end = (step.after.compactMap { finish[$0] }.max() ?? 0) + seconds(step)
            finish[step.id] = end
            longest = max(longest, end)
        }
        return longest
    }

    static func words(_ seconds: Int) -> String {
        switch seconds {
        case ..<90: "\(seconds) s"
        case ..<5400: "\((seconds + 30) / 60) min"
        default: "\(seconds / 3600) h \(seconds % 3600 / 60) min"
        }
    }
}
