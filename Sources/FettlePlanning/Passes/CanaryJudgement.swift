import FettleModel

/// Whom a canary is compared with, and why.
extension StrategyPass {
    /// How many times the bake it may be extended to where nobody says otherwise: what three times as much time does not tell,
    /// a person tells sooner.
    static let defaultExtension = 3

    static func judge(_ work: inout GroupWork, thresholds: BakeThresholds) {
        guard case .canary(_, _, _, _, let declared) = work.strategy, let seconds = work.bakeSeconds,
            work.canaries > 0 || declared?.watchesRest == true
        else { return }
        let judging = declared ?? CanaryJudging()
        guard judging.method == .compared else {
            work.reason += "; judged by its probes alone, as declared"
            return
        }
        let (controls, reason) = work.canaries > 0 ? controls(judging, work) : (0, "")
        work.controls = controls
        if controls > 0, let isDeclared = judging.restartsControls {
            work.controlRestart = isDeclared ? .declared : .never
        } else {
            work.controlRestart = controls > 0 ? .byDefault : .never
        }
        work.reason += reason
        work.watchesRest = judging.watchesRest ?? false
        if work.watchesRest {
            work.reason += "; who is patched behind that is compared with what it was before, as declared"
        }
        let services = work.group.probes.compactMap { probe in
            if case .systemdUnit(let name) = probe.check { name } else { nil }
        }
        work.judgement = BakeJudgement(
            services: Set(services.map { $0.contains(".") ? $0 : $0 + ".service" }).sorted(),
            extendUntilSeconds: max(seconds, judging.extendUntilSeconds ?? seconds * defaultExtension),
            thresholds: thresholds)
    }

    private static func controls(_ judging: CanaryJudging, _ work: GroupWork) -> (count: Int, reason: String) {
        let later = work.targets.count - work.canaries
        let spared = work.group.members.count - work.unavailable.count - work.minimumAvailable - work.canaries
        if judging.controls == 0 { return (0, "; compared with what it was before, as declared") }
        if let wished = judging.controls {
            let count = min(wished, later)
            return (
                count,
                count < wished
                    ? "; only \(count) of \(wished) controls, because no more are patched later"
                    : "; compared with \(count) that \(count == 1 ? "is" : "are") patched later"
            )
        }
        guard spared > 0, later > 0 else {
            return (
                0,
                "; compared with what it was before, because \(work.group.members.count) members leave none to spare beside the minimum "
                    + "of \(work.minimumAvailable)"
            )
        }
        return (1, "; compared with 1 that is patched later")
    }
}
