import FettleModel

/// Machines that go down with what they run on: nobody should learn of that when it happens.
extension PlanTables {
    var interrupted: HTMLText {
        let entries = plan.targets.flatMap { target in (target.interrupts ?? []).map { (target.resource, $0) } }
        guard !entries.isEmpty else { return "" }
        let times = downtimes(of: Set(entries.map(\.0)))
        let lines = entries.prefix(Self.limit).map { target, machine -> HTMLText in
            let time = times[target] ?? DurationEstimate(medianSeconds: 0, p95Seconds: 0)
            let resource = machine.resource.map { $0.rawValue == machine.machine ? "" : $0.rawValue } ?? ""
            let duration =
                time.p95Seconds == 0
                ? "no restart is planned"
                : "\(PlanWords.duration(time.medianSeconds)), at most \(PlanWords.duration(time.p95Seconds))"
            return """
                <tr><td><b>\(machine.machine)</b> <span class="soft">\(resource)</span></td><td>\(target)</td>\
                <td>\(machine.because)</td><td>\(duration)</td></tr>
                """
        }
        return """
            <section><h2>Interrupted</h2><p class="note">Not moved away, and down when what they run on restarts. The machine's own \
            start comes on top.</p><div class="wide"><table><thead><tr><th>Machine<th>Goes down with<th>Why it stays<th>For about, \
            in 95 of 100 cases</tr></thead><tbody>\(lines.joined())</tbody></table></div>\
            \(more(entries.count - lines.count, "machine"))</section>
            """
    }

    /// From the restart to the last step that proves the target well.
    private func downtimes(of targets: Set<ResourceID>) -> [ResourceID: DurationEstimate] {
        var result: [ResourceID: DurationEstimate] = [:]
        for step in plan.steps where targets.contains(step.resource) && step.availability == .requiresOut {
            if case .reboot = step.action {
                result[step.resource] = step.estimate
            } else if let so = result[step.resource] {
                result[step.resource] = DurationEstimate(
                    medianSeconds: (so.medianSeconds + step.estimate.medianSeconds.clamped).clamped,
                    p95Seconds: (so.p95Seconds + step.estimate.p95Seconds.clamped).clamped)
            }
        }
        return result.mapValues {
            DurationEstimate(medianSeconds: $0.medianSeconds.clamped, p95Seconds: $0.p95Seconds.clamped)
        }
    }
}
