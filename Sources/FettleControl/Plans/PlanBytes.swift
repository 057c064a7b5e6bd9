import Crypto
import FettleModel

/// A plan's canonical JSON, step by step: as a whole it takes many times its length in memory.
struct PlanBytes {
    private let plan: Plan

    init(_ plan: Plan) { self.plan = plan }

    func digest() throws -> FettleModel.Digest {
        var hash = SHA256()
        try write(with: nil) { hash.update(data: $0) }
        return Digest(
            rawValue: hash.finalize().map { byte in
                let text = String(byte, radix: 16)
                return text.count < 2 ? "0\(text)" : text
            }.joined())
    }

    /// - Parameter digest: stands among the keys; nil: none does, as in what the digest is taken of.
    func write(with digest: FettleModel.Digest?, _ body: ([UInt8]) throws -> Void) throws {
        var shell = plan
        (shell.order, shell.rollback, shell.steps) = ([], [], [])
        var rest = [UInt8](try CanonicalJSON.encode(Shell(plan: shell, digest: digest)))[...]
        // In the order in which their keys stand in canonical JSON. No text can hold a mark: its quotes are escaped.
        try write(plan.order, into: "order", &rest, body)
        try write(plan.rollback, into: "rollback", &rest, body)
        try write(plan.steps, into: "steps", &rest, body)
        try body(Array(rest))
    }

    private func write(
        _ elements: [some Encodable], into list: String, _ rest: inout ArraySlice<UInt8>,
        _ body: ([UInt8]) throws -> Void
    ) throws {
        guard let mark = rest.firstRange(of: Array("\"\(list)\":[]".utf8)) else {
            throw ControlError(.internal, "a plan has no list '\(list)'")
        }
        try body(Array(rest[..<(mark.upperBound - 1)]))
        rest = rest[(mark.upperBound - 1)...]
        var buffer: [UInt8] = []
        for (place, element) in elements.enumerated() {
            if place > 0 { buffer.append(UInt8(ascii: ",")) }
            buffer += try CanonicalJSON.encode(element)
            if buffer.count > 1 << 20 {
                try body(buffer)
                buffer.removeAll(keepingCapacity: true)
            }
        }
        try body(buffer)
    }

    private struct Shell: Encodable {
        var plan: Plan
        var digest: FettleModel.Digest?

        private enum CodingKeys: CodingKey {
            case digest
        }

        func encode(to encoder: any Encoder) throws {
            try plan.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encodeIfPresent(digest, forKey: .digest)
        }
    }
}
