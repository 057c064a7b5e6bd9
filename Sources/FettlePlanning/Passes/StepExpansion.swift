import FettleModel

/// Pass 7: the layout written out as steps, forward and back.
struct StepExpansion {
    let steps: [Step]
    let rollback: [Step]

    init(
        _ layout: WaveLayout, _ groupSteps: GroupSteps, extras: [ResourceID: ChainExtras],
        splits: [ResourceID: [HostPart]], controls: ControlRestarts, policy: Policy, priors: DurationPriors
    ) {
        var maker = ChainMaker(policy: policy, priors: priors, extras: extras, splits: splits)
        maker.restarts = controls.units
        for step in groupSteps.forward {
            guard case .bake(let seconds, let watched, _, let judgement?) = step.action, judgement.controls.isEmpty
            else {
                continue
            }
            for host in watched { maker.looks[host] = BakeJudgement.secondsBefore(bake: seconds) }
        }
        (steps, rollback) = both(
            of: layout.hosts.count,
            { [maker] in Self.forward(layout, groupSteps, maker) },
            { [maker] in Self.back(layout, groupSteps, maker) })
    }

    private static func forward(_ layout: WaveLayout, _ groupSteps: GroupSteps, _ chains: ChainMaker) -> [Step] {
        guard let first = layout.hosts.first else { return [] }
        var writer = GroupStepWriter(groupSteps.forward, groupSteps.awaited, layout, layout.waves, chains.priors)
        var maker = StepMaker(
            first, priors: chains.priors, roughly: layout.hosts.count * 10 + groupSteps.forward.count)
        writer.begin(&maker)
        for place in layout.hosts.indices {
            let chain = chains.forward(layout.hosts[place], wave: layout.waves[place], &maker)
            writer.write(around: chain, of: place, &maker)
        }
        return sorted(maker.steps, layout, hasControls: !chains.restarts.isEmpty)
    }

    /// Backwards, as it is taken; but Fettle's own host last, because the others' return hangs on it (I12).
    private static func back(_ layout: WaveLayout, _ groupSteps: GroupSteps, _ chains: ChainMaker) -> [Step] {
        guard let first = layout.hosts.first else { return [] }
        var writer = GroupStepWriter(groupSteps.back, groupSteps.awaitedBack, layout, layout.wavesBack, chains.priors)
        var maker = StepMaker(first, priors: chains.priors, roughly: layout.hosts.count * 8 + groupSteps.back.count)
        writer.begin(&maker)
        let others = layout.hosts.indices.reversed().filter { !layout.hosts[$0].isOwn }
        for place in others + layout.hosts.indices.filter({ layout.hosts[$0].isOwn }) {
            let chain = chains.rollback(layout.hosts[place], wave: layout.wavesBack[place], &maker)
            writer.write(around: chain, of: place, &maker)
        }
        return sorted(maker.steps, layout, hasControls: false)
    }

    /// Steps of hosts that are moved by others wait for steps that can stand behind them; and a bake stands between the restart of a
    /// host and its change.
    private static func sorted(_ steps: [Step], _ layout: WaveLayout, hasControls: Bool) -> [Step] {
        hasControls || layout.hosts.contains { !$0.isTakenOut } ? steps.behindWhatTheyWaitFor() : steps
    }
}

/// Writes the steps of groups between those of the hosts, on one way.
private struct GroupStepWriter {
    private let groupSteps: [GroupStep]
    private let names: [StepID]
    private let awaited: [[Int]]
    private let layout: WaveLayout
    private let waves: [Int]
    private let priors: DurationPriors
    private var ends: [StepID?]
    private var controlEnds: [Int: StepID] = [:]
    /// How many hosts are still to be written before each group step can be.
    private var open: [Int]
    private var opens: [Int: [Int]] = [:]
    private var returns: [Int: [Int]] = [:]

    init(
        _ groupSteps: [GroupStep], _ awaited: [[Int]], _ layout: WaveLayout, _ waves: [Int], _ priors: DurationPriors
    ) {
        self.groupSteps = groupSteps
        names = groupSteps.map(\.id)
        self.awaited = awaited
        self.layout = layout
        self.waves = waves
        self.priors = priors
        ends = Array(repeating: nil, count: layout.hosts.count)
        open = groupSteps.map { $0.behind.count + $0.restarted.count }
        for (number, step) in groupSteps.enumerated() {
            for place in step.behind + step.restarted { opens[place, default: []].append(number) }
            if let place = step.holdsReturn { returns[place, default: []].append(number) }
        }
    }

    /// The steps of groups that wait for no host.
    func begin(_ maker: inout StepMaker) {
        for number in groupSteps.indices where open[number] == 0 { maker.add(step(number)) }
    }

    /// Lets a host's steps wait for those of groups, and writes behind them those of groups for which it was the last.
    mutating func write(around chain: HostChain, of place: Int, _ maker: inout StepMaker) {
        ends[place] = chain.outage.last.map { maker.steps[$0].id }
        if let last = chain.control.last { controlEnds[place] = maker.steps[last].id }
        // What is prepared disturbs nobody and so waits for nobody: only the outage has to.
        if let first = chain.outage.first { maker.addAwaited(awaited[place].map { names[$0] }, at: first) }
        if let held = returns[place],
            let back = chain.outage.first(where: { maker.steps[$0].availability == .bringsBack })
        {
            maker.addAwaited(held.map { names[$0] }, at: back)
        }
        for number in opens[place] ?? [] {
            open[number] -= 1
            if open[number] == 0 { maker.add(step(number)) }
        }
    }

    private func step(_ number: Int) -> Step {
        let step = groupSteps[number]
        let follows = step.follows.map { names[$0] }
        return Step(
            id: names[number], resource: layout.hosts[step.host].id, group: step.group,
            wave: step.behind.map { waves[$0] }.max() ?? 0, action: step.action,
            after: (step.behind.compactMap { ends[$0] } + step.restarted.compactMap { controlEnds[$0] } + follows)
                .sorted(),
            availability: .none,
            rollbackClass: step.rollbackClass, compensates: step.compensates, estimate: step.estimate,
            timeoutSeconds: priors.timeout(step.estimate))
    }
}

extension [Step] {
    /// The same steps, each behind all that it waits for, and otherwise in the order in which they are.
    func behindWhatTheyWaitFor() -> [Step] {
        let places = Dictionary(enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { a, _ in a })
        var followers = [[Int]](repeating: [], count: count)
        var waits = [Int](repeating: 0, count: count)
        for (place, step) in enumerated() {
            for earlier in step.awaited.compactMap({ places[$0] }) {
                followers[earlier].append(place)
                waits[place] += 1
            }
        }
        var ready = BinaryHeap<Int>()
        for place in indices where waits[place] == 0 { ready.insert(place) }
        var result: [Step] = []
        result.reserveCapacity(count)
        while let place = ready.removeFirst() {
            result.append(self[place])
            for next in followers[place] {
                waits[next] -= 1
                if waits[next] == 0 { ready.insert(next) }
            }
        }
        // In a circle nobody is first: the plan is then refused by whoever reads it, not quietly shortened here.
        return result.count == count ? result : self
    }
}
