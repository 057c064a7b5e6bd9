import FettleChecking
import FettleControl
import FettleModel
import FettlePlanning

/// A plan that was just made: the plan, and what was thought when it was made.
struct PlanResultView {
    var result: PlanService.Result
    /// Waiting against patching, a line a patch; empty: nobody weighed them.
    var risks: [String] = []

    /// How many lines of a kind a terminal is given.
    private static let limit = 15

    func show() {
        guard !result.plan.steps.isEmpty else {
            Output.writeLine(
                result.unread.isEmpty
                    ? "Nothing to do: no step is needed." : "Nothing to do on the hosts that could be read.")
            showUnread()
            return showLeftOut()
        }
        Output.writeLine(PlanView(plan: result.plan, digest: result.reference.digest).lines())
        showGroups()
        if !risks.isEmpty { Output.writeLine("Expected loss: " + risks.map(\.printable).joined(separator: "\n  ")) }
        for warning in result.report.warnings.prefix(Self.limit) { Output.note(warning) }
        if result.report.warnings.count > Self.limit {
            Output.note(
                "\(result.report.warnings.count - Self.limit) more things to know stand on the page (`fettle plan show --html`)"
            )
        }
        showUnread()
        showLeftOut()
        Output.writeLine(
            TextStyle.green.apply("Proven safe: \(PlanPictures.method(result.check.method)).", in: .standard))
    }

    /// Where hosts could not be read an empty plan is no good news.
    var status: ExitStatus { result.plan.steps.isEmpty && !result.unread.isEmpty ? .partial : .ok }

    /// The plan itself on standard output, and beside it what it does not hold.
    func writeJSON() throws {
        try Output.writePlan(PlanDocument(result))
        for line in Self.unread(result.unread, limit: .max) { Output.note(line) }
        if status != .ok { throw status.code }
    }

    /// Those of which nobody knows what they need, one line for each reason.
    private func showUnread() {
        // Who is left out is told below, with the same reason.
        let leftOut = Set(result.report.leftOut.map(\.resource))
        for line in Self.unread(result.unread.filter { !leftOut.contains($0.resource) }, limit: Self.limit) {
            Output.writeLine(TextStyle.yellow.apply(line.printable, in: .standard))
        }
    }

    static func unread(_ hosts: [UnreadHost], limit: Int) -> [String] {
        let reasons = Dictionary(grouping: hosts, by: \.reason).sorted {
            ($0.value[0].resource) < ($1.value[0].resource)
        }
        let lines = reasons.prefix(limit).map { reason, hosts in
            "Not read: \(PlanView.list(hosts.map(\.resource.rawValue))): \(reason)"
        }
        let rest = reasons.dropFirst(limit).reduce(0) { $0 + $1.value.count }
        return rest > 0 ? lines + ["… and \(rest) more hosts that could not be read (`fettle scan`)"] : lines
    }

    /// Those with the least to spare first.
    private func showGroups() {
        let groups = result.report.groups.sorted {
            ($0.lowestAvailable - $0.minimumAvailable, $0.id) < ($1.lowestAvailable - $1.minimumAvailable, $1.id)
        }
        for group in groups.prefix(Self.limit) {
            Output.writeLine(
                "\(group.id): \(group.reason); never fewer than \(group.lowestAvailable) of \(group.members) in service"
                    .printable)
        }
        if groups.count > Self.limit { Output.writeLine("… and \(groups.count - Self.limit) more groups") }
    }

    private func showLeftOut() {
        guard !result.report.leftOut.isEmpty else { return }
        var reasons: [(reason: String, subjects: [String])] = []
        var places: [String: Int] = [:]
        for entry in result.report.leftOut {
            let subject = entry.subject.map { "\(entry.resource) \($0)" } ?? entry.resource.rawValue
            if let known = places[entry.reason] {
                reasons[known].subjects.append(subject)
            } else {
                places[entry.reason] = reasons.count
                reasons.append((entry.reason, [subject]))
            }
        }
        Output.writeLine("")
        Output.writeLine("Left out:")
        for (reason, subjects) in reasons.prefix(Self.limit) {
            let shown = subjects.prefix(3).joined(separator: ", ")
            let more = subjects.count > 3 ? " and \(subjects.count - 3) more" : ""
            Output.writeLine("  \(shown.printable)\(more): \(reason.printable)")
        }
        if reasons.count > Self.limit {
            Output.writeLine("  … and \(reasons.count - Self.limit) more reasons (`fettle plan show --html` has them)")
        }
    }
}
