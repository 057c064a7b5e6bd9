public import FettleModel

/// What a provider or a vendor owes for a resource: to settle a finding on a layer of theirs, or to state how they patch.
public struct PatchObligation: Codable, Sendable, Equatable {
    /// `resource/party/source/version`, or `resource/party/statement`: the same in every look.
    public var id: String
    public var resource: ResourceID
    public var party: ResponsibleParty
    /// The provider's or vendor's name; nil: not named in the fleet file.
    public var owner: String?
    public var contact: String?
    public var layers: [ResourceLayer]
    /// What is owed, in words.
    public var subject: String
    /// nil for a statement.
    public var outcome: Outcome?
    public var since: Timestamp
    public var dueAt: Timestamp
    public var asked: [EvidenceKind]
    public var state: State
    /// The newest evidence that counts; nil: none.
    public var evidence: ObligationEvidence?

    public enum State: String, Codable, Sendable, CaseIterable {
        case open, evidenced, overdue
    }
}

/// What counts as proof that somebody else has patched.
public enum EvidenceKind: String, Codable, Sendable, CaseIterable {
    case providerStatement, vendorAdvisory, versionReportedByAPI

    public var words: String {
        switch self {
        case .providerStatement: "provider statement"
        case .vendorAdvisory: "vendor advisory"
        case .versionReportedByAPI: "version reported by API"
        }
    }
}

/// Something that was shown for an obligation: kept once, never altered.
public struct ObligationEvidence: Codable, Sendable, Equatable {
    /// `statement-7`, as the store names it.
    public var id: String
    public var obligation: String
    public var kind: EvidenceKind
    /// What was said, or where it can be read.
    public var note: String
    public var by: Person
    public var at: Timestamp

    public init(id: String, obligation: String, kind: EvidenceKind, note: String, by: Person, at: Timestamp) {
        self.id = id
        self.obligation = obligation
        self.kind = kind
        self.note = note
        self.by = by
        self.at = at
    }
}

/// Computes what others owe, from the matrix, the newest findings and the evidence that is kept. Synchronous and pure.
public struct ObligationLedger: Sendable {
    let policy: Policy
    let evidence: [String: [ObligationEvidence]]
    /// Since when the fleet is looked at: the first statement is due so many days after it.
    let knownSince: Timestamp

    public init(policy: Policy, evidence: [ObligationEvidence], knownSince: Timestamp) {
        self.policy = policy
        self.evidence = Dictionary(grouping: evidence, by: \.obligation)
        self.knownSince = knownSince
    }

    /// Sorted by due date, then by id.
    public func obligations(_ resources: [Resource], findings: FindingSet?, at time: Timestamp) -> [PatchObligation] {
        let byResource = Dictionary(grouping: findings?.findings ?? [], by: \.resource)
        return resources.flatMap { resource in
            let row = ResponsibilityMatrix.row(of: resource)
            return statements(row, at: time)
                + (byResource[resource.id] ?? []).compactMap { finding in
                    debt(finding, row: row, assessedAt: findings?.assessedAt ?? time, at: time)
                }
        }.sorted { ($0.dueAt, $0.id) < ($1.dueAt, $1.id) }
    }

    private func statements(_ row: ResponsibilityRow, at time: Timestamp) -> [PatchObligation] {
        [ResponsibleParty.provider, .vendor].compactMap { party in
            let cells = row.cells.filter { $0.party == party }
            guard !cells.isEmpty else { return nil }
            let id = "\(row.resource)/\(party.rawValue)/statement"
            let seconds = policy.obligations.statementInDays * 86_400
            let newest = newest(id, notAfter: time)
            let since = newest?.at ?? knownSince
            return PatchObligation(
                id: id, resource: row.resource, party: party, owner: cells.compactMap(\.owner).first,
                contact: cells.compactMap(\.contact).first, layers: cells.map(\.layer),
                subject: "state how \(cells.map(\.layer.words).joined(separator: ", ")) are patched", outcome: nil,
                since: since, dueAt: since.adding(seconds: seconds), asked: Self.asked(of: party),
                state: since.adding(seconds: seconds) < time ? .overdue : newest == nil ? .open : .evidenced,
                evidence: newest)
        }
    }

    /// What a finding on a layer of others asks of them. Findings are about packages: the operating system's layer.
    private func debt(
        _ finding: Finding, row: ResponsibilityRow, assessedAt: Timestamp, at time: Timestamp
    ) -> PatchObligation? {
        let party: ResponsibleParty
        switch finding.owner {
        case .us: return nil
        case .provider: party = .provider
        case .vendor: party = .vendor
        }
        let cell = row.cells.first { $0.layer == .operatingSystem }
        let since = finding.firstSeenAt ?? assessedAt
        let due = since.adding(seconds: (policy.obligations.dueInDays[finding.outcome] ?? 90) * 86_400)
        let id = "\(row.resource)/\(party.rawValue)/\(finding.source)/\(finding.fixed ?? "unfixed")"
        let newest = newest(id, notAfter: time)
        return PatchObligation(
            id: id, resource: row.resource, party: party, owner: cell?.owner, contact: cell?.contact,
            layers: [.operatingSystem],
            subject: "\(finding.source) \(finding.installed): "
                + (finding.fixed.map { "fixed in \($0)" } ?? "no fix yet"),
            outcome: finding.outcome, since: since, dueAt: due, asked: Self.asked(of: party),
            state: newest != nil ? .evidenced : due < time ? .overdue : .open, evidence: newest)
    }

    private func newest(_ id: String, notAfter time: Timestamp) -> ObligationEvidence? {
        evidence[id]?.filter { $0.at <= time }.max { $0.at < $1.at }
    }

    private static func asked(of party: ResponsibleParty) -> [EvidenceKind] {
        party == .vendor ? [.vendorAdvisory, .versionReportedByAPI] : [.providerStatement, .versionReportedByAPI]
    }
}
