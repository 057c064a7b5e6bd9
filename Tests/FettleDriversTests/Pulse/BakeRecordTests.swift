import FettleJudgement
import FettleModel
import Testing

@testable import FettleDrivers

/// What is kept of a bake that is longer than what can be kept.
@Suite struct BakeRecordTests {
    private func pulses(_ count: Int, crashAt: Int? = nil) throws -> [Pulse] {
        let record = BakeRecord()
        for number in 0..<count {
            var pulse = Pulse(at: Double(number), bootID: "b")
            if let crashAt, number % 15 == 0 { pulse.crashes = number >= crashAt ? ["SIGSEGV in /bin/orders": 1] : [:] }
            record.note(pulse, of: "web-1")
        }
        return try #require(record.series(of: ["web-1"]).first).pulses
    }

    @Test(arguments: [1, 2, 2_000, 2_001, 2_002, 4_003, 9_999, 43_200])
    func theFirstAndTheNewestPulseAreKeptAndTheOthersEvenly(count: Int) throws {
        let kept = try pulses(count).map(\.at)
        #expect(kept.first == 0 && kept.last == Double(count - 1))
        #expect(kept.count <= 2_001 && kept.count >= min(count, 1_000))
        #expect(kept == kept.sorted())
        let gaps = zip(kept, kept.dropFirst()).dropLast().map { $1 - $0 }
        #expect(Set(gaps).count <= 1, "\(Set(gaps))")
    }

    @Test func aPulseThatShowsANewCrashIsKept() throws {
        let kept = try pulses(20_000, crashAt: 10_005)
        #expect(kept.first { $0.crashes?.isEmpty == false }?.at == 10_005)
        #expect(kept.count <= 2_001)
    }

    @Test func theLastAnswersOfALongBakeCount() throws {
        let record = BakeRecord()
        for number in 0..<40_000 {
            let sample = ProbeSample(
                verdict: .pass, reason: "", observedAt: Timestamp(milliseconds: 0), milliseconds: Double(number))
            record.note(sample, of: nil, at: "web-1")
        }
        let answers = try #require(record.series(of: ["web-1"]).first?.answers["reachability"])
        #expect(answers.asked == 40_000 && answers.milliseconds.count <= 5_001)
        #expect(answers.milliseconds.count { $0 >= 20_000 } > 1_000)
        #expect(answers.milliseconds.last == 39_999)
    }
}
