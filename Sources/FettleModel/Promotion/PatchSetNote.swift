/// What somebody says of a patch set: that it was tested, or that it broke something. Never altered; a later one answers it.
public struct PatchSetNote: Codable, Sendable, Equatable {
    public var id: String
    /// The set with the digest that was looked at.
    public var set: StageReference
    public var kind: Kind
    /// Whether it speaks for the set. Of `regression`: always false; of `resolved`: always true.
    public var passes: Bool
    /// In which stage it was seen; nil: in none in particular.
    public var stage: StageID?
    /// For `resolved`: the note of the regression that is resolved.
    public var resolves: String?
    public var text: String
    public var by: Person
    public var at: Timestamp

    public init(
        id: String, set: StageReference, kind: Kind, passes: Bool, stage: StageID? = nil, resolves: String? = nil,
        text: String, by person: Person, at time: Timestamp
    ) {
        self.id = id
        self.set = set
        self.kind = kind
        self.passes = passes
        self.stage = stage
        self.resolves = resolves
        self.text = text
        by = person
        at = time
    }

    public enum Kind: String, Codable, Sendable, CaseIterable {
        /// The vendor of the software has stated that it runs with these versions.
        case vendor
        /// The provider of the platform has.
        case provider
        /// Own tests were run.
        case tests
        /// Something got worse with it, and nobody has resolved it.
        case regression
        case resolved

        /// The three kinds of sign-off.
        public static let signOffs: [Kind] = [.vendor, .provider, .tests]
    }
}
