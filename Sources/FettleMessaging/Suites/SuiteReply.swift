public import FettleModel
import Foundation

/// What came of asking a suite.
public enum SuiteReply: Sendable, Equatable {
    /// At once, and signed by it.
    case answered(SuiteAnswer)
    /// It has the request, and answers later.
    case taken
    /// It answered with something that counts for nothing; why, in a line.
    case worthless(String)
    /// It was not reached, or does not take the request; why, in a line.
    /// - `mayPass`: whether another try may do better.
    /// - `afterSeconds`: as it asked; nil: it did not.
    case failed(String, mayPass: Bool, afterSeconds: Int?)
}

/// What a suite says of a set.
public struct SuiteAnswer: Sendable, Equatable {
    /// The note by which it was asked.
    public var request: String
    public var set: PatchSetID
    /// Of the set that was tested.
    public var digest: Digest
    public var stage: StageID
    public var passed: Bool
    /// One line without control characters; may be empty.
    public var note: String

    private struct Form: Decodable {
        struct Data: Decodable {
            var request: String
            var set: String
            var digest: String
            var stage: String
            var passed: Bool
            var note: String?
        }
        var type: String
        var data: Data
    }

    static let type = "patchset.tests.answer"
    static let longestNote = 300

    /// Reads an answer whose signature was verified before.
    ///
    /// - Throws: what is wrong with its form.
    init(_ body: [UInt8]) throws(DeliveryFailure) {
        guard let form = try? JSONDecoder().decode(Form.self, from: Data(body)) else {
            throw DeliveryFailure(
                "its answer is no JSON with type, and data with request, set, digest, stage and passed", mayPass: false)
        }
        // What was sent comes back with a good signature: it is no answer.
        guard form.type == Self.type else {
            throw DeliveryFailure("its answer is not of the type \(Self.type)", mayPass: false)
        }
        let data = form.data
        guard data.digest.utf8.count == 64, data.digest.utf8.allSatisfy("0123456789abcdef".utf8.contains) else {
            throw DeliveryFailure("its answer names no SHA-256 digest", mayPass: false)
        }
        request = data.request
        set = PatchSetID(data.set)
        digest = Digest(rawValue: data.digest)
        stage = StageID(data.stage)
        passed = data.passed
        note = PlainText.line(data.note ?? "", limit: Self.longestNote)
    }
}
