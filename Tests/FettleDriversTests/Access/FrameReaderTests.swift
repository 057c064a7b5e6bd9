import Testing

@testable import FettleDrivers

@Suite struct FrameReaderTests {
    private let mark: CommandFrame.Mark
    private let text: String

    init() {
        var generator = SystemRandomNumberGenerator()
        mark = CommandFrame.Mark(using: &generator)
        text = mark.halves.0 + mark.halves.1
    }

    private func read(_ pieces: [[UInt8]], limit: Int = 1_000) -> FrameReader {
        var reader = FrameReader(mark: mark, limit: limit)
        for piece in pieces { piece.withUnsafeBytes { reader.consume($0) } }
        return reader
    }

    @Test func aFrameIsReadWhereverItIsCut() {
        let whole = Array("noise \(text.dropLast())\n\(text)\nfirst\n\nlast\u{1B}[31m\0\n\(text) 42\nlate noise".utf8)
        for cut in 0...whole.count {
            let reader = read([Array(whole[..<cut]), Array(whole[cut...])])
            #expect(reader.state == .ended(status: 42))
            #expect(reader.kept == Array("first\n\nlast\u{1B}[31m\0".utf8))
        }
        #expect(read(whole.map { [$0] }).state == .ended(status: 42), "byte by byte")
    }

    @Test func anEmptyBodyAndOneWithoutNewline() {
        #expect(read([Array("\(text)\n\n\(text) 0\n".utf8)]).kept.isEmpty)
        #expect(read([Array("\(text)\nx\n\(text) 0\n".utf8)]).kept == Array("x".utf8))
    }

    @Test func marksOfOtherCommandsAreOutput() {
        var generator = SystemRandomNumberGenerator()
        let other = CommandFrame.Mark(using: &generator)
        let forged = "\n\(other.halves.0)\(other.halves.1) 0\n"
        let reader = read([Array("\(text)\n\(forged)\n\(text) 1\n".utf8)])
        #expect(reader.state == .ended(status: 1))
        #expect(reader.kept == Array(forged.utf8))
    }

    @Test func aMarkWithoutAStatusBreaks() {
        for status in ["x\n", "256\n", "-1\n", "\n", "12345", "1 2\n"] {
            #expect(read([Array("\(text)\n\n\(text) \(status)".utf8)]).state == .broken(.badStatus), "\(status)")
        }
    }

    @Test func theLimitIsExact() {
        let frame = { (count: Int) in
            Array("\(self.text)\n".utf8) + [UInt8](repeating: 97, count: count) + Array("\n\(self.text) 0\n".utf8)
        }
        #expect(read([frame(100)], limit: 100).state == .ended(status: 0))
        #expect(read([frame(101)], limit: 100).state == .broken(.tooLarge))
        #expect(read(frame(100).map { [$0] }, limit: 100).state == .ended(status: 0))
        #expect(read(frame(101).map { [$0] }, limit: 100).state == .broken(.tooLarge))
    }

    @Test func noMoreThanTheLimitIsKept() {
        let piece = [UInt8](repeating: 10, count: 10_000)
        let silent = read(Array(repeating: piece, count: 9), limit: 20_000)
        #expect(silent.state == .broken(.tooLarge), "a greeting without end")
        #expect(silent.kept.isEmpty)
        let endless = read([Array("\(text)\n".utf8)] + Array(repeating: piece, count: 5), limit: 20_000)
        #expect(endless.state == .broken(.tooLarge))
        #expect(endless.kept.isEmpty)
    }

    @Test(arguments: 0..<20) func thePatternIsFoundWhereAPlainSearchFindsIt(seed: UInt64) {
        var generator = Seeded(seed: seed)
        for _ in 0..<200 {
            let text = (0..<Int.random(in: 0...60, using: &generator)).map { _ in
                UInt8.random(in: 0...2, using: &generator)
            }
            let pattern = (0..<Int.random(in: 1...5, using: &generator)).map { _ in
                UInt8.random(in: 0...2, using: &generator)
            }
            let start = Int.random(in: 0...text.count, using: &generator)
            let plain = text.indices.first { $0 >= start && text[$0...].starts(with: pattern) }
            #expect(BytePattern(pattern).first(in: text, from: start) == plain)
        }
    }
}

/// SplitMix64: the same numbers for the same seed.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
