import FettleModel
import FettleStore

/// What somebody types with an act, such as a reason. It goes into the log, which is never altered, and into signed
/// bundles: a secret in it could not be taken out again, so that it is refused beforehand, and masked where a run is
/// stopped or taken back. `Gate` asks, before every act.
struct TypedWords: Sendable {
    private var words: [(name: String, text: String)]

    /// Nothing is typed with the act.
    static let nothing = TypedWords([])

    init(_ words: [(name: String, text: String)]) { self.words = words }

    /// - Parameter text: nil: it was left out.
    static func title(_ text: String?) -> TypedWords { TypedWords(text.map { [("title", $0)] } ?? []) }
    static func reason(_ text: String) -> TypedWords { TypedWords([("reason", text)]) }
    static func note(_ text: String) -> TypedWords { TypedWords([("note", text)]) }

    /// What a text looks like, in words that do not repeat it; nil: like no secret.
    private static func secret(in text: String, _ secrets: SecretMask) -> String? {
        let known = secrets.namesOfSecrets(in: Array(text.utf8)).first
        return known.map { "the value of \($0)" } ?? SecretForms.secret(inTyped: text)
    }

    /// A text with a secret in it as it may be kept; any other as it is.
    static func masked(_ text: String, by secrets: SecretMask) -> String {
        guard secret(in: text, secrets) != nil else { return text }
        let masked = secrets.masked(text)
        return secret(in: masked, secrets) == nil ? masked : SecretMask.sign
    }

    /// - Throws: `invalid`, which tells where it stands and what it looks like, and never what it is.
    func requireNoSecret(_ secrets: SecretMask) throws(ControlError) {
        for (name, text) in words {
            guard let found = Self.secret(in: text, secrets) else { continue }
            throw ControlError(
                .invalid,
                "the \(name) holds what looks like a secret, \(found): what is typed is kept for good, and in signed bundles",
                hint:
                    "nothing was done, and nothing of it was written down; say it without the secret. Where it is none, write it "
                    + "in other words: what stands after 'password=' or '--token' is taken for one (docs/evidence.md)")
        }
    }
}

extension RunRequest {
    /// What was typed with it.
    var typed: TypedWords {
        switch self {
        case .pause(_, let reason), .abort(_, let reason), .rollback(_, let reason), .skip(_, _, let reason),
            .rollbackPart(_, _, let reason), .handOver(_, let reason, _), .answer(_, _, _, let reason):
            .reason(reason)
        case .resume, .retry, .retryFailed: .nothing
        }
    }

    /// What stops a run or takes it back is not held up by a word in its reason, which somebody types in an emergency:
    /// what looks like a secret there is masked. Of anything else this is the request itself, and `Gate` refuses it.
    func masked(by secrets: SecretMask) -> RunRequest {
        switch self {
        case .pause(let person, let reason):
            .pause(by: person, reason: TypedWords.masked(reason, by: secrets))
        case .abort(let person, let reason):
            .abort(by: person, reason: TypedWords.masked(reason, by: secrets))
        case .rollback(let person, let reason):
            .rollback(by: person, reason: TypedWords.masked(reason, by: secrets))
        case .rollbackPart(let resources, let person, let reason):
            .rollbackPart(resources: resources, by: person, reason: TypedWords.masked(reason, by: secrets))
        case .resume, .retry, .retryFailed, .skip, .handOver, .answer: self
        }
    }
}
