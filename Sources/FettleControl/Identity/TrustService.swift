public import FettleModel
public import FettleStore

/// Which folder's rules hold where users are kept (``TrustPin``).
public struct TrustService: Sendable {
    let keeper: StageKeeper
    let gate: Gate
    let now: @Sendable () -> Timestamp

    public init(
        store: any Store, access: Access = .local, now: @escaping @Sendable () -> Timestamp = Timestamp.now
    ) {
        keeper = StageKeeper(store: store)
        gate = Gate(keeper, access, now: now)
        self.now = now
    }

    /// What a folder says, beside what was accepted.
    public struct Comparison: Codable, Sendable, Equatable {
        /// What was accepted last, and by whom; nil: nothing.
        public var accepted: Accepted?
        /// Of the folder's content: what `expecting` takes.
        public var digest: Digest
        /// Sorted; empty: the folder is what was accepted. All of it, where nothing was.
        public var differences: [String]

        public struct Accepted: Codable, Sendable, Equatable {
            public var id: TrustPinID
            public var by: Person
            public var at: Timestamp
            public var digest: Digest
        }
    }

    /// How a folder differs from what was accepted. Whoever may look at who is who may look.
    public func compare(_ content: TrustContent) async throws(ControlError) -> Comparison {
        try await gate.require(.readIdentities, on: .nowhere, saying: .nothing)
        return try Self.compare(content, try await gate.newestPin())
    }

    private static func compare(_ content: TrustContent, _ pin: TrustPin?) throws(ControlError) -> Comparison {
        let accepted = try pin.map { pin throws(ControlError) in
            Comparison.Accepted(
                id: pin.id, by: pin.acceptedBy, at: pin.acceptedAt, digest: try StageKeeper.digest(of: pin.content))
        }
        let digest = try StageKeeper.digest(of: content)
        var differences: [String] = []
        if accepted?.digest != digest {
            differences += try TrustDifference.lines(pin?.content.policy, content.policy, "policy")
            differences += try TrustDifference.lines(pin?.content.fleet, content.fleet, "fleet")
            differences += try TrustDifference.lines(pin.map { $0.content.keys }, content.keys, "the issuer's keys")
            differences += try TrustDifference.lines(
                pin.map { $0.content.suites }, content.suites, "the stages' suites")
            if differences.isEmpty { differences = [TrustDifference.hidden("the folder")] }
        }
        return Comparison(accepted: accepted, digest: digest, differences: differences)
    }

    /// Accepts a folder: from now on its rules hold, and no others. What was accepted before stays to be read.
    ///
    /// - Parameters:
    ///   - content: of the folder.
    ///   - digest: the beginning of the digest that whoever accepts has looked at; nil: whatever it is.
    /// - Returns: as it was compared before. If nothing differs, nothing is written.
    /// - Throws: `invalid` while no users are kept; `drift` for another digest; `conflict` if somebody else accepts at the same time.
    public func accept(
        _ content: TrustContent, expecting digest: String? = nil, by person: Person
    ) async throws(ControlError) -> Comparison {
        try await gate.require(.acceptPolicy, on: .everywhere, by: person, saying: .nothing)
        if try await gate.isOpen {
            throw ControlError(
                .invalid, "no users are kept here: whoever reaches the store may do everything, by any folder's rules",
                hint: "`fettle user add NAME --role admin` makes the first")
        }
        let pin = try await gate.newestPin()
        let comparison = try Self.compare(content, pin)
        if let digest, digest.utf8.count < 12 || !comparison.digest.rawValue.hasPrefix(digest) {
            throw ControlError(
                .drift, "this folder has the digest \(comparison.digest), not \(digest)",
                hint: "look again: `fettle policy accept --dry-run`; 12 digits or more tell it")
        }
        guard comparison.accepted?.digest != comparison.digest else { return comparison }
        let time = now()
        _ = try await keeper.keepNext(as: .trust, at: time) { _ throws(ControlError) in
            guard try await gate.newestPin()?.id == pin?.id else {
                throw ControlError(
                    .conflict, "somebody else has accepted a policy meanwhile",
                    hint: "look again: `fettle policy accept --dry-run`")
            }
        } make: { id throws(ControlError) in
            TrustPin(id: TrustPinID(id), content: content, acceptedBy: person, acceptedAt: time)
        }
        return comparison
    }
}
