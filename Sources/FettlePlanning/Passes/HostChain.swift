import FettleModel

/// The steps of one host, in their order, without what they wait for on other hosts.
struct HostChain {
    var preparation: [Step] = []
    /// From the first step that takes the host out to the last that brings it back.
    var outage: [Step] = []

    var steps: [Step] { preparation + outage }
    /// The step that others wait for; nil if the host is never taken out.
    var end: StepID? { outage.last?.id }
}

/// Makes the chains: what is done on a host to patch it, and what is done to take that back (I8).
struct ChainMaker: Sendable {
    let policy: Policy
    let priors: DurationPriors
    let extras: [ResourceID: ChainExtras]

    /// preflight, stage | out, patch, restart, reboot, gate, verify, back. The verification stands before the host comes back:
    /// traffic returns to code that is proven to run, not to a hope.
    func forward(_ host: HostWork, wave: Int) -> HostChain {
        var maker = StepMaker(host: host, wave: wave, prefix: "\(host.id)/", priors: priors)
        let preflight = priors.preflight.adding(host.probes.isEmpty ? nil : priors.gate(host.probes))
        maker.add(
            "preflight", .preflight(expectation: host.expectation(\.from), probes: host.probes), .none, preflight,
            timeout: policy.lockWaitSeconds.map { $0 + preflight.p95Seconds })
        let transaction = transaction(host, .patch)
        if !host.changes.isEmpty {
            maker.add("stage", .stage(transaction: transaction), .none, priors.stage(transaction))
        }
        let preparation = maker.takeSteps()

        let extra = extras[host.id]?.forward
        maker.takeOut(extra)
        if !host.changes.isEmpty {
            maker.add(
                "patch", .changePackages(transaction: transaction), .requiresOut, priors.change(transaction),
                rollback: host.isReversible ? .exactVersions : .irreversible)
        }
        if policy.reboot != .always { restart(&maker) }
        if let condition = policy.rebootCondition {
            let isExpected = condition == .always || !host.rebootReasons.isEmpty
            maker.add(
                "reboot", .reboot(condition: condition), .requiresOut, rebootEstimate(isExpected: isExpected),
                timeout: policy.rebootDeadlineSeconds)
        }
        prove(&maker, host, \.to)
        maker.bringBack(extra)
        return HostChain(preparation: preparation, outage: maker.takeSteps())
    }

    /// Out, return, restart, reboot, gate, verify, back.
    ///
    /// Where the earlier versions are lost, or no package is changed, the chain is the same without the return: the only way left
    /// is forward, so the host comes back with what is there if that is proven to run and well, and stays out otherwise (I7).
    /// Every host has a chain, because others wait for it: without one it could still be out while they go out in its lane.
    func rollback(_ host: HostWork, wave: Int) -> HostChain {
        var maker = StepMaker(host: host, wave: wave, prefix: "\(host.id)/rollback/", priors: priors)
        let extra = extras[host.id]?.back
        maker.takeOut(extra)
        if host.isReversible, !host.changes.isEmpty {
            var reverse = transaction(host, .rollback)
            reverse.changes = reverse.changes.map(\.reversed)
            reverse.downloadBytes = 0
            reverse.rehearsedOn = nil
            maker.add(
                "return", .changePackages(transaction: reverse), .requiresOut, priors.change(reverse),
                compensates: StepID("\(host.id)/patch"))
        }
        restart(&maker)
        if policy.rebootCondition != nil {
            maker.add(
                "reboot", .reboot(condition: .ifRequired), .requiresOut,
                rebootEstimate(isExpected: !host.rebootReasons.isEmpty), timeout: policy.rebootDeadlineSeconds)
        }
        prove(&maker, host, host.isReversible ? \.from : \.to)
        maker.bringBack(extra)
        return HostChain(outage: maker.takeSteps())
    }

    /// A host that has not come back by the policy's deadline has failed: nothing takes longer than that.
    private func rebootEstimate(isExpected: Bool) -> DurationEstimate {
        let estimate = priors.reboot(isExpected: isExpected)
        guard let deadline = policy.rebootDeadlineSeconds else { return estimate }
        return DurationEstimate(
            medianSeconds: min(estimate.medianSeconds, deadline), p95Seconds: min(estimate.p95Seconds, deadline))
    }

    private func restart(_ maker: inout StepMaker) {
        maker.add(
            "restart", .restartServices(except: policy.neverRestart), .requiresOut, priors.restartServices)
    }

    /// Both steps need the host to be out, so that nobody can go on without them: nothing comes back on a person's word (I6).
    private func prove(_ maker: inout StepMaker, _ host: HostWork, _ side: KeyPath<PackageChange, String?>) {
        if !host.probes.isEmpty {
            maker.add("gate", .gate(probes: host.probes), .requiresOut, priors.gate(host.probes))
        }
        let expectation = host.expectation(
            side, noStaleServicesExcept: policy.neverRestart, noRebootPending: policy.rebootCondition != nil)
        maker.add("verify", .verify(expectation: expectation), .requiresOut, priors.verify)
    }

    private func transaction(_ host: HostWork, _ purpose: PackageTransaction.Purpose) -> PackageTransaction {
        PackageTransaction(
            manager: host.resolution.manager, purpose: purpose, changes: host.changes, conffiles: policy.conffiles,
            downloadBytes: host.resolution.downloadBytes, rehearsedOn: host.resolution.rehearsedOn)
    }
}

extension Policy {
    /// nil: no reboot is planned.
    var rebootCondition: RebootCondition? {
        switch reboot {
        case .never: nil
        case .ifRequired: .ifRequired
        case .always: .always
        }
    }
}

extension DurationEstimate {
    func adding(_ other: DurationEstimate?) -> DurationEstimate {
        guard let other else { return self }
        return DurationEstimate(
            medianSeconds: medianSeconds + other.medianSeconds, p95Seconds: p95Seconds + other.p95Seconds)
    }
}
