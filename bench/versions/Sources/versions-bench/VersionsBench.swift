import FettleVersions
import Glibc

/// Compares pairs of versions from a file of lines `left<TAB>right`, again and again, and prints
/// `millions of compares a second<TAB>checksum`. The checksum is the sum of the answers of one pass, so that two
/// programs show that they did the same work.
///
///     versions-bench PAIRS SCHEME ROUNDS
@main
struct VersionsBench {
    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let scheme = VersionScheme(rawValue: arguments[2]), let rounds = Int(arguments[3]),
            let pairs = Pairs(file: arguments[1])
        else {
            print("usage: versions-bench PAIRS SCHEME ROUNDS")
            exit(2)
        }
        var checksum = 0
        // The best of the rounds, in the processor's time: what else the machine did meanwhile is not ours.
        var best = Double.infinity
        for _ in 0..<rounds {
            let start = processorSeconds()
            checksum = pairs.compareAll(scheme)
            best = min(best, processorSeconds() - start)
        }
        print("\(Double(pairs.count) / best / 1e6)\t\(checksum)")
    }

    private static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

/// All texts in one buffer, each with a zero byte behind it, which the peer needs; and where each begins.
struct Pairs {
    private var text: [UInt8] = []
    private var bounds: [Int32] = [0]

    var count: Int { bounds.count / 2 }

    init?(file: String) {
        guard let stream = fopen(file, "rb") else { return nil }
        defer { fclose(stream) }
        while true {
            let byte = getc(stream)
            if byte == EOF { break }
            let isEnd = byte == 0x09 || byte == 0x0A
            text.append(isEnd ? 0 : UInt8(truncatingIfNeeded: byte))
            if isEnd { bounds.append(Int32(text.count)) }
        }
    }

    func compareAll(_ scheme: VersionScheme) -> Int {
        var sum = 0
        let text = text.span
        let bounds = bounds.span
        var index = 0
        while index + 2 < bounds.count {
            let start = Int(bounds[index])
            let middle = Int(bounds[index + 1])
            let end = Int(bounds[index + 2])
            sum &+= scheme.compare(text.extracting(start..<(middle - 1)), text.extracting(middle..<(end - 1))).rawValue
            index += 2
        }
        return sum
    }
}
