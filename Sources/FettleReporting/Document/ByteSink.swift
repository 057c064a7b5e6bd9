/// Where a report's bytes go, piece by piece: a file, a pipe, an array in a test.
public typealias ByteSink = (_ bytes: [UInt8]) throws -> Void

/// Gathers small pieces, so that whoever takes them is not called for each.
struct GatheredBytes {
    private static let size = 64 << 10
    private var bytes: [UInt8] = []
    private let sink: ByteSink

    init(_ sink: @escaping ByteSink) {
        self.sink = sink
        bytes.reserveCapacity(Self.size + 4_096)
    }

    mutating func append(_ text: String) throws {
        bytes.append(contentsOf: text.utf8)
        if bytes.count >= Self.size { try flush() }
    }

    mutating func append(_ more: [UInt8]) throws {
        bytes.append(contentsOf: more)
        if bytes.count >= Self.size { try flush() }
    }

    mutating func flush() throws {
        guard !bytes.isEmpty else { return }
        try sink(bytes)
        bytes.removeAll(keepingCapacity: true)
    }
}
