import FettleControl
import FettleModel

/// The coming windows and freezes as a table, by whom they are for and then by time.
struct CalendarView {
    var overview: CalendarOverview
    var zone: TimeZoneName

    /// How many lines the whole has.
    var count: Int { overview.lots.reduce(0) { $0 + max(1, $1.open.count + $1.frozen.count) } }

    func table(limit: Int) -> Table {
        var table = Table([
            .init(title: "FOR", shrinks: 2), .init(title: "FROM"), .init(title: "TO"), .init(title: "LASTS"),
            .init(title: "WHAT", shrinks: 1),
        ])
        for row in overview.lots.flatMap(rows).prefix(limit) { table.rows.append(row) }
        return table
    }

    /// Such as `Sat 2026-11-28 22:00`, as clocks in the zone show it.
    func moment(_ time: Timestamp) -> String {
        let local = zone.local(at: time)
        let day = "\(local.date.weekday)"
        return
            "\(day.prefix(1).uppercased())\(day.dropFirst().prefix(2)) \(local.date) \(TimeOfDay.text(local.secondOfDay))"
    }

    private func rows(_ lot: CalendarOverview.Lot) -> [[Table.Cell]] {
        let name = Table.Cell(Self.name(lot), .bold)
        var rows: [(begin: Timestamp, cells: [Table.Cell])] = []
        for window in lot.open {
            let what = lot.windows.isEmpty ? "open" : "open: \(lot.windows.map(\.rawValue).joined(separator: ", "))"
            rows.append((window.opensAt, [name] + span(window.opensAt, window.closesAt) + [.init(what, .green)]))
        }
        for freeze in lot.frozen {
            let passes = freeze.emergencyMayPass ? " (an emergency may pass)" : ""
            rows.append(
                (
                    freeze.opensAt,
                    [name] + span(freeze.opensAt, freeze.closesAt) + [
                        .init("frozen: \(freeze.freeze): \(freeze.reason)\(passes)", .yellow)
                    ]
                ))
        }
        guard lot.isBound else {
            let before = rows.isEmpty ? "at any time" : "at any time else"
            return [[name, "-", "-", "-", .init(before, .green)]] + rows.map(\.cells)
        }
        if lot.open.isEmpty { rows.insert((overview.from, [name, "-", "-", "-", .init(never(lot), .red)]), at: 0) }
        return rows.sorted { $0.begin < $1.begin }.map(\.cells)
    }

    private func never(_ lot: CalendarOverview.Lot) -> String {
        lot.windows.isEmpty && lot.frozen.isEmpty
            ? "never: no window is for it, and the policy says withoutWindow: never"
            : "closed: nothing opens up to \(moment(overview.to))"
    }

    private func span(_ begin: Timestamp, _ end: Timestamp) -> [Table.Cell] {
        [.init(moment(begin)), .init(moment(end)), .init(PlanView.words(Int(end.seconds(since: begin))))]
    }

    /// Groups that are whole, and whoever is in none of these.
    private static func name(_ lot: CalendarOverview.Lot) -> String {
        PlanView.list(lot.groups.map(\.rawValue) + lot.others.map(\.rawValue), limit: 3)
    }
}
