import FettleModel
import Foundation

/// What of two values is not the same, member by member, for people.
enum TrustDifference {
    /// By path, such as `policy approvals.production.approvals: 2, here 0`; empty: they are the same.
    ///
    /// What is compared is all of each name and value, and not what is shown of it.
    ///
    /// - Parameters:
    ///   - accepted: nil: there was none.
    ///   - present: what is here now.
    ///   - name: what both are, before each path.
    static func lines<Value: Encodable>(
        _ accepted: Value?, _ present: Value, _ name: String
    ) throws(ControlError) -> [String] {
        let (before, after) = (try leaves(accepted), try leaves(present))
        let nothing = Leaf(raw: Array("nothing".utf8), shown: "nothing")
        let paths = Set(before.values.keys).union(after.values.keys).sorted {
            ($0.shown, $0.raw.count) != ($1.shown, $1.raw.count)
                ? ($0.shown, $0.raw.count) < ($1.shown, $1.raw.count)
                : $0.raw.lexicographicallyPrecedes($1.raw) { $0.lexicographicallyPrecedes($1) }
        }
        return paths.compactMap { path in
            let (old, new) = (before.values[path] ?? nothing, after.values[path] ?? nothing)
            // What the other one holds there instead of an empty list is told by its members.
            guard old.raw != new.raw, !before.filled.contains(path), !after.filled.contains(path) else { return nil }
            let place = path.shown.isEmpty ? name : "\(name) \(path.shown)"
            guard old.shown == new.shown else { return "\(place): \(old.shown), here \(new.shown)" }
            return "\(place): \(old.shown), here another from character \(old.common(with: new) + 1) on"
        }
    }

    /// As the other does, for two that are known to differ: never empty.
    static func told<Value: Encodable>(
        _ accepted: Value, _ present: Value, _ name: String
    ) throws(ControlError) -> [String] {
        let lines = try lines(accepted, present, name)
        return lines.isEmpty ? [hidden(name)] : lines
    }

    static func hidden(_ name: String) -> String { "\(name): differs in what cannot be shown" }

    private struct Leaf {
        /// All of it: in bytes, as two texts that look the same are the same to `String`.
        var raw: [UInt8]
        var shown: String

        /// Characters at the beginning that are the same, without the quotation mark before a text.
        func common(with other: Leaf) -> Int {
            let pairs = zip(
                String(decoding: raw, as: UTF8.self).unicodeScalars.dropFirst(),
                String(decoding: other.raw, as: UTF8.self).unicodeScalars.dropFirst())
            return pairs.prefix { $0 == $1 }.count
        }
    }

    private struct Path: Hashable {
        /// Names and places one by one, so that no name can pass for two.
        var raw: [[UInt8]] = []
        var shown = ""
    }

    private struct Leaves {
        var values: [Path: Leaf] = [:]
        /// Paths of lists and objects that have members.
        var filled: Set<Path> = []
    }

    private static func leaves(_ value: (some Encodable)?) throws(ControlError) -> Leaves {
        var leaves = Leaves()
        guard let value else { return leaves }
        do {
            let tree = try CanonicalJSON.decode(Tree.self, from: try CanonicalJSON.encode(value))
            tree.gather(Path(), into: &leaves)
            return leaves
        } catch {
            throw ControlError(.internal, "what was accepted cannot be compared: \(error)")
        }
    }

    /// JSON as it comes.
    private indirect enum Tree: Decodable {
        case leaf(Leaf)
        case list([Tree])
        case object([String: Tree])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let object = try? container.decode([String: Tree].self) {
                self = .object(object)
            } else if let list = try? container.decode([Tree].self) {
                self = .list(list)
            } else if let text = try? container.decode(String.self) {
                self = .leaf(Leaf(raw: Array("\"\(text)".utf8), shown: Self.shown(text)))
            } else if let isTrue = try? container.decode(Bool.self) {
                self = Self.plain(isTrue ? "true" : "false")
            } else if let number = try? container.decode(Int.self) {
                self = Self.plain("\(number)")
            } else {
                self = Self.plain(container.decodeNil() ? "nothing" : "\(try container.decode(Double.self))")
            }
        }

        private static func plain(_ text: String) -> Tree { .leaf(Leaf(raw: Array(text.utf8), shown: text)) }

        /// Names and texts are a file's: on one line, and not longer than a line.
        private static func shown(_ text: String) -> String {
            let plain = String(
                String.UnicodeScalarView(text.unicodeScalars.prefix(81).map { $0.properties.isPlain ? $0 : "?" }))
            return plain.unicodeScalars.count > 80 ? "\"\(plain.dropLast())…\"" : "\"\(plain)\""
        }

        func gather(_ path: Path, into leaves: inout Leaves) {
            switch self {
            case .leaf(let leaf): leaves.values[path] = leaf
            case .list(let items):
                // That there is one is told as well: none and an empty one are not the same.
                guard !items.isEmpty else {
                    leaves.values[path] = Leaf(raw: Array("[]".utf8), shown: "[]")
                    return
                }
                leaves.filled.insert(path)
                for (place, item) in items.enumerated() {
                    let name = "[\(place + 1)]"
                    item.gather(Path(raw: path.raw + [Array(name.utf8)], shown: path.shown + name), into: &leaves)
                }
            case .object(let members):
                guard !members.isEmpty else {
                    leaves.values[path] = Leaf(raw: Array("{}".utf8), shown: "{}")
                    return
                }
                leaves.filled.insert(path)
                for (name, member) in members {
                    let shown = String(Self.shown(name).dropFirst().dropLast())
                    member.gather(
                        Path(
                            raw: path.raw + [Array(".\(name)".utf8)],
                            shown: path.shown.isEmpty ? shown : "\(path.shown).\(shown)"), into: &leaves)
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
