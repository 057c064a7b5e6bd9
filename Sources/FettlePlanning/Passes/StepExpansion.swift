import FettleModel

/// Pass 6: the layout written out as steps, forward and back.
struct StepExpansion {
    private(set) var steps: [Step] = []
    private(set) var rollback: [Step] = []

    init(
        _ layout: WaveLayout, extras: [ResourceID: ChainExtras], policy: Policy, priors: DurationPriors
    ) {
        let maker = ChainMaker(policy: policy, priors: priors, extras: extras)
        steps.reserveCapacity(layout.hosts.count * 10 + layout.bakes.count)
        rollback.reserveCapacity(layout.hosts.count * 8)
        var ends = [StepID?](repeating: nil, count: layout.hosts.count)
        var bakesBehind: [Int: [Int]] = [:]
        for (place, bake) in layout.bakes.enumerated() {
            if let last = bake.canaries.last { bakesBehind[last, default: []].append(place) }
        }
        for place in layout.hosts.indices {
            var chain = maker.forward(layout.hosts[place], wave: layout.waves[place])
            // What is prepared disturbs nobody and so waits for nobody: only the outage has to.
            if !chain.outage.isEmpty {
                chain.outage[0].after += layout.awaited[place].map { Self.name(of: layout.bakes[$0]) }
                chain.outage[0].after.sort()
            }
            ends[place] = chain.end
            steps += chain.preparation
            steps += chain.outage
            for bake in bakesBehind[place] ?? [] {
                steps.append(Self.step(for: layout.bakes[bake], layout, ends, priors: priors))
            }
        }
        // Backwards, as it is taken; but Fettle's own host last, because the others' return hangs on it (I12).
        let back = layout.hosts.indices.reversed()
        let own = layout.hosts.indices.filter { layout.hosts[$0].isOwn }
        for place in back.filter({ !layout.hosts[$0].isOwn }) + own {
            rollback += maker.rollback(layout.hosts[place], wave: layout.wavesBack[place]).outage
        }
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
