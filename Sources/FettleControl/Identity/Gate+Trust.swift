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
        // Of a large fleet only what differs is written out.
        if let fleet, TrustedFleet(fleet) != pin.content.fleet {
            try Self.require(TrustedFleet(fleet), pin.content.fleet, "fleet", pin)
        }
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

    /// - Parameters:
    ///   - program: SHA-256 of the file that a stage's suite is.
    ///   - stage: whose suite it is.
    /// - Throws: `blocked` for other bytes than were accepted.
    func requireAccepted(program: Digest, of stage: StageID) async throws(ControlError) {
        guard let pin = try await accepted(), pin.content.suites?[stage] != program else { return }
        throw ControlError(
            .blocked,
            "the suite of \(stage) is the program \(program.short)…, and \(pin.acceptedBy) accepted "
                + "\(pin.content.suites?[stage].map { "\($0.short)…" } ?? "none") as \(pin.id)",
            hint: "test by the program that was accepted; or an admin accepts this one: `fettle policy accept`")
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
    ///
    /// - Parameters:
    ///   - plan: for its hosts the fleet has to say what was accepted, as windows and freezes go by it. Other hosts come and go.
    ///   - hasBegun: hosts may be out. Where nothing was accepted yet, or what was accepted cannot be told, nobody more is taken out, and
    ///     the way back is free.
    func accepted(
        _ calendar: RunCalendar?, for plan: Plan, hasBegun: Bool = false
    ) async throws(ControlError) -> RunCalendar? {
        guard let calendar else { return nil }
        let pin: TrustPin?
        do throws(ControlError) {
            pin = try await accepted()
        } catch {
            guard hasBegun, error.code == .blocked || error.code == .drift else { throw error }
            return RunCalendar { throw error }
        }
        guard let pin else { return calendar }
        return RunCalendar {
            let (policy, fleet) = try calendar.read()
            try Self.require(TrustedPolicy(policy), pin.content.policy, "policy", pin)
            let differences = Self.placesOtherwise(in: fleet, than: pin.content.fleet, of: plan)
            if !differences.isEmpty { try Self.refuse(differences, pin) }
            return (policy, fleet)
        }
    }

    /// What a calendar reads of the plan's hosts, where it is not what was accepted; in the fleet's order. One that the fleet does not
    /// declare is left to the calendar, which lets it be taken out at no time.
    private static func placesOtherwise(in fleet: Fleet, than accepted: TrustedFleet, of plan: Plan) -> [String] {
        let hosts = Set(plan.targets.map(\.resource)).union((plan.steps + plan.rollback).map(\.resource))
        var groups: [ResourceID: Set<GroupID>] = [:]
        for group in fleet.groups {
            for member in group.members where hosts.contains(member) { groups[member, default: []].insert(group.id) }
        }
        func list(_ groups: some Collection<GroupID>) -> String {
            groups.isEmpty ? "no group" : groups.sorted().map(\.rawValue).joined(separator: ", ")
        }
        return fleet.resources.filter { hosts.contains($0.id) }.flatMap { host -> [String] in
            guard let place = accepted.places[host.id] else { return ["\(host.id) is not in it"] }
            var words: [String] = []
            if place.environment != host.environment {
                words.append("\(host.id) is in \(place.environment), here in \(host.environment)")
            }
            let here = groups[host.id] ?? []
            if Set(place.groups) != here {
                words.append("\(host.id) is in \(list(place.groups)), here in \(list(here))")
            }
            return words
        }
    }

    /// By the bytes that would be kept: what cannot be shown counts as well.
    private static func require<Value: Encodable>(
        _ present: Value, _ accepted: Value, _ name: String, _ pin: TrustPin
    ) throws(ControlError) {
        guard try StageKeeper.digest(of: present) != StageKeeper.digest(of: accepted) else { return }
        try refuse(try TrustDifference.told(accepted, present, name), pin)
    }

    private static func refuse(_ differences: [String], _ pin: TrustPin) throws(ControlError) {
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
