/// What somebody says of a patch set: that it was tested, or that it broke something. Never altered; a later one answers it.
public struct PatchSetNote: Codable, Sendable, Equatable {
    public var id: String
    /// The set with the digest that was looked at.
    public var set: StageReference
    public var kind: Kind
    /// Whether it speaks for the set. Of `regression` and `asked`: always false; of `resolved`: always true.
    public var passes: Bool
    /// In which stage it was seen; nil: in none in particular.
    public var stage: StageID?
    /// For `resolved`: the note of the regression that is resolved.
    public var resolves: String?
    /// For `tests`: the note by which the stage's own suite was asked; nil: a person's word.
    public var answers: String?
    /// For `asked`: what was asked.
    public var request: Request?
    public var text: String
    public var by: Person
    public var at: Timestamp

    public init(
        id: String, set: StageReference, kind: Kind, passes: Bool, stage: StageID? = nil, resolves: String? = nil,
        answers: String? = nil, request: Request? = nil, text: String, by person: Person, at time: Timestamp
    ) {
        self.id = id
        self.set = set
        self.kind = kind
        self.passes = passes
        self.stage = stage
        self.resolves = resolves
        self.answers = answers
        self.request = request
        self.text = text
        by = person
        at = time
    }

    /// What a stage's own suite was asked about a set; kept, so that whoever asks again asks the same.
    public struct Request: Codable, Sendable, Equatable {
        /// Those of the stage.
        public var environments: [EnvironmentID]
        /// Runs that had brought the set there; sorted.
        public var runs: [RunID]
        /// An answer that comes later is no sign-off.
        public var dueBy: Timestamp
        /// The suite as the policy named it then: nothing else answers. nil: none was written down, and no answer counts.
        public var suite: StageTests?

        public init(environments: [EnvironmentID], runs: [RunID], dueBy: Timestamp, suite: StageTests? = nil) {
            self.environments = environments
            self.runs = runs
            self.dueBy = dueBy
            self.suite = suite
        }
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
        /// A stage's own suite was asked to test it: no sign-off, but what one answers.
        case asked

        /// The three kinds of sign-off.
        public static let signOffs: [Kind] = [.vendor, .provider, .tests]
    }
}
