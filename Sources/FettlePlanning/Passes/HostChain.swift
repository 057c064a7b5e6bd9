import FettleModel
import FettleVersions

/// The steps of one host by their places among all that are made, in their order, without what they wait for on other hosts.
struct HostChain {
    var preparation = 0..<0
    /// From the step that takes the host out to be restarted as it is, for a comparison, to the one that brings it back.
    var control = 0..<0
    /// From the first step that takes the host out to the last that brings it back.
    var outage = 0..<0
}

/// Makes the chains: what is done on a host to patch it, and what is done to take that back (I8).
struct ChainMaker: Sendable {
    let policy: Policy
    let priors: DurationPriors
    let extras: [ResourceID: ChainExtras]
    /// Hosts whose changes are made in parts, with reboots in between.
    let splits: [ResourceID: [HostPart]]
    /// How long hosts are looked at before they are patched, for want of others to compare them with.
    var looks: [ResourceID: Int] = [:]
    /// What is restarted on hosts with which others are compared, before they are patched themselves.
    var restarts: [ResourceID: [String]] = [:]

    /// preflight, stage | out, patch, restart, reboot, gate, verify, back. The verification stands before the host
    /// comes back: traffic returns to code that is proven to run, not to a hope.
    func forward(_ host: HostWork, wave: Int, _ maker: inout StepMaker) -> HostChain {
        maker.begin(host, wave: wave, prefix: "\(host.id)/")
        switch host.role {
        case .passenger: return passenger(host, &maker)
        case .retired: return retirement(&maker)
        case .patched, .replaced, .snapshotted, .controller: break
        }
        let extra = extras[host.id]?.forward
        preflight(&maker, host)
        for part in host.isPatchedInPlace ? parts(of: host) : [] {
            maker.add(
                "stage\(part.suffix)", .stage(transaction: part.transaction), .none, priors.stage(part.transaction))
        }
        maker.add(extra?.preparation ?? [])
        let preparation = maker.takeSteps()
        if let units = restarts[host.id] { restartAsControl(&maker, host, units) }
        let control = maker.takeSteps()

        maker.takeOut(extra)
        change(&maker, host)
        maker.add(extra?.afterChange ?? [])
        prove(&maker, host, .to)
        // On the way back service comes first: nobody is waited for there.
        if !host.questions.isEmpty {
            maker.add("confirm", .gate(probes: host.questions), .requiresOut, priors.gate([]))
        }
        maker.bringBack(extra)
        return HostChain(preparation: preparation, control: control, outage: maker.takeSteps())
    }

    /// Out, restart, gate, back. Nothing that runs replaced code is restarted beside: the host stays as it is.
    private func restartAsControl(_ maker: inout StepMaker, _ host: HostWork, _ units: [String]) {
        maker.begin(.control)
        maker.takeOut()
        maker.add(
            "restart", .restartServices(except: ["*"], units: units), .requiresOut, priors.restartServices)
        maker.add("gate", .gate(probes: host.probes), .requiresOut, priors.gate(host.probes))
        maker.bringBack()
        maker.endLeg()
    }

    func preflight(_ maker: inout StepMaker, _ host: HostWork) {
        let look = looks[host.id].map { DurationEstimate(medianSeconds: $0, p95Seconds: $0 + 60) }
        let preflight = priors.preflight.adding(host.probes.isEmpty ? nil : priors.gate(host.probes))
        maker.add(
            "preflight", .preflight(expectation: maker.expectation(.from), probes: host.probes), .none, preflight,
            timeout: policy.lockWaitSeconds.map { $0 + preflight.p95Seconds }, fixed: look)
    }

    func changeInPlace(_ maker: inout StepMaker, _ host: HostWork) {
        if let machine = host.snapshot {
            maker.add("snapshot", .snapshot(machine: machine), .requiresOut, priors.snapshot, rollback: .snapshot)
        }
        for part in parts(of: host) {
            if part.rebootsBefore { rebootBetween(&maker, part.suffix) }
            maker.add(
                "patch\(part.suffix)", .changePackages(transaction: part.transaction), .requiresOut,
                priors.change(part.transaction), rollback: host.rollbackClass)
        }
        if policy.reboot != .always { restart(&maker) }
        if let condition = policy.rebootCondition {
            let isExpected = condition == .always || !host.rebootReasons.isEmpty
            maker.add(
                "reboot", .reboot(condition: condition), .requiresOut, rebootEstimate(isExpected: isExpected),
                timeout: policy.rebootDeadlineSeconds)
        }
    }

