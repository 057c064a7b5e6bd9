import FettleStatistics
import Testing

/// What measurements really look like on a quiet host: nothing counted, all the same, or no number at all.
@Suite struct DegenerateTests {
    @Test func whereNothingHappenedNothingSpeaksForADifference() {
        #expect(RateRatioTest.higher(events: 0, exposure: 60, controlEvents: 0, controlExposure: 60) == 1)
        #expect(RateRatioTest.higher(events: 0, exposure: 60, controlEvents: 9, controlExposure: 60) == 1)
        #expect(FisherExactTest.higher(failures: 0, of: 0, controlFailures: 0, of: 0) == 1)
        #expect(FisherExactTest.higher(failures: 5, of: 5, controlFailures: 0, of: 0) == 1)
        #expect(FisherExactTest.higher(failures: 5, of: 5, controlFailures: 5, of: 5) == 1)
        let same = MannWhitneyTest([3, 3, 3], against: [3, 3, 3, 3, 3, 3, 3, 3, 3])
        #expect(same?.larger == 1 && same?.smaller == 1 && same?.superiority == 0.5)
        let flat = TheilSenSlope(of: (0..<50).map { (x: Double($0), y: 7) })
        #expect(flat?.slope == 0 && flat?.lower == 0 && flat?.upper == 0)
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func whatIsNoNumberIsNotCompared(value: Double) {
        #expect(MannWhitneyTest([value], against: [1]) == nil)
        #expect(MannWhitneyTest([1], against: [1, value]) == nil)
        #expect(TheilSenSlope(of: [(0, 1), (1, value)]) == nil)
        #expect(TheilSenSlope(of: [(0, 1), (value, 1)]) == nil)
        #expect(RateRatioTest.higher(events: 1, exposure: value, controlEvents: 1, controlExposure: 1) == nil)
        #expect(RateRatioTest.higher(events: 1, exposure: 1, controlEvents: 1, controlExposure: 1, ratio: value) == nil)
    }

    @Test func whatIsNoCountIsNotCompared() {
        #expect(RateRatioTest.higher(events: -1, exposure: 1, controlEvents: 1, controlExposure: 1) == nil)
        #expect(RateRatioTest.higher(events: .max, exposure: 1, controlEvents: 1, controlExposure: 1) == nil)
        #expect(RateRatioTest.higher(events: 1, exposure: 0, controlEvents: 1, controlExposure: 1) == nil)
        #expect(FisherExactTest.higher(failures: 2, of: 1, controlFailures: 0, of: 1) == nil)
        #expect(FisherExactTest.higher(failures: -1, of: 1, controlFailures: 0, of: 1) == nil)
        #expect(FisherExactTest.higher(failures: 1, of: .max, controlFailures: 0, of: 1) == nil)
        #expect(MannWhitneyTest([], against: [1]) == nil)
        #expect(TheilSenSlope(of: [(1, 1)]) == nil)
        #expect(TheilSenSlope(of: [(1, 1), (1, 2)]) == nil)
        #expect(TheilSenSlope(of: (0...TheilSenSlope.maximumPoints).map { (x: Double($0), y: 0) }) == nil)
    }

    /// The tails of a distribution, by whatever way they are summed, go from 1 to 0 and never back.
    @Test(arguments: [1, 2, 9, 16, 17, 60, 1_001], [1e-12, 0.01, 0.5, 0.99, 1])
    func aTailOnlyFalls(trials: Int, probability: Double) {
        var last = 1.0
        var sum = 0.0
        for count in 0...trials {
            let tail = Binomial.upperTail(from: count, in: trials, each: probability)
            #expect(tail <= last + 1e-12 && tail >= 0)
            last = tail
            sum += Binomial.probability(of: count, in: trials, each: probability)
        }
        #expect(abs(sum - 1) < 1e-11)
        #expect(Binomial.upperTail(from: trials + 1, in: trials, each: probability) == 0)
    }

    /// Larger here is smaller there, exactly.
    @Test func turnedRoundATestSaysTheSame() {
        var random = Draws(state: 20_261_126)
        for _ in 0..<200 {
            let (n, m) = (Int.random(in: 1...30, using: &random), Int.random(in: 1...30, using: &random))
            let a = (0..<n).map { _ in Double(Int.random(in: 0...20, using: &random)) }
            let b = (0..<m).map { _ in Double(Int.random(in: 0...20, using: &random)) }
            let (one, other) = (MannWhitneyTest(a, against: b), MannWhitneyTest(b, against: a))
            #expect(agree(one?.larger ?? -1, other?.smaller ?? -2, digits: 10), "\(a) \(b)")
            #expect(one?.superiority ?? 0 >= 0 && one?.superiority ?? 2 <= 1)
        }
    }
}

/// The same numbers every time: a linear congruential generator with Knuth's constants of MMIX.
private struct Draws: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 33)
    }
}
