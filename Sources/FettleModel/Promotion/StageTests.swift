/// A site's own test suite for a stage: `tests` of a stage in `policy.yaml`. Where one is named, the sign-off `tests` comes from it and
/// from nobody else.
public enum StageTests: Codable, Sendable, Equatable {
    /// A program of the machine that asks; its words are read by no shell. A relative path begins at the folder of `policy.yaml`.
    /// - `seconds`: that it may take.
    case command(words: [String], seconds: Int)
    /// It is asked by a signed request, and answers later. At once it may only refuse: by the request's secret, which whoever asks has
    /// as well, nobody shows that it is the suite that speaks.
    /// - `receiver`: of kind `webhook`, with a secret, at an address that stands in the policy.
    /// - `answerSeconds`: until it has to have answered.
    /// - `answeredBy`: whose word alone passes a set.
    case webhook(receiver: MessageReceiver, answerSeconds: Int, answeredBy: Person)

    /// What writing an answer down may take besides, in seconds.
    static let slackSeconds = 600

    /// How long after it was asked an answer still counts, in seconds.
    public var answerSeconds: Int {
        switch self {
        case .command(_, let seconds): seconds + Self.slackSeconds
        case .webhook(_, let seconds, _): seconds
        }
    }

    /// For people: whom one asks.
    public var words: String {
        switch self {
        case .command(let words, _): "the command \(words.first.map { "'\($0)'" } ?? "")"
        case .webhook: "the suite"
        }
    }
}
