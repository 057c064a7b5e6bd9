import FettleModel

/// Zero tolerance: crashes, kills, restarts and kernel trouble that a patched member had and no control.
struct FaultJudge {
    let sides: Sides
    let required: Set<String>

    func rows() -> [JudgementRow] {
        [reboots(), signatures("crashes", \.crashes), signatures("kernel messages", \.kernelTroubles), taint()]
            .compactMap { $0 } + [counted("out-of-memory kills", kills), restarts()].compactMap { $0 }
    }

    private func reboots() -> JudgementRow? {
        let known = sides.patched.filter { $0.pulses.contains { $0.bootID != nil } }
        guard !known.isEmpty else { return nil }
        let rebooted = known.filter { Set($0.pulses.compactMap(\.bootID)).count > 1 }.map(\.member.rawValue)
        return row("unrequested reboots", rebooted, control: [], of: "reboots")
    }

    /// What has a name: new is what no control shows. Each pulse tells all since the beginning that the host still remembers; a
    /// member that told them once has to tell them at the end too.
    private func signatures(_ subject: String, _ path: KeyPath<Pulse, [String: Int]?>) -> JudgementRow? {
        func seen(_ series: [MemberSeries]) -> Set<String> {
            Set(series.flatMap(\.pulses).flatMap { ($0[keyPath: path] ?? [:]).filter { $0.value > 0 }.keys })
        }
        let telling = sides.patched.filter { $0.pulses.contains { $0[keyPath: path] != nil } }
        guard !telling.isEmpty else { return nil }
        let there = seen(sides.control)
        let new = seen(sides.patched).subtracting(there).sorted()
        let silent = telling.filter { $0.pulses.last?[keyPath: path] == nil }.map(\.member.rawValue)
        if new.isEmpty, !silent.isEmpty {
            return BakeJudge.row(
                subject, "-", "-", "not read at the end: \(silent.joined(separator: ", "))", .inconclusive)
        }
        return row(subject, new, control: there.sorted(), of: subject)
    }

    private func taint() -> JudgementRow? {
        func gained(_ series: MemberSeries) -> Int? {
            let known = series.pulses.compactMap(\.kernelTaint)
            guard let first = known.first, let last = known.last else { return nil }
            return last & ~first
        }
        let here = sides.patched.compactMap(gained)
        guard !here.isEmpty else { return nil }
        let there = sides.control.compactMap(gained).reduce(0, |)
        let new = here.reduce(0, |) & ~there
        return row(
            "kernel taint", new == 0 ? [] : ["flags \(new)"], control: there == 0 ? [] : ["flags \(there)"], of: "")
    }

    /// What is only counted: more on one patched member than on any control. In containers the machine's counter is everybody's.
    private func counted(_ subject: String, _ count: (MemberSeries) -> Int?) -> JudgementRow? {
        let here = sides.patched.compactMap { series in count(series).map { (series.member, $0) } }
        guard !here.isEmpty else { return nil }
        let most = sides.basis.isConcurrent ? sides.control.compactMap(count).max() ?? 0 : 0
        let worse = here.filter { $0.1 > most }.map { "\($0.1) on \($0.0)" }
        return row(subject, worse, control: most > 0 ? ["\(most)"] : [], of: subject)
    }

    private func kills(_ series: MemberSeries) -> Int? {
        let host = Self.gained(series.pulses.compactMap(\.outOfMemoryKills))
        var ofGroups: [String: [Int]] = [:]
        for service in series.pulses.compactMap(\.services).joined() {
            if let kills = service.outOfMemoryKills { ofGroups[service.unit, default: []].append(kills) }
        }
        let groups = ofGroups.values.compactMap(Self.gained).max()
        return [host, groups].compactMap { $0 }.max()
    }

    private static func gained(_ counts: [Int]) -> Int? {
        guard let first = counts.first, let last = counts.last else { return nil }
        return max(0, last - first)
    }

    /// A unit that systemd started anew by itself, more often than on any control; one that serves the group must not have been
    /// started anew by anybody, nor be gone.
    private func restarts() -> JudgementRow? {
        guard sides.patched.contains(where: { $0.pulses.contains { $0.services != nil } }) else {
            guard !required.isEmpty else { return nil }
            return BakeJudge.row("service restarts", "-", "-", "no unit could be read", .inconclusive)
        }
        var most: [String: Int] = [:]
        for series in sides.basis.isConcurrent ? sides.control : [] {
            most.merge(restarted(series), uniquingKeysWith: max)
        }
        func told(_ series: MemberSeries, beyond allowed: [String: Int]) -> [String] {
            restarted(series).sorted { $0.key < $1.key }.filter { $0.value > allowed[$0.key] ?? 0 }.map { unit, times in
                times == 1 ? "\(unit) on \(series.member)" : "\(unit) \(times) times on \(series.member)"
            }
        }
        let new = sides.patched.flatMap { told($0, beyond: most) }
        let there = sides.control.flatMap { told($0, beyond: [:]) }
        let lost = sides.patched.flatMap { series -> [String] in
            let first = series.pulses.first { $0.services != nil }?.services ?? []
            return required.subtracting(first.filter(\.isRunning).map(\.unit)).sorted().map {
                "\($0) on \(series.member)"
            }
        }
        if new.isEmpty, !lost.isEmpty {
            return BakeJudge.row(
                "service restarts", "-", "-", "not seen running: \(lost.joined(separator: ", "))", .inconclusive)
        }
        return row("service restarts", new, control: there, of: "restarts")
    }

    /// How often each unit was started anew since it was first seen, by its name; only those that were. One that comes and goes may not
    /// run at the first look; but without anybody who is compared with at the same time nobody knows whether it did so before, and only
    /// those that ran at the beginning count.
    private func restarted(_ series: MemberSeries) -> [String: Int] {
        let looks = series.pulses.compactMap(\.services)
        var counts: [String: Int] = [:]
        let seen = sides.basis.isConcurrent ? Array(looks.joined()) : looks.first?.filter(\.isRunning) ?? []
        for unit in Set(seen.map(\.unit)) {
            let seen = looks.map { look in look.first { $0.unit == unit } }
            let times = max(Self.byItself(seen), required.contains(unit) ? Self.byAnybody(seen) : 0)
            if times > 0 { counts[unit] = times }
        }
        return counts
    }

    /// By systemd, which counts it, and from zero again when a person starts the unit.
    private static func byItself(_ seen: [ServicePulse?]) -> Int {
        let counts = seen.compactMap { $0?.restarts }
        return zip(counts, counts.dropFirst()).reduce(0) { $0 + max(0, $1.1 - $1.0) }
    }

    /// Another start, or gone.
    private static func byAnybody(_ seen: [ServicePulse?]) -> Int {
        var times = 0
        for (before, after) in zip(seen, seen.dropFirst()) {
            // Gone is counted when it goes, so not when it comes back.
            guard let before, before.isRunning else { continue }
            if after?.activeSince != before.activeSince || after?.mainProcess != before.mainProcess { times += 1 }
        }
        return times
    }

    private func row(_ subject: String, _ here: [String], control: [String], of what: String) -> JudgementRow {
        func told(_ names: [String]) -> String {
            if names.isEmpty { return "none" }
            return names.prefix(3).joined(separator: ", ") + (names.count > 3 ? " and \(names.count - 3) more" : "")
        }
        return BakeJudge.row(subject, told(here), told(control), "zero tolerance", here.isEmpty ? .pass : .fail)
    }
}
