import Foundation

/// A large JSON object taken apart at one of its lists, so that the list's elements can be decoded a lot at a time and the whole never
/// stands in memory as a tree.
///
/// It only looks for ends: what lies between them is judged by who decodes it, and every byte of the list is in one of its lots. Where anything
/// is not as it expects there are no pieces, and the decoder that reads the whole says why.
struct JSONPieces {
    /// The object with the list empty.
    private(set) var shell: Data
    private(set) var elements: [Range<Int>]
    /// The same, so many of them at a time: each a list without its brackets.
    private(set) var lots: [Range<Int>]

    /// - Parameters:
    ///   - list: the key, directly in the object, whose value is a list.
    ///   - size: elements in a lot.
    init?(_ data: Data, list: String, lotsOf size: Int = 512) {
        guard data.startIndex == 0 else { return nil }
        var reader = Reader()
        let found = data.withUnsafeBytes { reader.read($0, key: Array("\"\(list)\"".utf8)) }
        guard found, let inside = reader.list else { return nil }
        shell = data[..<inside.lowerBound] + data[inside.upperBound...]
        elements = reader.elements
        lots = []
        for start in stride(from: 0, to: elements.count, by: size) {
            let end = min(start + size, elements.count)
            let (isFirst, isLast) = (start == 0, end == elements.count)
            lots.append(
                (isFirst ? inside.lowerBound : elements[start - 1].upperBound + 1)..<(isLast
                    ? inside.upperBound : elements[end - 1].upperBound))
        }
        // A list of nothing that `elements` tell of is not taken for empty.
        if lots.isEmpty, !inside.isEmpty { lots = [inside] }
    }

    private struct Reader {
        /// What lies between the brackets of the list.
        var list: Range<Int>?
        var elements: [Range<Int>] = []
        private var depth = 0
        private var isInList = false
        private var begin: Int?

        mutating func read(_ bytes: UnsafeRawBufferPointer, key: [UInt8]) -> Bool {
            var position = 0
            var lastString: Range<Int>?
            while position < bytes.count {
                switch bytes[position] {
                case UInt8(ascii: "\""):
                    guard let end = Self.endOfString(bytes, from: position) else { return false }
                    lastString = position..<end
                    if isInList, depth == 2, begin == nil { begin = position }
                    position = end
                    continue
                case UInt8(ascii: "{"), UInt8(ascii: "["):
                    let isKey = depth == 1 && !isInList && lastString.map { bytes[$0].elementsEqual(key) } == true
                    // Which of two of the same name counts is the whole's to say.
                    if isKey, list != nil { return false }
                    if isKey, bytes[position] == UInt8(ascii: "[") {
                        isInList = true
                        list = position + 1..<position + 1
                    } else if isInList, depth == 2, begin == nil {
                        begin = position
                    }
                    depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    depth -= 1
                    guard depth >= 0 else { return false }
                    if isInList, depth == 1 { endList(at: position) }
                case UInt8(ascii: ",") where depth == 1: lastString = nil
                case UInt8(ascii: ",") where isInList && depth == 2: endElement(at: position)
                default: break
                }
                position += 1
            }
            return depth == 0 && !isInList
        }

        private mutating func endElement(at position: Int) {
            if let begin { elements.append(begin..<position) }
            begin = nil
        }

        private mutating func endList(at position: Int) {
            endElement(at: position)
            isInList = false
            list = (list?.lowerBound ?? position)..<position
        }

        /// The place behind the closing quote.
        private static func endOfString(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
            var position = start + 1
            while position < bytes.count {
                switch bytes[position] {
                case UInt8(ascii: "\\"): position += 2
                case UInt8(ascii: "\""): return position + 1
                default: position += 1
                }
            }
            return nil
        }
    }
}