    /// Out, return, restart, reboot, gate, verify, back.
    ///
    /// Where the earlier versions are lost, or no package is changed, the chain is the same without the return: the
    /// only way left is forward, so the host comes back with what is there if that is proven to run and well, and stays
    /// out otherwise (I7). Every host that is taken out has a chain, because others wait for it: without one it could
    /// still be out while they go out in its lane.
    func rollback(_ host: HostWork, wave: Int, _ maker: inout StepMaker) -> HostChain {
        maker.begin(host, wave: wave, prefix: "\(host.id)/rollback/")
        switch host.role {
        case .passenger: return passengerBack(host, &maker)
        case .retired: return HostChain()
        case .patched, .replaced, .snapshotted, .controller: break
        }
        let extra = extras[host.id]?.back
        maker.takeOut(extra)
        changeBack(&maker, host)
        prove(&maker, host, host.isReversible ? .from : .to)
        maker.bringBack(extra)
        return HostChain(outage: maker.takeSteps())
    }

    func changeBackInPlace(_ maker: inout StepMaker, _ host: HostWork) {
        if let machine = host.snapshot {
            maker.add(
                "revert", .revert(machine: machine), .requiresOut, priors.revert,
                compensates: StepID("\(host.id)/snapshot"))
        } else if host.isReversible {
            for part in parts(of: host).reversed() {
                var reverse = part.transaction
                reverse.purpose = .rollback
                reverse.changes = reverse.changes.map(\.reversed)
                reverse.downloadBytes = 0
                reverse.rehearsedOn = nil
                reverse.allowsOlder = nil
                maker.add(
                    "return\(part.suffix)", .changePackages(transaction: reverse), .requiresOut, priors.change(reverse),
                    compensates: StepID("\(host.id)/patch\(part.suffix)"))
                if part.rebootsBefore { rebootBetween(&maker, part.suffix) }
            }
        }
        restart(&maker)
        if policy.rebootCondition != nil {
            maker.add(
                "reboot", .reboot(condition: .ifRequired), .requiresOut,
                rebootEstimate(isExpected: !host.rebootReasons.isEmpty), timeout: policy.rebootDeadlineSeconds)
        }
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

    /// Both steps need the host to be out, so that nobody can go on without them: nothing comes back on a person's word
    /// (I6).
    func prove(
        _ maker: inout StepMaker, _ host: HostWork, _ side: ChangeSide,
        _ availability: AvailabilityEffect = .requiresOut
    ) {
        if !host.probes.isEmpty {
            maker.add("gate", .gate(probes: host.probes), availability, priors.gate(host.probes))
        }
        // Of a controller that only takes others through nothing is changed.
        if case .controller(_, _, isPatched: false) = host.role { return }
        let expectation = maker.expectation(
            side, noStaleServicesExcept: policy.neverRestart, noRebootPending: policy.rebootCondition != nil)
        maker.add("verify", .verify(expectation: expectation), availability, priors.verify)
    }

    /// What is changed in one go.
    private struct Part {
        /// Behind the names of its steps; empty where all is changed at once.
        var suffix = ""
        var transaction: PackageTransaction
        var rebootsBefore = false
    }

    /// Only a whole was rehearsed on the host as it is: of parts each is rehearsed when its time comes.
    private func parts(of host: HostWork) -> [Part] {
        guard !host.changes.isEmpty else { return [] }
        guard let parts = splits[host.id] else { return [Part(transaction: transaction(host))] }
        return parts.enumerated().map { number, part in
            var transaction = transaction(host)
            transaction.changes = part.changes
            transaction.downloadBytes =
                host.resolution.downloadBytes * Int64(part.changes.count)
                / Int64(max(1, host.changes.count))
            transaction.rehearsedOn = nil
            return Part(suffix: "-\(number + 1)", transaction: transaction, rebootsBefore: part.rebootBefore)
        }
    }

    private func rebootBetween(_ maker: inout StepMaker, _ suffix: String) {
        maker.add(
            "reboot-before\(suffix)", .reboot(condition: .always), .requiresOut, rebootEstimate(isExpected: true),
            timeout: policy.rebootDeadlineSeconds)
    }

    private func transaction(_ host: HostWork) -> PackageTransaction {
        let order = host.resolution.manager.versionOrder
        let lowers = host.changes.contains { change in
            guard let from = change.from, let to = change.to else { return false }
            return order.precedes(to, from)
        }
        return PackageTransaction(
            manager: host.resolution.manager, purpose: .patch, changes: host.changes,
            // A package's file that is older than the host's own does not go over it.
            conffiles: lowers ? .keepCurrent : policy.conffiles, downloadBytes: host.resolution.downloadBytes,
            rehearsedOn: host.resolution.rehearsedOn, allowsOlder: lowers ? true : nil)
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
