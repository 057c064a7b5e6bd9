import FettleModel

/// A plan as one self-contained page, to be read before it is approved: no script, nothing loaded from anywhere. Its length hangs
/// on the number of groups up to a few hundred and on nothing beyond that, so that a plan of any size gives a page that opens.
public enum PlanPage {
    /// - Parameter approval: the change that asks for the plan, which then stands above it; nil: the plan alone.
    public static func html(_ picture: PlanPicture, for approval: ApprovalPicture? = nil) -> String {
        let rows = PlanRows(picture)
        let tables = PlanTables(picture: picture, rows: rows)
        let section: HTMLText =
            approval.map { "\n" + ApprovalSection(approval: $0, picture: picture).html } ?? ""
        let body: HTMLText = """
            \(heading(picture))\(section)
            \(cards(picture, rows))
            \(tables.trouble)
            \(tables.interrupted)
            \(GanttChart(picture, rows).html)
            \(CapacityChart(picture, rows).html)
            \(OrderChart(picture, rows).html)
            \(tables.waves)
            \(tables.changes)
            \(tables.risks)
            \(tables.leftOut)
            \(tables.wayBack)
            \(tables.basis)
            """
        return HTMLPage.document(
            title: (approval.map { "\($0.change.id), " } ?? "") + "\(picture.plan.id): \(picture.plan.title)",
            body: body, style: PlanStyle.css)
    }

    private static func heading(_ picture: PlanPicture) -> HTMLText {
        let plan = picture.plan
        let badge =
            switch picture.proof {
            case .proven: HTMLPage.badge("proven safe", .good)
            case .broken: HTMLPage.badge("not safe", .bad)
            }
        let environments = plan.environments.map(\.rawValue).joined(separator: ", ")
        return """
            <header><p class="kind">Fettle plan</p><h1>\(plan.title)</h1>
            <p>\(badge) \(plan.id)\(environments.isEmpty ? "" : " for \(environments)"), made \(plan.createdAt.minute) UTC</p>
            <p>Digest <code class="digest">\(picture.digest)</code></p>\(windows(picture))</header>
            """
    }

    private static func windows(_ picture: PlanPicture) -> HTMLText {
        let plan = picture.plan
        guard !plan.windows.isEmpty else {
            return plan.steps.isEmpty ? "" : "<p class=\"note\">Bound to no window: it may be started at any time.</p>"
        }
        var hosts = [Int](repeating: 0, count: plan.windows.count)
        for target in plan.targets {
            if let window = target.window, hosts.indices.contains(window) { hosts[window] += 1 }
        }
        let items = zip(plan.windows, hosts).prefix(20).map { window, count -> HTMLText in
            """
            <li><b>\(window.opensAt.minute)</b> to <b>\(window.closesAt.minute)</b> UTC, \
            \(PlanWords.count(count, "resource"))</li>
            """
        }
        let more: HTMLText =
            plan.windows.count > items.count ? "<li>… and \(plan.windows.count - items.count) more</li>" : ""
        let title = plan.windows.count == 1 ? "Window" : "Windows"
        return "<div class=\"windows\"><span class=\"note\">\(title)</span><ul>\(items.joined())\(more)</ul></div>"
    }

    private static func cards(_ picture: PlanPicture, _ rows: PlanRows) -> HTMLText {
        let plan = picture.plan
        guard !plan.steps.isEmpty else { return "<section><p>Nothing to do: no step is needed.</p></section>" }
        let hasReboot = Set(
            plan.steps.filter { if case .reboot = $0.action { true } else { false } }.map(\.resource)
        ).count
        let waves = Set(rows.all.map(\.wave)).count
        return """
            <section class="cards">
            \(HTMLPage.card(plan.targets.count == 1 ? "resource" : "resources", PlanWords.number(plan.targets.count)))
            \(HTMLPage.card(plan.groups.count == 1 ? "group" : "groups", PlanWords.number(plan.groups.count)))
            \(HTMLPage.card(waves == 1 ? "wave" : "waves", PlanWords.number(waves)))
            \(HTMLPage.card("to the end, steps at their median", PlanWords.duration(picture.times.total.medianSeconds)))
            \(HTMLPage.card("each at its 95% figure", PlanWords.duration(picture.times.total.p95Seconds)))
            \(HTMLPage.card("with a reboot, if needed", PlanWords.number(hasReboot)))
            </section>
            """
    }
}
