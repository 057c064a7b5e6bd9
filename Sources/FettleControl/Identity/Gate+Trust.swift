import FettleModel
import FettleStore

/// Whether what is decided by is what an admin has accepted. While no users are kept everything is.
extension Gate {
    /// The pin that holds; nil: no users are kept, so that nothing has to be accepted.
    ///
    /// - Throws: `blocked` where users are kept and nothing was accepted yet.
    func accepted() async throws(ControlError) -> TrustPin? {
        if try await isOpen { return nil }
        guard let pin = try await newestPin() else {
            throw ControlError(
                .blocked,
                "users are kept here, and no policy was accepted yet: nobody can say by which rules to decide",
                hint: "an admin: `fettle policy accept` in the folder with policy.yaml and fleet.yaml")
        }
        return pin
    }

    /// The one with the highest number, whatever its maker's clock said; nil: there is none.
    func newestPin() async throws(ControlError) -> TrustPin? {
        let numbers = try await keeper.list(.trust, limit: .max).compactMap { Int($0.id.dropFirst("trust-".count)) }
        guard let newest = numbers.max() else { return nil }
        let (pin, _) = try await keeper.load(TrustPin.self, .trust, id: "trust-\(newest)")
        guard pin.id.rawValue == "trust-\(newest)" else {
            throw ControlError(
                .drift, "trust-\(newest) calls itself \(pin.id)", hint: "`fettle evidence check` tells what was altered"
            )
        }
        return pin
    }

    /// - Parameters:
    ///   - policy: nil: nothing is decided by one.
    ///   - fleet: nil: none is known, or nothing is decided by one.
    /// - Throws: `blocked` with what differs.
    func requireAccepted(_ policy: Policy? = nil, _ fleet: Fleet? = nil) async throws(ControlError) {
        guard let pin = try await accepted() else { return }
        if let policy { try Self.require(TrustedPolicy(policy), pin.content.policy, "policy", pin) }
        if let fleet { try Self.require(TrustedFleet(fleet), pin.content.fleet, "fleet", pin) }
    }

    /// - Parameter messages: who is told of what.
    func requireAccepted(messages: MessagePolicy?) async throws(ControlError) {
        guard let pin = try await accepted() else { return }
        let receivers = pin.content.policy.messages?.receivers ?? []
        try Self.require(messages?.receivers ?? [], receivers, "policy messages.receivers", pin)
    }

    /// - Parameter stages: those of the policy, or the environments of the fleet one after the other.
    func requireAccepted(stages: PromotionPolicy) async throws(ControlError) {
        guard let pin = try await accepted() else { return }
        let content = pin.content
        let accepted =
            content.policy.promotion
            ?? .standard(for: Fleet(environments: content.fleet.environments, resources: [], groups: []))
        try Self.require(stages, accepted, "policy promotion", pin)
    }

    /// A plan is made of one folder and may be carried out from another: it is held against what was accepted itself.
    func requireAccepted(_ plan: Plan) async throws(ControlError) {
        guard let pin = try await accepted() else { return }
        let differences = pin.content.fleet.differences(in: plan)
        guard !differences.isEmpty else { return }
        throw ControlError(
            .blocked,
            "\(plan.id) is for another fleet than \(pin.acceptedBy) accepted as \(pin.id):\n  "
                + Self.told(differences),
            hint: "`fettle plan make` plans anew; or an admin accepts the fleet as it is now: `fettle policy accept`")
    }

    /// Reads as the other does, and only what was accepted: also while a run goes on, whatever becomes of the file meanwhile.
    func accepted(_ calendar: RunCalendar?) async throws(ControlError) -> RunCalendar? {
        guard let calendar, let pin = try await accepted() else { return calendar }
        return RunCalendar {
            let (policy, fleet) = try calendar.read()
            try Self.require(TrustedPolicy(policy), pin.content.policy, "policy", pin)
            return (policy, fleet)
        }
    }

    private static func require<Value: Encodable & Equatable>(
        _ present: Value, _ accepted: Value, _ name: String, _ pin: TrustPin
    ) throws(ControlError) {
        guard present != accepted else { return }
        let differences = try TrustDifference.lines(accepted, present, name)
        guard !differences.isEmpty else { return }
        throw ControlError(
            .blocked,
            "this folder is not the one that \(pin.acceptedBy) accepted as \(pin.id):\n  " + told(differences),
            hint: "act from the folder that was accepted; or an admin accepts this one: `fettle policy accept`")
    }

    /// Differences told at most.
    private static let most = 10

    private static func told(_ differences: [String]) -> String {
        let more = differences.count > most ? ["and \(differences.count - most) more"] : []
        return (differences.prefix(most) + more).joined(separator: "\n  ")
    }
}
