/// A site's own test suite for a stage: `tests` of a stage in `policy.yaml`. Where one is named, the sign-off `tests` comes from it and
/// from nobody else.
public enum StageTests: Codable, Sendable, Equatable {
    /// A program of the machine that asks; its words are read by no shell. A relative path begins at the folder of `policy.yaml`.
    /// - `seconds`: that it may take.
    case command(words: [String], seconds: Int)
    /// It is asked by a signed request, and answers at once or later.
    /// - `receiver`: of kind `webhook`, with a secret.
    /// - `answerSeconds`: until it has to have answered.
    case webhook(receiver: MessageReceiver, answerSeconds: Int)

    /// What writing an answer down may take besides, in seconds.
    static let slackSeconds = 600

    /// How long after it was asked an answer still counts, in seconds.
    public var answerSeconds: Int {
        switch self {
        case .command(_, let seconds): seconds + Self.slackSeconds
        case .webhook(_, let seconds): seconds
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
