public import FettleModel
public import Foundation

/// A plan as it is written for programs: its own JSON, with the digest of all else beside the other keys. Canonical, so that the
/// digest can be worked out by anybody: SHA-256 over the same text without the key `digest`.
public struct PlanDocument: Encodable, Sendable {
    public let plan: Plan
    public let digest: Digest

    public init(_ plan: Plan) throws(ControlError) {
        self.plan = plan
        digest = try StageKeeper.digest(of: plan)
    }

    /// Reads a plan, with or without its digest.
    ///
    /// - Throws: `DecodingError` for what is no plan; `drift` where the digest beside it is another's.
    public init(reading data: Data) throws {
        let stated = try CanonicalJSON.decode(Stated.self, from: data).digest
        try self.init(try CanonicalJSON.decode(Plan.self, from: data))
        if let stated, stated != digest {
            throw ControlError(
                .drift,
                "the plan is not what its digest was taken of: it says \(stated), and its content gives \(digest)",
                hint: "`fettle plan show PLAN -o json` writes it anew; without the key 'digest' nobody compares it")
        }
    }

    private struct Stated: Decodable {
        var digest: Digest?
    }

    private enum CodingKeys: CodingKey {
        case digest
    }

    public func encode(to encoder: any Encoder) throws {
        try plan.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(digest, forKey: .digest)
    }
}
