import FettleModel

/// Pass 6: the layout written out as steps, forward and back.
struct StepExpansion {
    let steps: [Step]
    let rollback: [Step]

    init(
        _ layout: WaveLayout, extras: [ResourceID: ChainExtras], policy: Policy, priors: DurationPriors
    ) {
        let maker = ChainMaker(policy: policy, priors: priors, extras: extras)
        (steps, rollback) = both({ Self.forward(layout, maker) }, { Self.back(layout, maker) })
    }

    private static func forward(_ layout: WaveLayout, _ maker: ChainMaker) -> [Step] {
        var steps: [Step] = []
        steps.reserveCapacity(layout.hosts.count * 10 + layout.bakes.count)
        var ends = [StepID?](repeating: nil, count: layout.hosts.count)
        var bakesBehind: [Int: [Int]] = [:]
        for (place, bake) in layout.bakes.enumerated() {
            if let last = bake.canaries.last { bakesBehind[last, default: []].append(place) }
        }
        for place in layout.hosts.indices {
            var chain = maker.forward(layout.hosts[place], wave: layout.waves[place])
            // What is prepared disturbs nobody and so waits for nobody: only the outage has to.
            if !chain.outage.isEmpty {
                chain.outage[0].after += layout.awaited[place].map { name(of: layout.bakes[$0]) }
                chain.outage[0].after.sort()
            }
            ends[place] = chain.end
            steps += chain.preparation
            steps += chain.outage
            for bake in bakesBehind[place] ?? [] {
                steps.append(step(for: layout.bakes[bake], layout, ends, priors: maker.priors))
            }
        }
        return steps
    }

    /// Backwards, as it is taken; but Fettle's own host last, because the others' return hangs on it (I12).
    private static func back(_ layout: WaveLayout, _ maker: ChainMaker) -> [Step] {
        var rollback: [Step] = []
        rollback.reserveCapacity(layout.hosts.count * 8)
        let others = layout.hosts.indices.reversed().filter { !layout.hosts[$0].isOwn }
        for place in others + layout.hosts.indices.filter({ layout.hosts[$0].isOwn }) {
            rollback += maker.rollback(layout.hosts[place], wave: layout.wavesBack[place]).outage
        }
        return rollback
    }

    private static func name(of bake: WaveLayout.Bake) -> StepID {
        StepID(bake.number == 0 ? "\(bake.group.group.id)/bake" : "\(bake.group.group.id)/bake-\(bake.number + 1)")
    }

    private static func step(
        for bake: WaveLayout.Bake, _ layout: WaveLayout, _ ends: [StepID?], priors: DurationPriors
    ) -> Step {
        let group = bake.group.group
        let estimate = priors.bake(seconds: bake.seconds, probes: group.probes)
        let resources = bake.canaries.map { layout.hosts[$0].id }
        return Step(
            id: name(of: bake), resource: resources[0], group: group.id,
            wave: bake.canaries.map { layout.waves[$0] }.max() ?? 0,
            action: .bake(seconds: bake.seconds, resources: resources.sorted(), probes: group.probes),
            after: bake.canaries.compactMap { ends[$0] }.sorted(), availability: .none,
            rollbackClass: .nothingToUndo, estimate: estimate, timeoutSeconds: priors.timeout(estimate))
    }
}
