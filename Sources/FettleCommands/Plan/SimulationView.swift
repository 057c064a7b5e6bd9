import FettleModel
import FettleSimulation

/// What many plays of a plan showed, for people: how long they took, in numbers and as a picture; the worst moment of each group;
/// how often windows were kept; how the plays ended.
struct SimulationView {
    var plan: PlanID
    var statistics: PlayStatistics

    /// How many groups, windows or sights a terminal is given.
    private static let limit = 15
    /// Where nobody says how wide the terminal is.
    private static let usualWidth = 80
    private static let widestBar = 60

    func lines(in terminal: Terminal = .standard) -> String {
        var text = Self.wrapped(head, terminal) + ["", durations.render(in: terminal), ""]
        text += histogram(in: terminal)
        if !statistics.groups.isEmpty { text += [""] + groups(in: terminal) }
        if !statistics.windows.isEmpty { text += [""] + windows(in: terminal) }
        text += [""] + outcomes(in: terminal)
        return text.joined(separator: "\n")
    }

    private var head: String {
        let last = statistics.firstSeed &+ UInt64(max(0, statistics.plays - 1))
        return "\(statistics.plays) play\(statistics.plays == 1 ? "" : "s") of \(plan), "
            .printable + "seeds \(statistics.firstSeed) to \(last)"
    }

    private var durations: Table {
        var table = Table([
            .init(title: "TAKES"), .init(title: "LEAST", alignsRight: true), .init(title: "5%", alignsRight: true),
            .init(title: "HALF", alignsRight: true), .init(title: "95%", alignsRight: true),
            .init(title: "MOST", alignsRight: true),
        ])
        let seconds = statistics.seconds
        let cells = [seconds.minimum, seconds.p5, seconds.median, seconds.p95, seconds.maximum]
            .map { Table.Cell(Self.clock($0)) }
        table.rows.append([Table.Cell("h:min:s")] + cells)
        return table
    }

    // MARK: Histogram

    private func histogram(in terminal: Terminal) -> [String] {
        let bins = statistics.seconds.histogram
        let labels = bins.map { bin in
            bin.from == bin.through ? Self.clock(bin.from) : "\(Self.clock(bin.from)) – \(Self.clock(bin.through))"
        }
        let counts = bins.map { String($0.plays) }
        let labelWidth = labels.map(\.count).max() ?? 0
        let countWidth = counts.map(\.count).max() ?? 0
        let width = terminal.width ?? Self.usualWidth
        let room = min(Self.widestBar, width - labelWidth - countWidth - 4)
        let most = bins.map(\.plays).max() ?? 0
        return bins.indices.map { place in
            let label = Self.padded(labels[place], to: labelWidth)
            let count = Self.padded(counts[place], to: countWidth)
            let bar = room > 3 ? Self.bar(bins[place].plays, of: most, width: room) : ""
            guard !bar.isEmpty else { return "\(label)  \(count)".shortened(to: width) }
            return "\(label)  \(count)  \(TextStyle.cyan.apply(bar, in: terminal))"
        }
    }

    /// Whatever came about at all is to be seen.
    private static func bar(_ plays: Int, of most: Int, width: Int) -> String {
        guard plays > 0, most > 0 else { return "" }
        let length = plays * width / most
        return length == 0 ? "▏" : String(repeating: "█", count: length)
    }

    // MARK: Groups and windows

    /// Those with the least to spare first.
    private func groups(in terminal: Terminal) -> [String] {
        var table = Table([
            .init(title: "GROUP", shrinks: 1), .init(title: "LOWEST", alignsRight: true),
            .init(title: "MINIMUM", alignsRight: true), .init(title: "MEMBERS", alignsRight: true),
            .init(title: "FIRST IN SEED", alignsRight: true), .init(title: "AT", alignsRight: true),
        ])
        let sorted = statistics.groups.sorted {
            ($0.lowestAvailable - $0.minimumAvailable, $0.group) < ($1.lowestAvailable - $1.minimumAvailable, $1.group)
        }
        for low in sorted.prefix(Self.limit) {
            table.rows.append([
                .init(low.group.rawValue, .bold),
                .init("\(low.lowestAvailable)", low.lowestAvailable < low.minimumAvailable ? .red : .plain),
                .init("\(low.minimumAvailable)"), .init("\(low.members)"), .init(low.seed.map(String.init) ?? "-"),
                .init(low.second.map(Self.clock) ?? "-"),
            ])
        }
        return [table.render(in: terminal)] + Self.more(sorted.count - Self.limit, "groups", terminal)
    }

    private func windows(in terminal: Terminal) -> [String] {
        var table = Table([
            .init(title: "WINDOW OPENS"), .init(title: "CLOSES"), .init(title: "HOSTS", alignsRight: true),
            .init(title: "KEPT", alignsRight: true),
        ])
        // In the others nobody is worked on; they are kept whatever happens.
        let used = statistics.windows.filter { $0.targets > 0 }
        for window in used.prefix(Self.limit) {
            table.rows.append([
                .init(window.opensAt.description, .bold), .init(window.closesAt.description),
                .init("\(window.targets)"),
                .init(
                    Self.share(window.playsInside, of: statistics.plays),
                    window.playsInside < statistics.plays ? .yellow : .green),
            ])
        }
        return [table.render(in: terminal)] + Self.more(used.count - Self.limit, "windows", terminal)
    }

    private func outcomes(in terminal: Terminal) -> [String] {
        let outcomes = statistics.outcomes
        var parts = [
            ("succeeded", outcomes.succeeded), ("rolled back", outcomes.rolledBack), ("failed", outcomes.failed),
            ("waiting for a person", outcomes.awaitingHuman), ("without an end", outcomes.unfinished),
        ].filter { $0.1 > 0 }.map { "\($0.0): \($0.1)" }
        parts.append("invariants broken: \(outcomes.invariantsBroken)")
        var lines = Self.wrapped(parts.joined(separator: ", "), terminal)
        for question in statistics.questions.prefix(3) {
            lines += Self.wrapped("seed \(question.seed): \(question.words.printable)", terminal)
        }
        return lines
    }

    private static func more(_ count: Int, _ what: String, _ terminal: Terminal) -> [String] {
        count > 0 ? wrapped("… and \(count) more \(what) (`-o json` has all)", terminal) : []
    }

    private static func wrapped(_ text: String, _ terminal: Terminal) -> [String] {
        text.wrapped(to: terminal.width ?? usualWidth)
    }

    // MARK: Words

    /// Such as `0:04:10`; hours are counted on beyond a day.
    static func clock(_ seconds: Int) -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(seconds / 3600):\(two(seconds % 3600 / 60)):\(two(seconds % 60))"
    }

    /// In per cent, rounded down: only what was always so is 100%.
    static func share(_ part: Int, of whole: Int) -> String {
        guard whole > 0, part < whole else { return whole > 0 ? "100%" : "-" }
        let tenths = part * 1000 / whole
        return "\(tenths / 10).\(tenths % 10)%"
    }

    private static func padded(_ text: String, to width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
