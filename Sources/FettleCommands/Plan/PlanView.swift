import FettleChecking
import FettleControl
import FettleModel
import FettlePlanning
import FettleReporting

/// A plan as a person reads it before agreeing to it: what changes, in which order and when, how far it can be taken back.
struct PlanView {
    var plan: Plan
    var digest: Digest
    /// What the checker says of it; nil: nobody asked.
    var check: CheckReport?
    /// Every package of every host, however long that is.
    var showsAll = false

    /// A terminal shows so many hosts; the page has all that can be read, and the JSON has all.
    private static let hosts = 60
    private static let violations = 5
    private static let irreversible = 20

    func lines(in terminal: Terminal = .standard) -> String {
        let timeline = PlanTimeline(plan)
        let facts = HostLines(plan, timeline)
        var text: [String] = []
        text.append("\(TextStyle.bold.apply(plan.id.rawValue.printable, in: terminal))  \(plan.title.printable)")
        text.append("digest \(digest)")
        text += (scope(timeline) + windows + replaced).flatMap { $0.folded(in: terminal) }
        text += CapacityLines(plan, facts, timeline).lines(in: terminal)
        text.append("")
        text.append(table(facts, timeline).render(in: terminal))
        if facts.hosts.count > Self.hosts {
            text.append("… and \(facts.hosts.count - Self.hosts) more hosts (`fettle plan show --html` draws them)")
        }
        text.append("")
        text += PackageLines(plan, showsAll: showsAll).lines(in: terminal)
        text += (chains(facts) + interruptions).flatMap { $0.folded(in: terminal) }
        text += wayBack(in: terminal)
        text += verdict(in: terminal)
        return text.joined(separator: "\n")
    }

    private func scope(_ timeline: PlanTimeline) -> [String] {
        let environments = plan.environments.map(\.rawValue).joined(separator: ", ").printable
        return [
            "\(plan.targets.count) host\(plan.targets.count == 1 ? "" : "s") in \(environments), \(plan.steps.count) steps; "
                + "\(Self.words(timeline.total.medianSeconds)) with every step at its median, "
                + "\(Self.words(timeline.total.p95Seconds)) with every step at its 95% (`fettle simulate` plays it)"
                + (timeline.start == nil ? "" : "; times in UTC")
        ]
    }

    /// Those in which somebody is worked on.
    private var windows: [String] {
        let used = Set(plan.targets.compactMap(\.window)).filter(plan.windows.indices.contains).sorted()
        let lines = used.prefix(5).map { place in
            let window = plan.windows[place]
            return "window \(Self.minute(window.opensAt)) to \(Self.minute(window.closesAt)) UTC"
        }
        return used.count > 5 ? lines + ["… and \(used.count - 5) more windows"] : lines
    }

    /// The run that it replaces, with the hosts that are out already.
    private var replaced: [String] {
        guard let supersession = plan.supersedes else { return [] }
        let hosts = supersession.taken.map { "\($0.resource)\($0.isQuarantined ? " (in quarantine)" : "")" }
        let words =
            hosts.isEmpty ? "nobody is out by it" : "takes over, out as they are: \(Self.list(hosts, limit: 20))"
        return ["Replaces \(supersession.run), which ends when this one starts; \(words)".printable]
    }

    private func table(_ facts: HostLines, _ timeline: PlanTimeline) -> Table {
        var table = Table([
            .init(title: "WAVE", alignsRight: true), .init(title: "HOST"), .init(title: "OUT AT"),
            .init(title: "BACK AT"),
            .init(title: "WAITS FOR", shrinks: 1), .init(title: "PACKAGES", shrinks: 2),
        ])
        let waits = TurnWaits(plan)
        for host in facts.hosts.prefix(Self.hosts) {
            table.add(
                .init("\(host.wave)"), .init(host.resource.rawValue, .bold), .init(Self.moment(host.out, timeline)),
                .init(Self.moment(host.back, timeline)), .init(waits.words(of: host.resource, bakes: host.bakes)),
                .init(host.changes))
        }
        return table
    }

