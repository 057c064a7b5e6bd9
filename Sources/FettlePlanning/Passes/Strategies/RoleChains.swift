import FettleModel

/// The steps of hosts that are not patched where they are.
extension ChainMaker {
    /// What a host is changed by while it is out, on the way forward.
    func change(_ maker: inout StepMaker, _ host: HostWork) {
        switch host.role {
        case .patched, .snapshotted, .controller(_, _, isPatched: true): changeInPlace(&maker, host)
        case .replaced(let replacement) where !host.changes.isEmpty:
            maker.add(
                "replace", .replaceImage(replacement: replacement), .requiresOut,
                replacement.machine == nil ? priors.replaceImage : priors.remakeMachine,
                rollback: .imageSwap)
        case .replaced, .controller, .passenger, .retired: break
        }
    }

    /// The same taken back.
    func changeBack(_ maker: inout StepMaker, _ host: HostWork) {
        switch host.role {
        case .patched, .snapshotted, .controller(_, _, isPatched: true): changeBackInPlace(&maker, host)
        case .replaced(let replacement):
            maker.add(
                "replace", .replaceImage(replacement: replacement.reversed), .requiresOut, priors.replaceImage,
                compensates: StepID("\(host.id)/replace"))
        case .controller, .passenger, .retired: break
        }
    }

    /// preflight | gate, verify: what happens between is the controller's. Nothing here is an outage of the plan's.
    func passenger(_ host: HostWork, _ maker: inout StepMaker) -> HostChain {
        preflight(&maker, host)
        let preparation = maker.takeSteps()
        prove(&maker, host, .to, .none)
        return HostChain(preparation: preparation, outage: awaiting(extras[host.id]?.forward, &maker))
    }

    func passengerBack(_ host: HostWork, _ maker: inout StepMaker) -> HostChain {
        guard let extra = extras[host.id]?.back, !extra.awaited.isEmpty else { return HostChain() }
        prove(&maker, host, .from, .none)
        return HostChain(outage: awaiting(extra, &maker))
    }

    private func awaiting(_ extra: ChainExtras.Way?, _ maker: inout StepMaker) -> Range<Int> {
        let steps = maker.takeSteps()
        if let first = steps.first { maker.addAwaited(extra?.awaited ?? [], at: first) }
        return steps
    }

    /// It serves nobody any more when its turn comes, and nothing brings it back.
    func retirement(_ maker: inout StepMaker) -> HostChain {
        maker.add("retire", .retire, .none, priors.retire, rollback: .irreversible)
        return HostChain(outage: maker.takeSteps())
    }
}
