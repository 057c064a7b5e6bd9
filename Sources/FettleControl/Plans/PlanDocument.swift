public import FettleModel
public import Foundation

/// A plan as it is written for programs: its own JSON, with the digest of all else beside the other keys. Canonical, so that the
/// digest can be worked out by anybody: SHA-256 over the same text without the key `digest`.
public struct PlanDocument: Sendable {
    public let plan: Plan
    public let digest: Digest

    public init(_ plan: Plan) throws(ControlError) {
        self.plan = plan
        digest = try Self.digest(of: plan)
    }

    /// A plan that was just made, whose digest is known.
    public init(_ result: PlanService.Result) {
        plan = result.plan
        digest = result.reference.digest
    }

    /// What `StageKeeper.digest` says of it, without the whole in memory.
    static func digest(of plan: Plan) throws(ControlError) -> Digest {
        do { return try PlanBytes(plan).digest() } catch {
            throw ControlError(.internal, "cannot write the plan as JSON: \(error)")
        }
    }

    /// Reads a plan, with or without its digest.
    ///
    /// - Throws: `DecodingError` for what is no plan; `drift` where the digest beside it is another's.
    public init(reading data: Data) throws {
        let read = try CanonicalJSON.decode(Stated.self, from: data)
        try self.init(read.plan)
        if let stated = read.digest, stated != digest {
            throw ControlError(
                .drift,
                "the plan is not what its digest was taken of: it says \(stated), and its content gives \(digest)",
                hint: "`fettle plan show PLAN -o json` writes it anew; without the key 'digest' nobody compares it")
        }
    }

    private struct Stated: Decodable {
        var plan: Plan
        var digest: Digest?

        private enum CodingKeys: CodingKey {
            case digest
        }

        init(from decoder: any Decoder) throws {
            plan = try Plan(from: decoder)
            digest = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(Digest.self, forKey: .digest)
        }
    }

    /// The canonical JSON, piece by piece.
    public func write(_ body: ([UInt8]) throws -> Void) throws { try PlanBytes(plan).write(with: digest, body) }

    /// The same as a whole.
    public func bytes() throws -> Data {
        var result = Data()
        try write { result += $0 }
        return result
    }
}
