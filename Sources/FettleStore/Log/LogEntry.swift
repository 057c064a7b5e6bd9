public import FettleModel

/// One entry of the log: a decision or an effect, who brought it about, and the digest of what is kept of it.
///
/// It holds names, fixed words and digests and never text that a person, a file or a host has written: no secret can come in by
/// it. Reasons and notes stand in the document, the journal or the ledger that `subject` names, and `digest` covers them.
public struct LogEntry: Codable, Sendable, Equatable {
    public var what: What
    /// By the clock of whoever wrote it; nil where the writer did not tell. What the chain proves is the order.
    public var at: Timestamp?
    /// Who decided it; nil where no person did, or where that stands in the subject alone.
    public var by: Person?
    public var change: ChangeID?
    public var run: RunID?
    public var step: StepID?
    public var resource: ResourceID?
    /// Of a note: the patch set that it is about, so that one that is gone is missed there. nil: of nothing else, and by an earlier Fettle.
    public var set: PatchSetID?
    /// A fixed word, such as how a run ended, what a person answered to a gate, or what was asked of a run.
    public var word: String?
    /// What `digest` is taken over.
    public var subject: LogSubject?
    /// SHA-256 of the subject's bytes as they were kept by this entry; without a subject: what the kind says.
    public var digest: Digest?
    /// SHA-256 of the bytes that were there before, where something was replaced: of the first entry of that write. If that is not what the
    /// log told last, somebody has altered it in between. nil: nothing was replaced, or by an earlier Fettle.
    public var before: Digest?

    /// Each is what the property of its name says; what an entry of a kind holds stands in ``LogRules``.
    public init(
        _ what: What, at time: Timestamp? = nil, by person: Person? = nil, change: ChangeID? = nil, run: RunID? = nil,
        step: StepID? = nil, resource: ResourceID? = nil, word: String? = nil, subject: LogSubject? = nil,
        digest: Digest? = nil
    ) {
        self.what = what
        at = time
        by = person
        self.change = change
        self.run = run
        self.step = step
        self.resource = resource
        self.word = word
        self.subject = subject
        self.digest = digest
    }

    public enum What: String, Codable, Sendable, CaseIterable {
        /// A stage that no person decided: facts, findings, a selection, a patch set and what is noted of it, what was gathered after a run,
        /// what a provider has shown.
        case kept
        case planMade
        case changeSubmitted, changeApproved, changeRejected, changeWithdrawn
        /// When a change is to be carried out was said, or taken back.
        case changeScheduled
        /// Somebody has looked at a change again after its run.
        case changeReviewed
        /// A change names the run that carries it out; or it does not any more, because that run was not made.
        case changeAssigned, changeUnassigned
        /// A document was altered in a way that no service of Fettle does, such as a vote that is gone.
        case documentAltered
        case runMade, runStarted, runClaimed, runPaused, runResumed, runRetried
        case abortRequested, rollbackRequested, partRollbackRequested, handOverRequested
        case stepSkipped, gateAnswered
        case hostQuarantined, quarantineSettled
        /// The run stands still until a person acts.
        case personAwaited
        /// The journal is closed; the digest is taken over all of it.
        case runEnded, runSuperseded
        /// A person asked something of a run that another process carries out.
        case runAsked
        case waiverGranted, waiverEnded
        /// Somebody may act from now on; their roles were altered, or they were disabled or enabled.
        case userAdded, userAltered
        /// `word`: its kind.
        case tokenMade
        /// It is good for nothing any more; of an enrolment: it was used. `word`: why, where it was lost.
        case tokenEnded
        /// By which rules is decided here from now on.
        case policyAccepted
        /// A run's evidence was made as a bundle; the digest is that of the file.
        case evidenceExported
        /// The log's head was kept elsewhere; the digest is its link, `word`: in what kind of place.
        case headAnchored
    }
}

/// Something that is kept beside the log and whose bytes an entry's digest is taken over. Coded as text: `plan:plan-1`,
/// `journal:run-1`, `waiver:3`.
public enum LogSubject: Sendable, Hashable, Codable, CustomStringConvertible {
    case document(DocumentKind, id: String)
    /// All lines of a run's journal, as `JournalLine` writes them.
    case journal(RunID)
    /// The event at this place of the ledger of waivers, from 1.
    case waiver(Int)

    public var description: String {
        switch self {
        case .document(let kind, let id): "\(kind.rawValue):\(id)"
        case .journal(let run): "journal:\(run)"
        case .waiver(let position): "waiver:\(position)"
        }
    }

    /// Whether what is kept is ever another than at first: a change gathers its votes, a user's roles are altered, a token ends.
    /// Everything else stays as it is.
    public var isEverReplaced: Bool {
        guard case .document(let kind, _) = self else { return false }
        return kind == .change || kind == .user || kind == .token
    }

    /// Reads what `description` wrote; nil for any other text.
    public init?(_ text: String) {
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let (kind, name) = (String(text[..<colon]), String(text[text.index(after: colon)...]))
        switch kind {
        case "journal": self = .journal(RunID(name))
        case "waiver":
            guard let position = Int(name), position > 0, String(position) == name else { return nil }
            self = .waiver(position)
        default:
            guard let kind = DocumentKind(rawValue: kind) else { return nil }
            self = .document(kind, id: name)
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let subject = LogSubject(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no subject of the log")
        }
        self = subject
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
