import Crypto
public import FettleModel
import Foundation

/// Writes a stage whose list is too long to stand in memory: canonical JSON, element by element, and its digest.
public struct StageStream {
    private let handle: FileHandle
    private var hash = SHA256()
    private var buffer: [UInt8] = []

    /// - Parameters:
    ///   - shell: the stage with its list empty.
    ///   - list: the list's key, which no other empty list of the shell has.
    /// - Returns: the digest that the whole would have.
    @discardableResult
    public static func write(
        _ shell: some Encodable, list: String, elements: some Sequence<some Encodable>, to path: String
    ) throws -> FettleModel.Digest {
        let text = [UInt8](try CanonicalJSON.encode(shell))
        let mark = Array("\"\(list)\":[]".utf8)
        guard let place = text.firstRange(of: mark) else {
            throw ControlError(.internal, "\(type(of: shell)) has no empty list '\(list)'")
        }
        var stream = try StageStream(path: path)
        try stream.add(text[..<(place.upperBound - 1)])
        var isFirst = true
        for element in elements {
            if !isFirst { try stream.add([UInt8(ascii: ",")]) }
            isFirst = false
            try stream.add([UInt8](CanonicalJSON.encode(element)))
        }
        try stream.add(text[(place.upperBound - 1)...])
        return try stream.finish()
    }

    private init(path: String) throws {
        try Data().write(to: URL(fileURLWithPath: path))
        handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    }

    private mutating func add(_ bytes: some Collection<UInt8>) throws {
        buffer += bytes
        if buffer.count > 1 << 20 { try flush() }
    }

    private mutating func flush() throws {
        hash.update(data: buffer)
        try handle.write(contentsOf: buffer)
        buffer.removeAll(keepingCapacity: true)
    }

    /// The end of the line, as files of text have it, is none of the stage's.
    private mutating func finish() throws -> FettleModel.Digest {
        try flush()
        try handle.write(contentsOf: [UInt8(ascii: "\n")])
        try handle.close()
        return FettleModel.Digest(rawValue: hash.finalize().map { String(format: "%02x", $0) }.joined())
    }
}
