import FettleModel
import FettlePlanning

/// By when hosts have to be patched because something on them is exploited.
enum PlanDeadlines {
    /// Of each selected host the earliest date that the list of exploited vulnerabilities, or the policy, sets for one of them.
    static func of(_ findings: FindingSet, selected: Selection) -> [ResourceID: PlanningInput.Deadline] {
        let closed = Set(selected.hosts.flatMap(\.findings))
        var result: [ResourceID: PlanningInput.Deadline] = [:]
        for finding in findings.findings where finding.isExploited && closed.contains(finding.id) {
            guard let due = finding.advisories.compactMap(\.exploitedDueAt).min() ?? finding.dueAt else { continue }
            if let known = result[finding.resource], known.at <= due { continue }
            let name = finding.advisories.first { $0.exploitedSince != nil }?.id.rawValue ?? "a vulnerability"
            result[finding.resource] = PlanningInput.Deadline(at: due, because: "\(name) is exploited")
        }
        return result
    }
}
