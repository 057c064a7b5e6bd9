import Crypto
public import FettleModel
public import Foundation

/// What became of a site's own tests of a patch set.
public struct SiteTestResult: Codable, Sendable, Equatable {
    /// The program's name, without its folder and its words: these may hold secrets.
    public var program: String
    public var ending: Ending
    public var seconds: Int
    /// Of output, in bytes.
    public var bytes: Int
    /// SHA-256 of the output: whoever has kept it can show that it was this one.
    public var digest: FettleModel.Digest

    public init(program: String, ending: Ending, seconds: Int, bytes: Int, digest: FettleModel.Digest) {
        self.program = program
        self.ending = ending
        self.seconds = seconds
        self.bytes = bytes
        self.digest = digest
    }

    public enum Ending: Codable, Sendable, Equatable {
        case exited(code: Int)
        case signalled(number: Int)
        case tookTooLong
        case printedTooMuch
    }

    public var passes: Bool { ending == .exited(code: 0) }

    /// As it stands in the sign-off.
    var words: String {
        let end =
            switch ending {
            case .exited(let code): "ended with \(code) after \(seconds) s"
            case .signalled(let number): "was ended by signal \(number) after \(seconds) s"
            case .tookTooLong: "had not ended after \(seconds) s, and was stopped"
            case .printedTooMuch: "printed more than is read, and was stopped"
            }
        return "\(program) \(end); \(bytes) bytes of output, SHA-256 \(digest)"
    }
}

/// The SHA-256 digest (FIPS 180-4) of what comes piece by piece.
public struct RunningDigest {
    private var hash = SHA256()

    public init() {}

    public mutating func add(_ bytes: Data) { hash.update(data: bytes) }

    public func value() -> FettleModel.Digest {
        FettleModel.Digest(rawValue: hash.finalize().map { String(format: "%02x", $0) }.joined())
    }
}

extension PromotionService {
    /// Own tests say something of a set only where it is.
    ///
    /// - Throws: `invalid` for a stage that there is not, `blocked` if no run has brought the set there.
    public func requireIsThere(
        _ id: PatchSetID, in stage: StageID, _ policy: PromotionPolicy
    ) async throws(ControlError) -> Kept {
        let (set, reference) = try await record.set(id)
        try Self.require(stage, policy)
        let judge = try await record.judge(of: set, reference, policy)
        guard judge.trials.contains(where: { $0.stage == stage && $0.hasSucceeded }) else {
            throw ControlError(
                .blocked, "no run has brought \(id) to \(stage): there is nothing of it to test",
                hint: "`fettle promote \(id) --to \(stage)`; `fettle pipeline \(id)` shows where it is")
        }
        return Kept(set: set, digest: reference.digest)
    }

    /// Signs a set off by the result of own tests, or refuses to.
    ///
    /// - Parameter request: by which the stage's own suite was asked; nil: the policy names none, and somebody ran tests.
    public func signOff(
        _ id: PatchSetID, in stage: StageID, by result: SiteTestResult, answering request: PatchSetNote? = nil,
        for person: Person, policy: PromotionPolicy
    ) async throws(ControlError) -> PatchSetNote {
        if let request {
            return try await hear(
                request.id, on: id, digest: request.set.digest, passes: result.passes, text: result.words, by: person,
                policy: policy, isOwnRun: true)
        }
        return try await note(
            on: id, kind: .tests, passes: result.passes, stage: stage, text: result.words, by: person, policy: policy)
    }

    /// - Throws: `invalid` for a stage that there is not.
    static func require(_ stage: StageID, _ policy: PromotionPolicy) throws(ControlError) {
        guard policy.stage(stage) == nil else { return }
        let known = policy.stages.map(\.id.rawValue).joined(separator: ", ")
        throw ControlError(
            .invalid, "there is no stage \(stage)", hint: "there are: \(known); `fettle pipeline` shows them")
    }
}
