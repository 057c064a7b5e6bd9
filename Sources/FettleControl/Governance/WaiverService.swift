import FettleAssessment
public import FettleModel
public import FettleStore

/// Accepting findings, and taking that back. Every waiver has a reason, an owner, a scope and an end.
public struct WaiverService: Sendable {
    let governance: Governance
    let keeper: StageKeeper
    let gate: Gate
    private let now: @Sendable () -> Timestamp

    public init(
        store: any Store, access: Access = .local, now: @escaping @Sendable () -> Timestamp = Timestamp.now
    ) {
        governance = Governance(store: store)
        keeper = StageKeeper(store: store)
        gate = Gate(keeper, access, now: now)
        self.now = now
    }

    /// What is asked for; the service gives it a name and a date.
    public struct Request: Sendable, Equatable {
        public var scope: WaiverScope
        public var kind: Waiver.Kind
        public var justification: VEXJustification?
        public var reason: String
        public var owner: Person
        public var expiresAt: Timestamp
        public var origin: String?

        public init(
            scope: WaiverScope, kind: Waiver.Kind, justification: VEXJustification? = nil, reason: String,
            owner: Person, expiresAt: Timestamp, origin: String? = nil
        ) {
            self.scope = scope
            self.kind = kind
            self.justification = justification
            self.reason = reason
            self.owner = owner
            self.expiresAt = expiresAt
            self.origin = origin
        }
    }

    /// - Throws: `invalid` without a reason, an owner or an end, for an end in the past or later than policy allows.
    public func grant(_ request: Request, by person: Person, policy: Policy) async throws(ControlError) -> Waiver {
        let granted = try await grant([request], by: person, policy: policy)
        guard let waiver = granted.first else { throw ControlError(.internal, "the waiver was not kept") }
        return waiver
    }

    /// All of them or none, in one write.
    public func grant(
        _ requests: [Request], by person: Person, policy: Policy
    ) async throws(ControlError) -> [Waiver] {
        try gate.requireNoSecret(in: Self.typed(requests))
        var asked: Set<ActScope> = []
        for scope in requests.map({ ActScope($0.scope) }) where asked.insert(scope).inserted {
            try await gate.require(.waive, on: scope, by: person, saying: .nothing)
        }
        try await gate.requireAccepted(policy)
        let time = now()
        for request in requests { try Self.admit(request, policy: policy, at: time) }
        return try await append { ledger throws(ControlError) in
            let waivers = requests.enumerated().map { offset, request in
                Waiver(
                    id: ledger.nextID(offset: offset), scope: request.scope, kind: request.kind,
                    justification: request.justification, reason: request.reason, owner: request.owner,
                    createdBy: person, createdAt: time, expiresAt: request.expiresAt, origin: request.origin)
            }
            return (waivers.map { .granted($0) }, waivers)
        }
    }

    private static func typed(_ requests: [Request]) -> TypedWords {
        TypedWords(
            requests.enumerated().flatMap { place, request in
                let which = requests.count > 1 ? " of statement \(place + 1)" : ""
                return [("reason\(which)", request.reason), ("owner\(which)", request.owner.rawValue)]
            })
    }

    /// - Throws: `notFound`; `invalid` if it has ended already or no reason is given.
    public func end(_ id: WaiverID, by person: Person, reason: String) async throws(ControlError) -> Waiver {
        guard !reason.allSatisfy(\.isWhitespace) else {
            throw ControlError(.invalid, "say why the waiver ends", hint: "--reason '…'")
        }
        try await gate.require(.waive, by: person, saying: .reason(reason)) { () throws(ControlError) in
            // Of one that there is not the ledger tells.
            try await governance.ledger().waiver(id).map { ActScope($0.scope) } ?? .nowhere
        }
        let time = now()
        return try await append { ledger throws(ControlError) in
            guard var waiver = ledger.waiver(id) else {
                throw ControlError(
                    .notFound, "there is no waiver '\(id)'", hint: "`fettle waiver list --all` shows those there are")
            }
            guard waiver.state(at: time) == .active else {
                throw ControlError(
                    .invalid, "\(id) has ended already", hint: "`fettle waiver list --all` says when and why")
            }
            let ending = Waiver.Ending(by: person, at: time, reason: reason)
            waiver.ending = ending
            return ([.ended(waiver: id, ending: ending)], waiver)
        }
    }

