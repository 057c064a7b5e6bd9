/// What is written into the ledger of waivers. Nothing in it is ever altered: the waivers are its fold.
public enum WaiverEvent: Codable, Sendable, Equatable {
    case granted(Waiver)
    case ended(waiver: WaiverID, ending: Waiver.Ending)
}

/// The ledger, read.
public struct WaiverLedger: Sendable, Equatable {
    /// In the order in which they were granted.
    public private(set) var waivers: [Waiver] = []
    /// How many events it has: the next one takes this number and one.
    public private(set) var length = 0
    private var positions: [WaiverID: Int] = [:]

    public init(_ events: [WaiverEvent] = []) {
        for event in events { append(event) }
    }

    /// An ending of what was never granted changes nothing, nor does a second one.
    public mutating func append(_ event: WaiverEvent) {
        length += 1
        switch event {
        case .granted(let waiver):
            guard positions[waiver.id] == nil else { return }
            positions[waiver.id] = waivers.count
            waivers.append(waiver)
        case .ended(let id, let ending):
            guard let position = positions[id], waivers[position].ending == nil else { return }
            waivers[position].ending = ending
        }
    }

    public func waiver(_ id: WaiverID) -> Waiver? { positions[id].map { waivers[$0] } }

    /// The name of the waiver that is granted as the next but `offset`.
    public func nextID(offset: Int = 0) -> WaiverID { WaiverID("waiver-\(waivers.count + 1 + offset)") }
}

/// How a waiver shows on a finding.
public struct AppliedWaiver: Codable, Sendable, Equatable {
    public var waiver: WaiverID
    public var kind: Waiver.Kind
    /// The advisories of this finding that it covers, sorted; nil: the finding as a whole.
    public var advisories: [AdvisoryID]?
    public var expiresAt: Timestamp

    public init(waiver: WaiverID, kind: Waiver.Kind, advisories: [AdvisoryID]?, expiresAt: Timestamp) {
        self.waiver = waiver
        self.kind = kind
        self.advisories = advisories
        self.expiresAt = expiresAt
    }
}

extension Finding {
    /// Whether waivers cover all of it. With one advisory left open it is not: the fix is still needed.
    public var isWaived: Bool {
        guard let waivers else { return false }
        if waivers.contains(where: { $0.advisories == nil }) { return true }
        guard !advisories.isEmpty else { return false }
        let covered = Set(waivers.flatMap { $0.advisories ?? [] })
        return advisories.allSatisfy { covered.contains($0.id) }
    }

    /// When the first of the waivers that cover it ends, so that it comes back; nil if it is not waived.
    public var waivedUntil: Timestamp? {
        guard isWaived, let waivers else { return nil }
        // A waiver of the whole holds though those of single advisories end before.
        let whole = waivers.filter { $0.advisories == nil }.map(\.expiresAt).max()
        let single = advisories.map { advisory in
            waivers.filter { $0.advisories?.contains(advisory.id) == true }.map(\.expiresAt).max()
        }
        let parts = single.contains { $0 == nil } ? nil : single.compactMap { $0 }.min()
        return [whole, parts].compactMap { $0 }.max()
    }
}
