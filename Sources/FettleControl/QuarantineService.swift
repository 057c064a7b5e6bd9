import FettleDriverKit
import FettleExecution
public import FettleModel
public import FettleStore

/// Settles what a run had to leave out of traffic (I7).
public struct QuarantineService: Sendable {
    let store: any Store
    let runs: RunService
    let gate: Gate
    let tools: Tools

    public init(store: any Store, tools: Tools, access: Access = .local) {
        self.store = store
        runs = RunService(store: store, tools: tools, access: access)
        gate = Gate(StageKeeper(store: store), access, now: tools.now)
        self.tools = tools
    }

    /// What was settled, and what was seen that allowed it.
    public struct Settlement: Codable, Sendable, Equatable {
        public var entry: QuarantineEntry
        /// In the order in which it was looked at; empty for a resource that was removed.
        public var proof: [Proof]
        public var isRemoved: Bool
    }

    /// One thing that was observed before, or when, the resource came back.
    public struct Proof: Codable, Sendable, Equatable {
        public var step: StepID
        /// A line for people.
        public var summary: String
        public var observedAt: Timestamp
    }

    /// Puts a resource back into traffic, as it was before the run drained it, and closes its entry. It is proven first, as the
    /// run would have: its gate passes, its packages are at the planned versions or at the earlier ones, and no older code runs.
    /// A person's word turns none of that green (I6).
    ///
    /// - Parameter isRemoved: the resource no longer serves: nothing is asked and nothing is put back.
    /// - Throws: `blocked` if something of it is not so or the load balancer does not take it back; `notFound` if it is not there.
    public func settle(
        _ resource: ResourceID, by person: Person, note: String, isRemoved: Bool
    ) async throws(ControlError) -> Settlement {
        guard !note.allSatisfy(\.isWhitespace) else {
            throw ControlError(.invalid, "what was done is kept with the entry", hint: "--note '…' says it")
        }
        guard let entry = try await runs.quarantined().first(where: { $0.resource == resource }) else {
            throw ControlError(
                .notFound, "\(resource) is not in quarantine", hint: "`fettle quarantine list` shows what is")
        }
        try await gate.require(.settleQuarantine, by: person, saying: .note(note)) { () throws(ControlError) in
            ActScope(try await runs.story(of: entry.run).plan, only: [resource])
        }
        let proof = isRemoved ? [] : try await bringBack(entry)
        do throws(StoreError) {
            let settled = try await store.settle(resource, by: person, at: tools.now(), note: note)
            return Settlement(entry: settled, proof: proof, isRemoved: isRemoved)
        } catch {
            throw ControlError(store: error)
        }
    }

    private func bringBack(_ entry: QuarantineEntry) async throws(ControlError) -> [Proof] {
        let story = try await runs.story(of: entry.run)
        let plan = story.plan
        let steps = (plan.steps + plan.rollback).filter { $0.resource == entry.resource }
        var proof: [Proof] = []
        if let gate = steps.last(where: \.isAskedGate) {
            proof.append(try await take(gate, plan: plan, entry: entry, prior: nil))
        }
        proof.append(try await verify(plan, entry))
        // Of a hypervisor: its machines come home, and whoever places machines may place them there again.
        for change in story.state.owed where change.kind == .evacuation && change.resource == entry.resource {
            // A plan that lets them stay where they are has none.
            guard let home = steps.first(where: \.bringsHome) else { continue }
            proof.append(try await take(home, plan: plan, entry: entry, prior: change.prior))
        }
        for obligation in entry.obligations {
            guard let restore = steps.last(where: { $0.action == .restore(traffic: obligation.traffic) }) else {
                throw ControlError(
                    .internal, "the plan of \(entry.run) has no step that brings \(entry.resource) back",
                    hint: "bring it back by hand, then `fettle quarantine settle \(entry.resource) --removed`")
            }
            proof.append(try await take(restore, plan: plan, entry: entry, prior: obligation.prior))
        }
        return proof
    }

