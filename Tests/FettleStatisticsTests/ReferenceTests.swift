import FettleStatistics
import Testing

/// What SciPy says, to the digits that both have.
@Suite struct ReferenceTests {
    @Test func theNormalDistributionIsThatOfSciPy() throws {
        for one in try Reference.all("quantile") {
            let value = Normal.quantile(try one.number("p"))
            #expect(agree(value, try one.number("result"), digits: 13) || abs(value) < 1e-15, "\(one)")
        }
        for one in try Reference.all("normalTail") {
            #expect(agree(Normal.upperTail(try one.number("z")), try one.number("result"), digits: 11), "\(one)")
        }
    }

    @Test func theBinomialTailIsThatOfSciPy() throws {
        for one in try Reference.all("binomialTail") {
            let value = Binomial.upperTail(
                from: try one.count("k"), in: try one.count("n"), each: try one.number("p"))
            #expect(agree(value, try one.number("result"), digits: 9), "\(value): \(one)")
        }
    }

    @Test func ratesAreComparedAsByTheExactBinomialTest() throws {
        for one in try Reference.all("rateRatio") {
            let value = try #require(
                RateRatioTest.higher(
                    events: one.count("events"), exposure: one.number("exposure"), controlEvents: one.count("control"),
                    controlExposure: one.number("controlExposure"), ratio: one.number("ratio")))
            #expect(agree(value, try one.number("result"), digits: 9), "\(value): \(one)")
        }
    }

    @Test func tablesAreComparedAsByFisher() throws {
        for one in try Reference.all("fisher") {
            let value = try #require(
                FisherExactTest.higher(
                    failures: one.count("failures"), of: one.count("attempts"),
                    controlFailures: one.count("control"), of: one.count("controlAttempts")))
            #expect(agree(value, try one.number("result"), digits: 9), "\(value): \(one)")
        }
    }

    @Test func samplesAreComparedAsByMannAndWhitneyTiesToo() throws {
        for one in try Reference.all("mannWhitney") {
            let test = try #require(MannWhitneyTest(one.list("a"), against: one.list("b")))
            #expect(test.statistic == (try one.number("statistic")))
            #expect(agree(test.larger, try one.number("greater"), digits: 10), "\(test): \(one)")
            #expect(agree(test.smaller, try one.number("less"), digits: 10), "\(test): \(one)")
        }
    }

    @Test func slopesAndTheirLimitsAreThoseOfTheilAndSen() throws {
        for one in try Reference.all("theilSen") {
            let points = zip(try one.list("x"), try one.list("y")).map { (x: $0, y: $1) }
            let line = try #require(TheilSenSlope(of: points, confidence: one.number("confidence")))
            for (value, name) in [
                (line.slope, "slope"), (line.intercept, "intercept"), (line.lower, "lower"), (line.upper, "upper"),
            ] {
                #expect(agree(value, try one.number(name), digits: 10), "\(name) \(value): \(one)")
            }
        }
    }
}
