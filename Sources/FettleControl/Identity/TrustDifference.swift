import FettleModel
import Foundation

/// What of two values is not the same, member by member, for people.
enum TrustDifference {
    /// By path, such as `policy approvals.production.approvals: 2, here 0`; empty: they are the same.
    ///
    /// - Parameters:
    ///   - accepted: nil: there was none.
    ///   - present: what is here now.
    ///   - name: what both are, before each path.
    static func lines<Value: Encodable>(
        _ accepted: Value?, _ present: Value, _ name: String
    ) throws(ControlError) -> [String] {
        let (before, after) = (try leaves(accepted), try leaves(present))
        return Set(before.values.keys).union(after.values.keys).sorted().compactMap { path in
            let (old, new) = (before.values[path] ?? "nothing", after.values[path] ?? "nothing")
            // What the other one holds there instead of an empty list is told by its members.
            guard old != new, !before.filled.contains(path), !after.filled.contains(path) else { return nil }
            return "\(name)\(path.isEmpty ? "" : " \(path)"): \(old), here \(new)"
        }
    }

    private struct Leaves {
        /// By path.
        var values: [String: String] = [:]
        /// Paths of lists and objects that have members.
        var filled: Set<String> = []
    }

    private static func leaves(_ value: (some Encodable)?) throws(ControlError) -> Leaves {
        var leaves = Leaves()
        guard let value else { return leaves }
        do {
            let tree = try CanonicalJSON.decode(Tree.self, from: try CanonicalJSON.encode(value))
            tree.gather("", into: &leaves)
            return leaves
        } catch {
            throw ControlError(.internal, "what was accepted cannot be compared: \(error)")
        }
    }

    /// JSON as it comes.
    private indirect enum Tree: Decodable {
        case leaf(String)
        case list([Tree])
        case object([String: Tree])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let object = try? container.decode([String: Tree].self) {
                self = .object(object)
            } else if let list = try? container.decode([Tree].self) {
                self = .list(list)
            } else if let text = try? container.decode(String.self) {
                self = .leaf(Self.shown(text))
            } else if let isTrue = try? container.decode(Bool.self) {
                self = .leaf(isTrue ? "true" : "false")
            } else if let number = try? container.decode(Int.self) {
                self = .leaf("\(number)")
            } else {
                self = .leaf(container.decodeNil() ? "nothing" : "\(try container.decode(Double.self))")
            }
        }

        /// Names and texts are a file's: on one line, and not longer than a line.
        private static func shown(_ text: String) -> String {
            let plain = String(
                String.UnicodeScalarView(text.unicodeScalars.prefix(81).map { $0.properties.isPlain ? $0 : "?" }))
            return plain.unicodeScalars.count > 80 ? "\"\(plain.dropLast())…\"" : "\"\(plain)\""
        }

        func gather(_ path: String, into leaves: inout Leaves) {
            switch self {
            case .leaf(let text): leaves.values[path] = text
            case .list(let items):
                // That there is one is told as well: none and an empty one are not the same.
                if items.isEmpty { leaves.values[path] = "[]" } else { leaves.filled.insert(path) }
                for (place, item) in items.enumerated() { item.gather("\(path)[\(place + 1)]", into: &leaves) }
            case .object(let members):
                if members.isEmpty { leaves.values[path] = "{}" } else { leaves.filled.insert(path) }
                for (name, member) in members {
                    let shown = Self.shown(name).dropFirst().dropLast()
                    member.gather(path.isEmpty ? String(shown) : "\(path).\(shown)", into: &leaves)
                }
            }
        }
    }
}

extension Unicode.Scalar.Properties {
    /// It shows itself and alters nothing beside it.
    fileprivate var isPlain: Bool {
        switch generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: false
        default: true
        }
    }
}
