import FettleModel
import FettleSimulation
import Foundation

/// How much time of one processor planning and playing take, each told apart; and a digest of all that the plays showed, to be
/// compared after a change that must not change any play.
enum Rates {
    /// - Parameter numbers: the first seed, the end, how often each fleet is played, each time with other dice, and how many
    ///   hosts each has; fleets of all sizes and kinds if that is not said.
    static func run(_ numbers: [UInt64]) throws {
        guard numbers.count >= 2, numbers[0] < numbers[1] else {
            print("usage: disasters rates FROM TO [PLAYS [HOSTS]]")
            exit(64)
        }
        let size = numbers.count > 3 ? Int(clamping: numbers[3]) : nil
        var (planning, indexing, playing) = (Rate(), Rate(), Rate())
        var (hosts, lines) = (0, 0)
        var digest: UInt64 = 0
        for seed in numbers[0]..<numbers[1] {
            let scene = planning.measure {
                size.map { SampledFleets.scene(seed, hosts: $0) } ?? SampledFleets.scene(seed)
            }
            guard let scene, !scene.plan.steps.isEmpty else { continue }
            let (plan, surroundings) = (scene.plan, scene.surroundings)
            let blank = try indexing.measure { try DisasterPlay(plan, seed: seed, surroundings: surroundings) }
            for time in 0..<(numbers.count > 2 ? max(1, numbers[2]) : 1) {
                let result = try playing.measure {
                    var play = try DisasterPlay(
                        plan, seed: seed &+ time &* 0x1_0000_0000, like: blank, surroundings: surroundings)
                    return try play.play()
                }
                hosts += plan.targets.count
                lines += result.journal.count
                digest ^= result.digest
            }
        }
        print("\(playing.count) runs of \(hosts) hosts, \(lines) journal lines, digest \(String(digest, radix: 16))")
        print(
            "on one processor, a second: \(planning) plans with their fleets, \(indexing) looks through them, "
                + "\(playing) runs, which is \(playing.times(hosts) / 20) times twenty hosts")
    }
}

/// How often something was done, and in how much time of its own thread.
struct Rate: CustomStringConvertible {
    private(set) var count = 0
    private var nanoseconds: UInt64 = 0

    mutating func measure<Value>(_ body: () throws -> Value) rethrows -> Value {
        let before = threadTime()
        defer {
            count += 1
            nanoseconds += threadTime() - before
        }
        return try body()
    }

    var description: String { "\(times(count))" }

    /// To two places.
    var seconds: Double { (Double(nanoseconds) / 1e7).rounded() / 100 }

    /// How much of something that was done in all of that time is done in a second.
    func times(_ amount: Int) -> Int { Int(Double(amount) / max(Double(nanoseconds) / 1e9, 1e-9)) }

    private func threadTime() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

extension DisasterResult {
    /// FNV-1a over everything that the play showed.
    fileprivate var digest: UInt64 {
        let words = story + violations + journal.map { "\($0)" } + met.sorted().map(\.rawValue) + ["\(seed) \(seconds)"]
        return words.reduce(0xcbf2_9ce4_8422_2325) { hash, line in
            line.utf8.reduce(hash) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        }
    }
}
