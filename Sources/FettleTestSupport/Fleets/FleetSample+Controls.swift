package import FettleModel

extension FleetSample {
    /// Every canary is compared with one to three members, which are restarted as they are before that, as far as the planner can.
    package mutating func restartControls(using random: inout SplitMix) {
        judgeCanaries { group, judging in
            judging = CanaryJudging(controls: Int.random(in: 1...3, using: &random), restartsControls: true)
            group.probes.append(Probe(name: "unit", check: .systemdUnit(name: "web")))
        }
    }

    /// Who comes behind a canary is watched too.
    package mutating func watchRest() { judgeCanaries { _, judging in judging.watchesRest = true } }

    private mutating func judgeCanaries(_ change: (inout ResourceGroup, inout CanaryJudging) -> Void) {
        for place in fleet.groups.indices {
            guard
                case .canary(let first, let bake, let maxUnavailable, let growth, let declared)? = fleet.groups[place]
                    .strategy
            else { continue }
            var judging = declared ?? CanaryJudging()
            change(&fleet.groups[place], &judging)
            fleet.groups[place].strategy = .canary(
                first: first, bakeSeconds: bake, maxUnavailable: maxUnavailable, growth: growth, judging: judging)
        }
    }
}