    /// What is done to each host, told once for all that are treated alike.
    private func chains(_ facts: HostLines) -> [String] {
        var places: [String: Int] = [:]
        var lines: [(steps: String, hosts: [String])] = []
        for host in facts.hosts {
            if let known = places[host.chain] {
                lines[known].hosts.append(host.resource.rawValue)
            } else {
                places[host.chain] = lines.count
                lines.append((host.chain, [host.resource.rawValue]))
            }
        }
        let told = lines.prefix(8).map { line in
            lines.count == 1 ? "Each host: \(line.steps)" : "\(Self.list(line.hosts).printable): \(line.steps)"
        }
        return lines.count > 8 ? told + ["… and \(lines.count - 8) more rows of steps"] : told
    }

    /// What is not moved away before its host restarts.
    private var interruptions: [String] {
        let hosts = plan.targets.filter { $0.interrupts?.isEmpty == false }
        let lines = hosts.prefix(10).map { target in
            let machines = (target.interrupts ?? []).map { "\($0.machine) (\($0.because))" }
            return "Goes down with \(target.resource): \(Self.list(machines))".printable
        }
        return hosts.count > 10 ? lines + ["… and \(hosts.count - 10) more hosts that take machines down"] : lines
    }

    private func wayBack(in terminal: Terminal) -> [String] {
        if let step = plan.pointOfNoReturn {
            let head =
                "Point of no return: from \(step.rawValue.printable) on, not everything can be brought back to its "
                + "earlier version."
            let steps = IrreversibleStep.all(of: plan)
            let told = steps.prefix(Self.irreversible).map {
                "  \($0.step.rawValue) cannot be undone: \($0.because)".printable
            }
            let more = steps.count > told.count ? ["  … and \(steps.count - told.count) more steps"] : []
            return head.folded(.red, in: terminal) + (told + more).flatMap { $0.folded(in: terminal) }
        }
        let words =
            "No point of no return. Way back: \(plan.rollback.count) approved steps, for every host to exactly the versions "
            + "it has now. "
            + "Stops and goes back when more than \(plan.limits.failureBudget) "
            + "host\(plan.limits.failureBudget == 1 ? "" : "s") fail\(plan.limits.failureBudget == 1 ? "s" : "")."
        return words.folded(in: terminal)
    }

    private func verdict(in terminal: Terminal) -> [String] {
        guard let check else { return [] }
        if check.isProven {
            return "Proven safe: \(PlanPictures.method(check.method)).".folded(.green, in: terminal)
        }
        let told = check.violations.prefix(Self.violations).map { "  \($0.description.printable)" }
        let more = check.violations.count > Self.violations ? ["  `fettle plan check` tells all"] : []
        return "Not safe:".folded(.red, in: terminal) + (told + more).flatMap { $0.folded(in: terminal) }
    }

    private static func moment(_ second: Int?, _ timeline: PlanTimeline) -> String {
        guard let second else { return "-" }
        guard let start = timeline.start else { return words(second) }
        return String(start.adding(seconds: second).description.prefix(16).suffix(11)).replacing("T", with: " ")
    }

    /// Such as `2026-11-28 21:00`, in UTC.
    static func minute(_ time: Timestamp) -> String {
        String(time.description.prefix(16)).replacing("T", with: " ")
    }

    /// The first few names, so that a line stays one for a thousand hosts.
    static func list(_ names: [String], limit: Int = 4) -> String {
        let shown = names.prefix(limit).joined(separator: ", ")
        return names.count > limit ? "\(shown) and \(names.count - limit) more" : shown
    }

    static func words(_ seconds: Int) -> String {
        switch seconds {
        case ..<90: "\(seconds) s"
        case ..<5400: "\((seconds + 30) / 60) min"
        case ..<172_800: "\(seconds / 3600) h \(seconds % 3600 / 60) min"
        default: "\(seconds / 86_400) d \(seconds % 86_400 / 3600) h"
        }
    }
}