    public func waivers() async throws(ControlError) -> [Waiver] { try await governance.waivers() }

    /// The newest findings as they stand now: with their ages, and marked with the waivers that hold; and the facts they rest on.
    public func findingsNow(fleet: Fleet, policy: Policy) async throws(ControlError) -> (
        findings: FindingSet, facts: FactSet
    )? {
        guard let look = try await newestLook(whole: true), let facts = look.facts else { return nil }
        return (try await findings(of: look, fleet: fleet), facts)
    }

    /// The newest findings as they are kept, and the facts they rest on; nil if the fleet was never looked at.
    ///
    /// - Parameter whole: with all facts, and not their outline alone.
    func newestLook(whole: Bool = false) async throws(ControlError) -> FleetLook? {
        guard let kept = try await keeper.newest(FindingSet.self, .findings)?.value else { return nil }
        guard whole else {
            let outline = try await keeper.load(FactOutline.self, .facts, id: kept.facts.id).value
            return FleetLook(findings: kept, outline: outline)
        }
        let facts = try await keeper.load(FactSet.self, .facts, id: kept.facts.id).value
        return FleetLook(findings: kept, outline: FactOutline(facts), facts: facts)
    }

    func findings(of look: FleetLook, fleet: Fleet) async throws(ControlError) -> FindingSet {
        WaiverBook(try await waivers(), fleet: fleet, systems: look.outline.systems).applied(
            to: look.findings, at: now())
    }

    /// What is decided from the ledger still holds when it is written: whoever writes in between makes this ask again.
    private func append<Value>(
        _ decide: (WaiverLedger) throws(ControlError) -> (events: [WaiverEvent], value: Value)
    ) async throws(ControlError) -> Value {
        for _ in 0..<20 {
            let ledger = try await governance.ledger()
            let decision = try decide(ledger)
            do throws(StoreError) {
                try await governance.store.append(decision.events, after: ledger.length)
                return decision.value
            } catch {
                if error.code == .conflict { continue }
                throw ControlError(store: error)
            }
        }
        throw ControlError(.conflict, "others write waivers all the time; try again")
    }

    private static func admit(_ request: Request, policy: Policy, at time: Timestamp) throws(ControlError) {
        guard !request.reason.allSatisfy(\.isWhitespace) else {
            throw ControlError(.invalid, "a waiver needs a reason", hint: "--reason '…'")
        }
        guard request.reason.utf8.count <= 4_000 else {
            throw ControlError(.invalid, "the reason is longer than 4,000 bytes", hint: "--reason '…' with fewer words")
        }
        guard !request.owner.rawValue.isEmpty else {
            throw ControlError(.invalid, "a waiver needs somebody who answers for it", hint: "--owner NAME")
        }
        guard time < request.expiresAt else {
            throw ControlError(.invalid, "\(request.expiresAt) is over", hint: "--expires takes a day to come, or 30d")
        }
        let days = policy.maximumWaiverDays
        guard request.expiresAt <= time.adding(seconds: days * 86_400) else {
            throw ControlError(
                .invalid, "\(request.expiresAt) is more than \(days) days away, which policy does not allow",
                hint: "--expires \(days)d is the latest; policy.yaml sets it (waivers: {maximumDays: …})")
        }
        guard request.justification == nil || request.kind == .notAffected else {
            throw ControlError(
                .invalid, "only what is not affected has a justification", hint: "--kind notAffected, or without it")
        }
    }
}
