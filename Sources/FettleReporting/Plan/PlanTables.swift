import FettleModel

/// What a plan's page tells in words and tables.
struct PlanTables {
    let picture: PlanPicture
    let rows: PlanRows
    static let limit = 100

    var plan: Plan { picture.plan }

    /// What must be known comes before what is as wished.
    var trouble: HTMLText {
        var items: [HTMLText] = []
        if case .broken(let stories) = picture.proof {
            items += stories.prefix(20).map { "<li>Not safe: \($0)</li>" }
        }
        if let step = plan.pointOfNoReturn {
            items.append(
                """
                <li><b>Point of no return:</b> from <code>\(step)</code> on, not everything can be brought back to its earlier \
                version\(lost).</li>
                """)
            let steps = IrreversibleStep.all(of: plan)
            items += steps.prefix(20).map { step -> HTMLText in
                "<li><code>\(step.step)</code> cannot be undone: \(step.because)</li>"
            }
            if steps.count > 20 { items.append("<li>… and \(steps.count - 20) more steps that cannot be undone</li>") }
        }
        if let supersession = plan.supersedes {
            let hosts = supersession.taken.map { "\($0.resource)\($0.isQuarantined ? " (in quarantine)" : "")" }
            let names = PlanWords.list(hosts, limit: 20)
            let words = hosts.isEmpty ? "nobody is out by it" : "takes over, out as they are: \(names)"
            items.append(
                "<li><b>Replaces \(supersession.run),</b> which ends when this one starts; \(words).</li>")
        }
        let shown = picture.warnings.prefix(20).map { warning -> HTMLText in "<li>\(warning)</li>" }
        items += shown
        if picture.warnings.count > shown.count {
            items.append("<li>… and \(picture.warnings.count - shown.count) more</li>")
        }
        guard !items.isEmpty else { return "" }
        let isBad = items.count > shown.count
        return """
            <section\(HTMLText(source: isBad ? " class=\"trouble\"" : ""))><h2>Know before you agree</h2>\
            <ul>\(items.joined())</ul></section>
            """
    }

    private var lost: String {
        let resources = Set(plan.steps.filter { $0.rollbackClass == .irreversible }.map(\.resource.rawValue)).sorted()
        return resources.isEmpty ? "" : " (\(PlanWords.list(resources)))"
    }

    // MARK: Waves

    var waves: HTMLText {
        let lots = Dictionary(grouping: rows.all, by: \.wave).sorted { $0.key < $1.key }
        guard lots.count > 0 else { return "" }
        // A pool of which one may be out has as many waves as members: several in a line, where they are many.
        let size = (lots.count + 39) / 40
        let lines = stride(from: 0, to: lots.count, by: size).map { first -> HTMLText in
            let some = lots[first..<min(first + size, lots.count)]
            let members = some.flatMap(\.value)
            let (from, to) = (some.first?.key ?? 0, some.last?.key ?? 0)
            let groups = Set(members.map(\.resource)).count
            let environments = plan.environments.filter { id in members.contains { $0.environment == id } }
            return """
                <tr><td class="span">\(from == to ? "\(from)" : "\(from) to \(to)")</td>\
                <td class="time span">\(span(members.map(\.outBegin).min() ?? 0, members.map(\.end).max() ?? 0))</td>\
                <td>\(PlanWords.number(groups))</td>\
                <td>\(environments.map(\.rawValue).joined(separator: ", "))</td>\
                <td>\(PlanWords.list(members.sorted { $0.outBegin < $1.outBegin }.map(\.resource.rawValue), limit: 8))</td></tr>
                """
        }
        return """
            <section><h2>Waves</h2><div class="wide"><table><thead><tr><th>Wave<th>Out of service<th>Resources<th>Environment\
            <th>Which</tr></thead><tbody>\(lines.joined())</tbody></table></div></section>
            """
    }

    private func span(_ begin: Int, _ end: Int) -> String {
        guard let start = picture.times.start else { return "\(PlanWords.offset(begin)) to \(PlanWords.offset(end))" }
        let (from, to) = (start.adding(seconds: begin), start.adding(seconds: end))
        return "\(from.minute) to \(from.monthAndDay == to.monthAndDay ? to.hourAndMinute : to.minute)"
    }

    // MARK: What is done

    var changes: HTMLText {
        var hosts: [PackageChange: [String]] = [:]
        var chains: [String: [String]] = [:]
        var actions: [ResourceID: [String]] = [:]
        for step in plan.steps {
            for entry in step.resourceChanges { hosts[entry.change, default: []].append(entry.resource.rawValue) }
            if step.action.judged != nil { continue }
            actions[step.resource, default: []].append(step.action.name)
        }
        for row in rows.all {
            chains[(actions[row.resource] ?? []).joined(separator: " › "), default: []].append(row.resource.rawValue)
        }
        guard !actions.isEmpty else { return "" }
        let sorted = hosts.sorted {
            ($1.value.count, $0.key.name, $0.key.architecture, $0.key.from ?? "", $0.key.to ?? "")
                < ($0.value.count, $1.key.name, $1.key.architecture, $1.key.from ?? "", $1.key.to ?? "")
        }
        let lines = sorted.prefix(Self.limit).map { change, names -> HTMLText in
            """
            <tr><td><b>\(change.name)</b> <span class="soft">\(change.architecture)</span></td>\
            <td class="change">\(change.from ?? "not installed") → \(change.to ?? "removed")</td>\
            <td>\(PlanWords.number(names.count))</td><td>\(PlanWords.list(names, limit: 4))</td></tr>
            """
        }
        let table: HTMLText =
            lines.isEmpty
            ? ""
            : """
            <div class="wide"><table><thead><tr><th>Package<th>Version<th>On<th>Which</tr></thead>\
            <tbody>\(lines.joined())</tbody></table></div>\(more(sorted.count - lines.count, "change"))
            """
        return "<section><h2>What changes</h2>\(chainList(chains))\(table)</section>"
    }

    private func chainList(_ chains: [String: [String]]) -> HTMLText {
        let sorted = chains.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
        let lines = sorted.prefix(12).map { steps, names -> HTMLText in
            let who = sorted.count == 1 ? "Each resource" : PlanWords.list(names, limit: 4)
            return "<li><b>\(who)</b>: \(steps)</li>"
        }
        return "<ul>\(lines.joined())</ul>\(more(sorted.count - lines.count, "other row", "other rows"))"
    }

    func more(_ count: Int, _ noun: String, _ plural: String? = nil) -> HTMLText {
        count > 0 ? "<p class=\"note\">… and \(PlanWords.count(count, noun, plural)) more.</p>" : ""
    }
}
