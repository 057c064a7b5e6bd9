import FettleModel
import FettleStatistics

/// Whether something grows on patched members and not on the others, and would be exhausted before the next maintenance.
///
/// The slope is Theil's and Sen's. At the same time as controls: of what both sides have gained since the watch began, patched less
/// control, so that what one moment does to both cancels out. Against history: the patched slope's lower bound must lie above the
/// earlier slope's upper one. A service that has just been started grows for a while; so the later half of the watch, looked
/// at alone, must show it too.
struct LeakComparison: Comparison {
    let subject: String
    let unit: Figures.Unit
    /// Seconds and growth since the first pulse: of the patched members, and of the others.
    let patched: [(x: Double, y: Double)]
    let control: [(x: Double, y: Double)]
    let isConcurrent: Bool
    /// Each patched member by itself.
    let members: [Level]
    let horizonSeconds: Int

    /// One member: what it has at the end, what it may have, and its own growth.
    struct Level {
        var now: Double
        var limit: Double?
        var growth: [(x: Double, y: Double)]
    }

    /// What is watched of each service.
    static let kinds = ["memory", "open files", "threads"]

    static func of(_ sides: Sides, _ services: Set<String>, _ thresholds: BakeThresholds) -> [any Comparison] {
        var result: [any Comparison] = []
        let kinds: [(String, Figures.Unit, (ServicePulse) -> Double?, (ServicePulse, Pulse) -> Double?)] = [
            (
                "memory", .bytes, { $0.memoryBytes.map(Double.init) },
                { ($0.memoryLimit ?? $1.memoryBytes).map(Double.init) }
            ),
            ("open files", .count, { $0.descriptors.map(Double.init) }, { s, _ in s.descriptorLimit.map(Double.init) }),
            ("threads", .count, { $0.threads.map(Double.init) }, { s, _ in s.threadLimit.map(Double.init) }),
        ]
        for service in services.sorted() {
            for (name, unit, value, limit) in kinds {
                let found = { (pulse: Pulse) in pulse.services?.first { $0.unit == service } }
                result += make(
                    "\(service): \(name)", unit, sides, thresholds, { found($0).flatMap(value) },
                    { pulse in found(pulse).flatMap { limit($0, pulse) } })
            }
        }
        let mounts = Set(sides.patched.flatMap { $0.pulses.last?.disks?.map(\.mountPoint) ?? [] })
        for mount in mounts.sorted() {
            let found = { (pulse: Pulse) in pulse.disks?.first { $0.mountPoint == mount } }
            result += make(
                "\(mount): disk", .bytes, sides, thresholds, { found($0).map { Double($0.usedBytes) } },
                { found($0).map { Double($0.sizeBytes) } })
        }
        return result
    }

    /// One, or none if either side does not know it.
    private static func make(
        _ subject: String, _ unit: Figures.Unit, _ sides: Sides, _ thresholds: BakeThresholds,
        _ value: (Pulse) -> Double?, _ limit: (Pulse) -> Double?
    ) -> [LeakComparison] {
        let (here, there) = (growth(sides.patched, value), growth(sides.control, value))
        guard !here.isEmpty, !there.isEmpty else { return [] }
        let members = sides.patched.compactMap { series -> Level? in
            guard let last = series.pulses.last(where: { value($0) != nil }), let now = value(last) else { return nil }
            return Level(now: now, limit: limit(last), growth: growth([series], value))
        }
        return [
            LeakComparison(
                subject: subject, unit: unit, patched: here, control: there, isConcurrent: sides.basis.isConcurrent,
                members: members, horizonSeconds: thresholds.nextMaintenanceSeconds)
        ]
    }

    /// The mean of what the members have gained, at each moment.
    private static func growth(_ series: [MemberSeries], _ value: (Pulse) -> Double?) -> [(x: Double, y: Double)] {
        var sums: [Double: (sum: Double, count: Int)] = [:]
        for one in series {
            guard let first = one.pulses.lazy.compactMap(value).first else { continue }
            for pulse in one.pulses {
                guard let now = value(pulse) else { continue }
                let before = sums[pulse.at] ?? (0, 0)
                sums[pulse.at] = (before.sum + now - first, before.count + 1)
            }
        }
        return thinned(sums.sorted { $0.key < $1.key }.map { ($0.key, $0.value.sum / Double($0.value.count)) })
    }

