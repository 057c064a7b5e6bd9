import FettleModel

/// Pass 5: the layout written out as steps, forward and back.
struct StepExpansion {
    private(set) var steps: [Step] = []
    private(set) var rollback: [Step] = []

    init(_ layout: WaveLayout, policy: Policy, priors: DurationPriors) {
        let maker = ChainMaker(policy: policy, priors: priors)
        let forward = layout.hosts.indices.map { maker.forward(layout.hosts[$0], wave: layout.waves[$0]) }
        for place in layout.hosts.indices {
            let others = layout.earlier[place].compactMap { forward[$0].end }
            append(forward[place], waitingFor: others + bakes(layout, place))
            for bake in layout.bakes where bake.canaries.last == place {
                steps.append(step(for: bake, layout, forward, priors: priors))
            }
        }
        appendRollback(layout, maker)
    }

    private mutating func append(_ chain: HostChain, waitingFor others: [StepID]) {
        steps += chain.preparation
        steps += Self.outage(of: chain, waitingFor: others)
    }

    /// What is prepared disturbs nobody and so waits for nobody: only the outage has to.
    private static func outage(of chain: HostChain, waitingFor others: [StepID]) -> [Step] {
        var outage = chain.outage
        if let first = outage.indices.first { outage[first].after = Set(outage[first].after + others).sorted() }
        return outage
    }

    private func bakes(_ layout: WaveLayout, _ place: Int) -> [StepID] {
        layout.bakes.filter { $0.waiting.contains(place) }.map { Self.name(of: $0) }
    }

    private static func name(of bake: WaveLayout.Bake) -> StepID { StepID("\(bake.group.group.id)/bake") }

    private func step(
        for bake: WaveLayout.Bake, _ layout: WaveLayout, _ forward: [HostChain], priors: DurationPriors
    ) -> Step {
        let group = bake.group.group
        let estimate = priors.bake(seconds: bake.seconds, probes: group.probes)
        let resources = bake.canaries.map { layout.hosts[$0].id }
        return Step(
            id: Self.name(of: bake), resource: resources[0], group: group.id,
            wave: bake.canaries.map { layout.waves[$0] }.max() ?? 0,
            action: .bake(seconds: bake.seconds, resources: resources.sorted(), probes: group.probes),
            after: bake.canaries.compactMap { forward[$0].end }.sorted(), availability: .none,
            rollbackClass: .nothingToUndo, estimate: estimate, timeoutSeconds: priors.timeout(estimate))
    }

    /// The same layout backwards: who came later goes back first, in the same lanes. As the layout is closed over chains, so is
    /// this: each host names every host that must be back before it, and whichever hosts were never begun drop out without
    /// letting two others meet.
    ///
    /// But for Fettle's own host: it goes last on this way too, because the others' return hangs on it (I12). Had it to be out
    /// first, it is out already, and the others wait for it as for anybody they are ordered against.
    private mutating func appendRollback(_ layout: WaveLayout, _ maker: ChainMaker) {
        var waves = [Int](repeating: 0, count: layout.hosts.count)
        var ends: [Int: StepID] = [:]
        let places = layout.hosts.indices.reversed()
        let own = places.filter { layout.hosts[$0].isOwn }
        let others = places.filter { !layout.hosts[$0].isOwn }
        for place in others + own {
            var before = layout.later[place].filter { ends[$0] != nil }
            if layout.hosts[place].isOwn { before += others }
            waves[place] = before.map { waves[$0] + 1 }.max() ?? 0
            let chain = maker.rollback(layout.hosts[place], wave: waves[place])
            ends[place] = chain.end
            rollback += Self.outage(of: chain, waitingFor: before.compactMap { ends[$0] })
        }
    }
}
