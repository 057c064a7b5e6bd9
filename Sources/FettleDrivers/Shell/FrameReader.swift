/// Reads one stream of one frame from whatever pieces come, and keeps no more than the limit.
///
/// Pure: bytes in, state out. What comes before the mark (a login shell's greeting, a late word of an earlier command)
/// is dropped; what comes after the end is dropped too.
struct FrameReader {
    enum State: Equatable {
        case beforeBegin
        case inBody
        case ended(status: Int32)
        case broken(Violation)
    }

    enum Violation: Equatable {
        /// More came than may be kept.
        case tooLarge
        /// The mark came, but no status with it.
        case badStatus
    }

    private(set) var state = State.beforeBegin
    /// The body so far, and while it is not ended what may be the beginning of the mark; after the end exactly the
    /// body.
    private(set) var kept: [UInt8] = []
    private let begin: BytePattern
    private let end: BytePattern
    private let limit: Int
    /// What may come before the beginning, however little the command may write.
    static let noiseLimit = 64 * 1_024
    /// Bytes dropped before the beginning.
    private var dropped = 0
    /// Where in `kept` a mark that was not seen yet can begin.
    private var unscanned = 0

    init(mark: CommandFrame.Mark, limit: Int) {
        begin = BytePattern(mark.begin)
        end = BytePattern(mark.end)
        self.limit = limit
    }

    var isFinished: Bool {
        switch state {
        case .beforeBegin, .inBody: false
        case .ended, .broken: true
        }
    }

    mutating func consume(_ bytes: UnsafeRawBufferPointer) {
        guard !isFinished else { return }
        kept.append(contentsOf: bytes)
        if state == .beforeBegin { lookForBegin() }
        if state == .inBody { lookForEnd() }
        if case .broken = state { kept = [] }
    }

    private mutating func lookForBegin() {
        if let position = begin.first(in: kept, from: 0) {
            kept.removeFirst(position + begin.count)
            state = .inBody
            return
        }
        let useless = max(0, kept.count - (begin.count - 1))
        kept.removeFirst(useless)
        dropped += useless
        if dropped > max(limit, Self.noiseLimit) { state = .broken(.tooLarge) }
    }

    private mutating func lookForEnd() {
        guard let position = end.first(in: kept, from: unscanned) else {
            unscanned = max(0, kept.count - (end.count - 1))
            if unscanned > limit { state = .broken(.tooLarge) }
            return
        }
        unscanned = position
        guard position <= limit else {
            state = .broken(.tooLarge)
            return
        }
        let tail = kept[(position + end.count)...]
        guard let newline = tail.firstIndex(of: UInt8(ascii: "\n")) else {
            if tail.count > 3 { state = .broken(.badStatus) }
            return
        }
        guard let status = Int32(String(decoding: tail[..<newline], as: UTF8.self)), (0...255).contains(status) else {
            state = .broken(.badStatus)
            return
        }
        kept.removeSubrange(position...)
        state = .ended(status: status)
    }

}

/// Finds one sequence of bytes, fast (Horspool's algorithm: looks at one byte of 34 where nothing is to be found),
/// since a command's output can be 100 MB.
struct BytePattern {
    let bytes: [UInt8]
    /// For each byte, how far the pattern can be moved on when that byte stands under its last place.
    private let shifts: [UInt8]

    var count: Int { bytes.count }

    /// - Parameter bytes: 1 to 255 of them.
    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var shifts = [UInt8](repeating: UInt8(clamping: bytes.count), count: 256)
        for (index, byte) in bytes.dropLast().enumerated() {
            shifts[Int(byte)] = UInt8(clamping: bytes.count - 1 - index)
        }
        self.shifts = shifts
    }

    /// The first place at or after `start` where the pattern stands.
    func first(in text: [UInt8], from start: Int) -> Int? {
        text.withUnsafeBufferPointer { text in
            bytes.withUnsafeBufferPointer { bytes in
                shifts.withUnsafeBufferPointer { shifts in
                    let last = bytes.count - 1
                    var position = start
                    while position + last < text.count {
                        let end = text[position + last]
                        if end == bytes[last], (0..<last).allSatisfy({ text[position + $0] == bytes[$0] }) {
                            return position
                        }
                        position += Int(shifts[Int(end)])
                    }
                    return nil
                }
            }
        }
    }
}
