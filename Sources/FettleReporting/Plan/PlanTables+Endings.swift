import FettleModel

/// What is weighed, what is left out, and how it is taken back.
extension PlanTables {
    var risks: HTMLText {
        guard !picture.risks.isEmpty else { return "" }
        let lines = picture.risks.prefix(Self.limit).map { risk -> HTMLText in
            """
            <tr><td><b>\(risk.package)</b> \(risk.version)</td><td>\(risk.group)</td><td>\(risk.outcome)</td>\
            <td class="figure">\(risk.waiting)</td><td class="figure">\(risk.patching)</td><td>\(risk.crossing)</td></tr>
            """
        }
        let units = Set(picture.risks.map(\.unit)).sorted().joined(separator: ", ")
        return """
            <section><h2>Waiting against patching</h2><p class="note">Expected loss a day, in \(units).</p>
            <div class="wide"><table><thead><tr><th>Patch<th>Group<th>When<th class="figure">Waiting<th class="figure">Patching\
            <th>Which weighs more</tr></thead><tbody>\(lines.joined())</tbody></table></div>\
            \(more(picture.risks.count - lines.count, "patch", "patches"))</section>
            """
    }

    var leftOut: HTMLText {
        guard let entries = picture.leftOut else {
            return """
                <section><h2>Left out</h2><p class="note">What was left out stands in the selection \
                <code>\(plan.selection.id)</code>, which was not at hand.</p></section>
                """
        }
        guard !entries.isEmpty else { return "<section><h2>Left out</h2><p>Nothing.</p></section>" }
        var reasons: [String: [String]] = [:]
        for entry in entries {
            let subject = entry.subject.map { "\(entry.resource) \($0)" } ?? entry.resource.rawValue
            reasons[entry.reason, default: []].append(subject)
        }
        let sorted = reasons.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
        let lines = sorted.prefix(Self.limit).map { reason, subjects -> HTMLText in
            """
            <tr><td>\(reason)</td><td>\(PlanWords.number(subjects.count))</td>\
            <td>\(PlanWords.list(subjects.sorted(), limit: 5))</td></tr>
            """
        }
        return """
            <section><h2>Left out</h2><div class="wide"><table><thead><tr><th>Why<th>How many<th>Which</tr></thead>\
            <tbody>\(lines.joined())</tbody></table></div>\(more(sorted.count - lines.count, "reason"))</section>
            """
    }

    var wayBack: HTMLText {
        guard !plan.steps.isEmpty else { return "" }
        var chains: [ResourceID: [String]] = [:]
        var seconds: [ResourceID: Int] = [:]
        for step in plan.rollback {
            chains[step.resource, default: []].append(step.action.name)
            seconds[step.resource] = ((seconds[step.resource] ?? 0) + step.estimate.p95Seconds.clamped).clamped
        }
        let rows = Dictionary(grouping: plan.targets.map(\.resource)) { resource in
            (chains[resource] ?? []).joined(separator: " › ")
        }.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
        let lines = rows.prefix(12).map { steps, resources -> HTMLText in
            let longest = resources.compactMap { seconds[$0] }.max() ?? 0
            let names = PlanWords.list(resources.map(\.rawValue).sorted(), limit: 4)
            guard !steps.isEmpty else {
                return "<tr><td>\(names)</td><td class=\"bad\">nothing is taken back</td><td></td></tr>"
            }
            return "<tr><td>\(names)</td><td>\(steps)</td><td>\(PlanWords.duration(longest))</td></tr>"
        }
        return """
            <section><h2>The way back</h2><p>\(wayBackWords)</p><div class="wide"><table><thead><tr><th>Which<th>Steps\
            <th>At most, each, in 95 of 100</tr></thead><tbody>\(lines.joined())</tbody></table></div>\
            \(more(rows.count - lines.count, "other row", "other rows"))</section>
            """
    }

    private var wayBackWords: String {
        let budget = plan.limits.failureBudget.clamped
        let steps = PlanWords.count(plan.rollback.count, "step")
        let stops =
            budget == 0
            ? "The first resource that fails stops the run and takes it back"
            : "When more than \(PlanWords.count(budget, "resource")) failed, the run stops and goes back"
        let whole =
            plan.pointOfNoReturn == nil
            ? "to exactly the versions that are there now"
            : "to the versions that are there now, but for what is named above"
        return
            "\(steps), approved together with the plan, \(whole). \(stops). Who was changed last goes back first; the same "
            + "minimum holds on the way."
    }

    var basis: HTMLText {
        let limits = plan.limits
        let proof =
            switch picture.proof {
            case .proven(let how): "Proven safe: \(how)."
            case .broken: "Not proven: see above."
            }
        return """
            <section><h2>Basis</h2><ul><li>\(proof)</li>
            <li>Made from the selection <code>\(plan.selection.id)</code>, <code class="digest">\(plan.selection.digest)</code></li>
            <li>\(PlanWords.count(plan.steps.count, "step")), at most \(PlanWords.number(limits.parallelSteps.clamped)) at the same \
            time, each tried up to \(PlanWords.count(limits.attempts.clamped, "time")); who must stay out of traffic is settled \
            within \(PlanWords.duration(limits.quarantineDeadlineSeconds.clamped)).</li></ul></section>
            """
    }
}
