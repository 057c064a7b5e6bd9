import Foundation
import Testing

@testable import FettleModel

/// The writer of the canonical form against Foundation's: whatever the value, the same bytes.
@Suite struct CanonicalWriterTests {
    private func byFoundation(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }

    /// - Parameter isPlain: whether the writer does it itself.
    private func expectSame(_ value: some Encodable, isPlain: Bool = true) throws {
        let expected = try byFoundation(value)
        let written = CanonicalWriter.bytes(of: value)
        #expect((written != nil) == isPlain, "\(value)")
        if let written { #expect(Data(written) == expected, "\(String(decoding: expected, as: UTF8.self))") }
        #expect(try CanonicalJSON.encode(value) == expected)
    }

    @Test func textIsEscapedTheSameWay() throws {
        for code in UInt8(0)..<0x80 { try expectSame("x\(UnicodeScalar(code))y") }
        let texts = [
            "é/\\\"", "\u{2028}\u{2029}\u{7F}\u{80}\u{FEFF}", "😀", "e\u{301}", String(repeating: "a/", count: 50),
            "<>&",
        ]
        for text in texts {
            try expectSame(text)
            try expectSame([text: 1], isPlain: !text.contains("\\"))
        }
    }

    @Test func numbersAndNullsAreTheSame() throws {
        try expectSame([Int.min, 0, Int.max])
        try expectSame([UInt64.max])
        try expectSame([Int8.min, Int8.max])
        try expectSame([true, nil, false])
        try expectSame(["a": Int?.none, "b": 2])
        try expectSame(String?.none)
    }

    @Test func dictionariesOfNumbersAndOfIdentifiersAreObjects() throws {
        try expectSame([1: "x", 10: "y", 2: "z"])
        try expectSame([ResourceID("web-2"): 1, "web-10": 2])
        try expectSame([Pair(first: 1): 1])
    }

    private struct Pair: Hashable, Encodable { var first: Int }

    @Test func whatOnlyFoundationCanWriteIsLeftToIt() throws {
        try expectSame(1.5, isPlain: false)
        try expectSame([Float(2)], isPlain: false)
        try expectSame([Date(timeIntervalSince1970: 1)], isPlain: false)
        try expectSame(["raw": Data([1, 2])], isPlain: false)
        try expectSame([try #require(URL(string: "http://host/path"))], isPlain: false)
        try expectSame([Decimal(1)], isPlain: false)
        try expectSame(Nested(), isPlain: false)
        #expect(throws: EncodingError.self) { try CanonicalJSON.encode(Silent()) }
        #expect(throws: EncodingError.self) { try CanonicalJSON.encode([Double.nan]) }
    }

    /// Opens a container inside of its own.
    private struct Nested: Encodable {
        enum Key: CodingKey { case first, second }
        func encode(to encoder: any Encoder) throws {
            var own = encoder.container(keyedBy: Key.self)
            try own.encode(1, forKey: .second)
            var inner = own.nestedContainer(keyedBy: Key.self, forKey: .first)
            try inner.encode("x", forKey: .first)
        }
    }

    private struct Silent: Encodable { func encode(to encoder: any Encoder) throws {} }

    @Test func silentAndEmptyValuesAreEmptyObjectsAndLists() throws {
        struct Holder: Encodable {
            var silent = Silent()
            var several = [Silent(), Silent()]
            var list: [Int] = []
            var object: [String: Int] = [:]
        }
        try expectSame(Holder())
    }

    @Test func theLastOfTwoMembersWithOneNameCounts() throws {
        struct Twice: Encodable {
            enum Key: CodingKey { case first, second }
            func encode(to encoder: any Encoder) throws {
                var members = encoder.container(keyedBy: Key.self)
                try members.encode(1, forKey: .second)
                try members.encode(2, forKey: .first)
                try members.encode("later", forKey: .second)
                var same = encoder.container(keyedBy: Key.self)
                try same.encode(true, forKey: .second)
            }
        }
        try expectSame(Twice())
    }

    @Test(arguments: 0..<40) func whateverIsMadeUpIsWrittenTheSame(seed: UInt64) throws {
        var generator = SplitMix(seed: seed)
        for _ in 0..<25 { try expectSame(Tree.make(depth: 0, using: &generator)) }
    }

    private indirect enum Tree: Encodable {
        case nothing
        case truth(Bool)
        case number(Int)
        case text(String)
        case list([Tree])
        case object([String: Tree])

        func encode(to encoder: any Encoder) throws {
            var single = encoder.singleValueContainer()
            switch self {
            case .nothing: try single.encodeNil()
            case .truth(let value): try single.encode(value)
            case .number(let value): try single.encode(value)
            case .text(let value): try single.encode(value)
            case .list(let value): try value.encode(to: encoder)
            case .object(let value): try single.encode(value)
            }
        }

        static func make(depth: Int, using generator: inout SplitMix) -> Tree {
            func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &generator) }
            switch number(0..<(depth > 4 ? 4 : 6)) {
            case 0: return .nothing
            case 1: return .truth(Bool.random(using: &generator))
            case 2: return .number(Int(truncatingIfNeeded: generator.next()))
            case 3: return .text(text(number(0..<20), using: &generator))
            case 4: return .list((0..<number(0..<6)).map { _ in make(depth: depth + 1, using: &generator) })
            default:
                var members: [String: Tree] = [:]
                for _ in 0..<number(0..<12) {
                    let key = String((0..<number(0..<18)).map { _ in Array("abcAB_é0Zz")[number(0..<10)] })
                    members[key] = make(depth: depth + 1, using: &generator)
                }
                return .object(members)
            }
        }

        private static func text(_ length: Int, using generator: inout SplitMix) -> String {
            var scalars = String.UnicodeScalarView()
            for _ in 0..<length {
                let highest: UInt32 = Bool.random(using: &generator) ? 0x80 : 0x3000
                if let scalar = UnicodeScalar(UInt32.random(in: 0..<highest, using: &generator)) {
                    scalars.append(scalar)
                }
            }
            return String(scalars)
        }
    }
}