    /// The watch by which it failed, so that the planned versions are bad; nil if it did not fail by one.
    private func rejection(_ entry: QuarantineEntry) async throws(ControlError) -> StepID? {
        let story = try await runs.story(of: entry.run)
        guard let failure = story.state.resource(entry.resource)?.failure, failure.failure.code == .unhealthy,
            case .bake? = story.plan.steps.first(where: { $0.id == failure.step })?.action
        else { return nil }
        return failure.step
    }

    /// Facts again: the host is as the plan wanted it, or as it was before. Anything between the two was never approved.
    private func verify(_ plan: Plan, _ entry: QuarantineEntry) async throws(ControlError) -> Proof {
        func verification(in steps: [Step]) -> Step? {
            steps.last { step in
                if case .verify = step.action { step.resource == entry.resource } else { false }
            }
        }
        var deviations: [String] = []
        var sides = [
            (verification(in: plan.steps), "the planned versions"),
            (verification(in: plan.rollback), "the earlier versions"),
        ]
        if let watch = try await rejection(entry), sides[1].0 != nil {
            // A probe sees nothing of what a watch has found: a leak, say.
            sides.removeFirst()
            deviations.append("the planned versions did not pass \(watch)")
        }
        for case (let step?, let side) in sides {
            do throws(StepFailure) {
                let observation = try await observe(step, plan: plan, entry: entry, prior: nil)
                let packages = observation.details["packages"].map { ": \($0)" } ?? ""
                return Proof(
                    step: step.id, summary: "at \(side), and nothing older runs\(packages)",
                    observedAt: observation.observedAt)
            } catch {
                guard error.code == .unhealthy else { throw refusal(entry, step, error) }
                deviations.append("not at \(side): \(error.message)")
            }
        }
        throw ControlError(
            .blocked,
            deviations.isEmpty
                ? "\(entry.resource) is not put back: the plan of \(entry.run) does not say how it has to be"
                : "\(entry.resource) is not put back, verify: \(deviations.joined(separator: "; "))",
            hint: Self.hint(entry))
    }

    private func take(
        _ step: Step, plan: Plan, entry: QuarantineEntry, prior: PriorState?
    ) async throws(ControlError) -> Proof {
        do throws(StepFailure) {
            let observation = try await observe(step, plan: plan, entry: entry, prior: prior)
            return Proof(step: step.id, summary: observation.summary, observedAt: observation.observedAt)
        } catch {
            throw refusal(entry, step, error)
        }
    }

    /// Takes the step and looks what came of it, as an executor does.
    private func observe(
        _ step: Step, plan: Plan, entry: QuarantineEntry, prior: PriorState?
    ) async throws(StepFailure) -> Observation {
        guard let driver = tools.drivers.driver(for: step.action) else {
            throw StepFailure(code: .refused, message: "no driver here can do it")
        }
        let context = StepContext(run: entry.run, plan: plan, attempt: 1, intendedAt: tools.now(), prior: prior)
        switch await driver.check(step, in: context) {
        case .alreadyDone(let observation): return observation
        case .blocked(let reason): throw StepFailure(code: .refused, message: reason)
        case .unknown(let failure): throw failure
        case .ready: break
        }
        try await driver.perform(step, in: context)
        let observation = try await driver.verify(step, in: context)
        guard observation.verdict == .pass else {
            throw StepFailure(code: .unhealthy, message: observation.summary)
        }
        return observation
    }

    private static func hint(_ entry: QuarantineEntry) -> String {
        "mend it and settle again; back to what it had before: `fettle scan`, then `fettle plan make --undo \(entry.run) --host "
            + "\(entry.resource)`; or `--removed` if it no longer serves"
    }

    private func refusal(_ entry: QuarantineEntry, _ step: Step, _ failure: StepFailure) -> ControlError {
        ControlError(
            .blocked, "\(entry.resource) is not put back, \(step.action.name): \(failure.message)",
            hint: Self.hint(entry))
    }
}

extension Step {
    fileprivate var bringsHome: Bool { if case .bringHome = action { true } else { false } }

    /// A gate that is asked of the resource, and not of a person: whoever settles it is one.
    fileprivate var isAskedGate: Bool {
        guard case .gate = action else { return false }
        return action.questions.isEmpty
    }
}
