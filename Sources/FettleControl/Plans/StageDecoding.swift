public import FettleModel
public import Foundation
import Synchronization

/// A stage that is one long list and a few words about it.
protocol ListedStage: Decodable {
    associatedtype Element: Decodable & Sendable
    /// The list's key.
    static var listName: String { get }
    static var list: WritableKeyPath<Self, [Element]> { get }
}

extension FactSet: ListedStage {
    static let listName = "hosts"
    static var list: WritableKeyPath<FactSet, [HostFacts]> { \.hosts }
}

extension FactOutline: ListedStage {
    static let listName = "hosts"
    static var list: WritableKeyPath<FactOutline, [Host]> { \.hosts }
}

extension FindingSet: ListedStage {
    static let listName = "findings"
    static var list: WritableKeyPath<FindingSet, [Finding]> { \.findings }
}

extension Selection: ListedStage {
    static let listName = "hosts"
    static var list: WritableKeyPath<Selection, [HostSelection]> { \.hosts }
}

/// Stages from JSON, however long their lists are: those are decoded by all processors.
public enum StageDecoding {
    public static func facts(_ data: Data) throws -> FactSet { try listed(data) }
    public static func findings(_ data: Data) throws -> FindingSet { try listed(data) }
    public static func selection(_ data: Data) throws -> Selection { try listed(data) }

    /// Any stage, in pieces if it is one of the above.
    static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
        if let listed = type as? any ListedStage.Type, let value = try Self.listed(listed, data) as? Value {
            return value
        }
        return try CanonicalJSON.decode(type, from: data)
    }

    /// Whether it is a selection and not what one is made from: only a selection has been selected.
    public static func isSelection(_ data: Data) -> Bool {
        struct Selected: Decodable {
            var selectedAt: String?
        }
        let shell = JSONPieces(data, list: "hosts")?.shell ?? data
        return (try? CanonicalJSON.decode(Selected.self, from: shell))?.selectedAt != nil
    }

    private static func listed<Whole: ListedStage>(_ type: Whole.Type, _ data: Data) throws -> Whole {
        try listed(data)
    }

    private static func listed<Whole: ListedStage>(_ data: Data) throws -> Whole {
        guard let pieces = JSONPieces(data, list: Whole.listName),
            var whole = try? CanonicalJSON.decode(Whole.self, from: pieces.shell),
            let elements = elements(Whole.Element.self, pieces.lots, of: data)
        else {
            // Only the whole can say where in it something is wrong.
            return try CanonicalJSON.decode(Whole.self, from: data)
        }
        whole[keyPath: Whole.list] = elements
        return whole
    }

    /// - Returns: nil if one of them cannot be read.
    private static func elements<Element: Decodable & Sendable>(
        _ type: Element.Type, _ lots: [Range<Int>], of data: Data
    ) -> [Element]? {
        let decoded = Mutex<[[Element]?]>(Array(repeating: nil, count: lots.count))
        DispatchQueue.concurrentPerform(iterations: lots.count) { number in
            let list = Data("[".utf8) + data[lots[number]] + Data("]".utf8)
            let elements = try? CanonicalJSON.decode([Element].self, from: list)
            decoded.withLock { $0[number] = elements }
        }
        let all = decoded.withLock { $0 }
        guard !all.contains(where: { $0 == nil }) else { return nil }
        return Array(all.compactMap { $0 }.joined())
    }
}
