public import FettleModel

/// What a bundle holds, by size and digest: the one thing in it that is signed.
public struct BundleManifest: Codable, Sendable, Equatable {
    public var run: RunID
    /// By the clock of whoever made it.
    public var madeAt: Timestamp
    public var madeBy: Person
    /// The name of the key that signs (`VerifyingKey.name`).
    public var signer: FettleModel.Digest
    /// The head of the log when the bundle was made.
    public var head: Head
    /// Subjects of which the log has no entry, because they were kept before there was a log; sorted.
    public var notInLog: [String]
    /// Since when there was a log: what happened later is in it. nil: an earlier Fettle made the bundle, or there is no log.
    public var logBeganAt: Timestamp?
    /// In their order.
    public var parts: [Part]

    /// - Parameters:
    ///   - run: of which it tells.
    ///   - time: see `madeAt`; as all others.
    public init(
        run: RunID, madeAt time: Timestamp, madeBy person: Person, signer: FettleModel.Digest, head: Head,
        notInLog: [String], parts: [Part]
    ) {
        self.run = run
        madeAt = time
        madeBy = person
        self.signer = signer
        self.head = head
        self.notInLog = notInLog
        self.parts = parts
    }

    public struct Head: Codable, Sendable, Equatable {
        public var sequence: Int
        public var link: FettleModel.Digest

        public init(sequence: Int, link: FettleModel.Digest) {
            self.sequence = sequence
            self.link = link
        }
    }

    public struct Part: Codable, Sendable, Equatable {
        public var name: BundlePart
        public var bytes: Int
        /// SHA-256.
        public var digest: FettleModel.Digest

        public init(name: BundlePart, bytes: Int, digest: FettleModel.Digest) {
            self.name = name
            self.bytes = bytes
            self.digest = digest
        }
    }
}

/// The parts that a bundle can have, each at most once, in this order.
public enum BundlePart: String, Codable, Sendable, CaseIterable {
    /// Stages of the flow, as they were kept: canonical JSON.
    case facts, findings, selection, plan, change
    /// As `JournalLine` writes it.
    case journal
    /// What was gathered when the run had ended, with the facts after it. Absent: nothing was.
    case evidence
    /// Events of the ledger of waivers that are about the run's findings: `POSITION EVENT` a line. Absent: there are none.
    case waivers
    /// The exact versions that the selection was made from. Absent: it was made from none.
    case patchset
    /// How the patch set came there, as `PromotionAccount`. Absent: the run was of no set, or an earlier Fettle wrote the bundle.
    case promotion
    /// What people said of the set: sign-offs, regressions, and what became of them: `ID NOTE` a line, in the order in which they were written.
    /// Absent: nothing, or as above.
    case notes
    /// See `LogExtract`.
    case log

    /// Without it a bundle tells too little.
    public var isRequired: Bool { ![.evidence, .waivers, .patchset, .promotion, .notes].contains(self) }
}