    /// As many as are looked at, evenly taken.
    private static func thinned(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
        let most = 600
        guard points.count > most else { return points }
        return (0..<most).map { points[$0 * points.count / most] }
    }

    func judge(_ chance: Chance) -> JudgementRow {
        let confidence = 1 - min(chance.ofAlarm, 0.49)
        let points = isConcurrent ? difference(patched) : patched
        let later = Array(points[(points.count / 2)...])
        let here = TheilSenSlope(of: patched)
        let there = TheilSenSlope(of: control)
        let rates = (unit.rate(here?.slope), unit.rate(there?.slope))
        func row(_ figure: String, _ verdict: GateVerdict) -> JudgementRow {
            BakeJudge.row(subject, rates.0, rates.1, figure, verdict)
        }
        guard Self.canTell(points.count, confidence), Self.canTell(later.count, 0.95),
            let whole = TheilSenSlope(of: points, confidence: confidence),
            let end = TheilSenSlope(of: later, confidence: 0.95)
        else { return row("too few pulses", .inconclusive) }
        var least = whole.lower
        if !isConcurrent {
            guard Self.canTell(control.count, confidence),
                let before = TheilSenSlope(of: control, confidence: confidence)
            else { return row("too few pulses before the patch", .inconclusive) }
            least = whole.lower - max(0, before.upper)
        }
        guard least > 0 else { return row("lower bound \(unit.rate(least))", .pass) }
        guard end.lower > 0 else { return row("grew at first, and no more in the later half", .pass) }
        return exhaustion(meanSlope: min(whole.slope, end.slope), row)
    }

    /// Of the member that comes to its limit first: the mean of all would hide one that leaks beside others that do not.
    private func exhaustion(meanSlope: Double, _ row: (String, GateVerdict) -> JudgementRow) -> JudgementRow {
        var growing = members.compactMap { member in slope(of: member).map { (member, $0) } }.filter { $0.1 > 0 }
        // None grows for sure by itself, but all together do.
        if growing.isEmpty { growing = members.map { ($0, meanSlope) } }
        let times = growing.map { member, slope in member.limit.map { max(0, $0 - member.now) / slope } }
        let words = "lower bound above 0"
        let soonest = times.compactMap { $0 }.min()
        if let soonest, soonest <= Double(horizonSeconds) {
            return row("\(words), exhausted in \(Figures.duration(soonest))", .fail)
        }
        guard let soonest, !times.contains(where: { $0 == nil }) else {
            return row("\(words), its limit is not known", .inconclusive)
        }
        return row("\(words), but exhausted only in \(Figures.duration(soonest))", .pass)
    }

    /// Of all that was seen or of the later half, whichever is less; less the controls' where they were looked at together.
    private func slope(of member: Level) -> Double? {
        let points = isConcurrent ? difference(member.growth) : member.growth
        guard let whole = TheilSenSlope(of: points),
            let end = TheilSenSlope(of: Array(points[(points.count / 2)...]))
        else { return nil }
        return min(whole.slope, end.slope)
    }

    /// What is gained beyond the controls, at each moment that both sides know.
    private func difference(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
        let there = Dictionary(control.map { ($0.x, $0.y) }, uniquingKeysWith: { first, _ in first })
        return points.compactMap { point in there[point.x].map { (point.x, point.y - $0) } }
    }

    /// Whether so many points can show a slope at all, if each lies above the one before.
    static func canTell(_ count: Int, _ confidence: Double) -> Bool {
        guard count >= 5 else { return false }
        let line = (0..<count).map { (x: Double($0), y: Double($0 * $0)) }
        // The slopes of a parabola all differ and lie above 0, so that only the count decides.
        guard let slope = TheilSenSlope(of: line, confidence: confidence) else { return false }
        let n = Double(count)
        let reach = Normal.quantile(confidence) * (n * (n - 1) * (2 * n + 5) / 18).squareRoot()
        return slope.lower > 0 && reach <= n * (n - 1) / 2 - 2
    }
}
