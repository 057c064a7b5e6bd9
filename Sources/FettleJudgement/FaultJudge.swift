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

    /// What has a name: new is what no control shows.
    private func signatures(_ subject: String, _ path: KeyPath<Pulse, [String: Int]?>) -> JudgementRow? {
        func seen(_ series: [MemberSeries]) -> [String: Int]? {
            let all = series.compactMap { $0.pulses.last(where: { $0[keyPath: path] != nil })?[keyPath: path] }
            return all.isEmpty ? nil : all.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
        }
        guard let here = seen(sides.patched) else { return nil }
        let there = seen(sides.control) ?? [:]
        let new = here.filter { $0.value > 0 && there[$0.key] == nil }.keys.sorted()
        return row(subject, new, control: there.keys.sorted(), of: subject)
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

    /// A unit that systemd started anew by itself; one that serves the group must not have been started anew by anybody, nor be
    /// gone.
    private func restarts() -> JudgementRow? {
        guard sides.patched.contains(where: { $0.pulses.contains { $0.services != nil } }) else {
            guard !required.isEmpty else { return nil }
            return BakeJudge.row("service restarts", "-", "-", "no unit could be read", .inconclusive)
        }
        var worse: [String] = []
        for series in sides.patched { worse += restarted(series) }
        let there = sides.control.flatMap(restarted)
        let allowed = Set(sides.basis.isConcurrent ? there.map(\.unitOnly) : [])
        let lost = sides.patched.flatMap { series -> [String] in
            guard let first = series.pulses.first(where: { $0.services != nil })?.services else { return [] }
            return required.subtracting(first.map(\.unit)).sorted().map { "\($0) on \(series.member)" }
        }
        let new = worse.filter { !allowed.contains($0.unitOnly) }
        if new.isEmpty, !lost.isEmpty {
            return BakeJudge.row(
                "service restarts", "-", "-", "not seen running: \(lost.joined(separator: ", "))", .inconclusive)
        }
        return row("service restarts", new, control: there, of: "restarts")
    }

    private func restarted(_ series: MemberSeries) -> [String] {
        let looks = series.pulses.compactMap(\.services)
        guard let first = looks.first else { return [] }
        return first.compactMap { before in
            let later = looks.dropFirst().map { look in look.first { $0.unit == before.unit } }
            let isStartedAnew = later.contains { after in
                guard let after else { return required.contains(before.unit) }
                if after.restarts > before.restarts { return true }
                return required.contains(before.unit)
                    && (after.activeSince != before.activeSince || after.mainProcess != before.mainProcess)
            }
            return isStartedAnew ? "\(before.unit) on \(series.member)" : nil
        }
    }

    private func row(_ subject: String, _ here: [String], control: [String], of what: String) -> JudgementRow {
        func told(_ names: [String]) -> String {
            if names.isEmpty { return "none" }
            return names.prefix(3).joined(separator: ", ") + (names.count > 3 ? " and \(names.count - 3) more" : "")
        }
        return BakeJudge.row(subject, told(here), told(control), "zero tolerance", here.isEmpty ? .pass : .fail)
    }
}

extension String {
    /// `UNIT on MEMBER` without the member.
    fileprivate var unitOnly: String { split(separator: " ").first.map(String.init) ?? self }
}
