internal import Foundation

/// The names that stand in the first bytes of a JSON text, by which its format is told: `cveMetadata/cveId`, `[]/id`,
/// `affected/[]/package/name`. It takes a text that is cut off as far as it goes.
struct JSONOutline {
    /// Of the objects looked into; what is told apart lies higher.
    private static let maximumDepth = 5
    /// Of one name; a longer one is no name that a format is told by.
    private static let maximumNameBytes = 128

    private(set) var paths: Set<String> = []
    /// The same, taken apart, in the order of the text.
    private(set) var parts: [[String]] = []

    /// - Parameter head: the text's first bytes; nothing is found in what is no JSON.
    init(_ head: Data) {
        head.prefix(65_536).withUnsafeBytes { read($0) }
    }

    func has(_ path: String) -> Bool { paths.contains(path) }

    private struct Level {
        var isObject: Bool
        var path: [String]
    }

    private mutating func read(_ bytes: UnsafeRawBufferPointer) {
        let scan = JSONScan(bytes)
        var position = scan.afterBlanks(scan.afterByteOrderMark())
        var levels: [Level] = []
        var key = ""
        var expectsKey = false
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                guard levels.count < JSONSplitter.maximumDepth else { return }
                let path = levels.last.map { $0.path + [$0.isObject ? key : "[]"] } ?? []
                expectsKey = byte == UInt8(ascii: "{")
                levels.append(Level(isObject: expectsKey, path: path))
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                levels.removeLast(levels.isEmpty ? 0 : 1)
                expectsKey = false
            case UInt8(ascii: ","): expectsKey = levels.last?.isObject ?? false
            case UInt8(ascii: ":"): expectsKey = false
            case UInt8(ascii: "\""):
                guard let end = scan.afterString(position), end <= bytes.count else { return }
                if expectsKey, let level = levels.last {
                    key = Self.name(bytes, (position + 1)..<(end - 1))
                    if level.path.count < Self.maximumDepth { add(level.path + [key]) }
                }
                position = end
                if levels.isEmpty { return }
                continue
            default:
                // Text before the first bracket is no JSON of ours.
                if levels.isEmpty { return }
            }
            position += 1
            if levels.isEmpty { return }
        }
    }

    private mutating func add(_ path: [String]) {
        if paths.insert(path.joined(separator: "/")).inserted { parts.append(path) }
    }

    private static func name(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> String {
        range.count <= maximumNameBytes ? String(decoding: bytes[range], as: UTF8.self) : ""
    }
}
