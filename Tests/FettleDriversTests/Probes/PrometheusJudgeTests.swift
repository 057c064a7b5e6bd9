import FettleModel
import Testing

@testable import FettleDrivers

/// Answers of Prometheus, held against a question at a fixed time.
@Suite("Answers of Prometheus")
struct PrometheusJudgeTests {
    static let now = Timestamp(milliseconds: 1_000_000)

    private func judge(
        _ json: String, _ condition: PrometheusQuestion.Condition = .below(value: 10), over: Int? = nil
    ) -> ProbeAnswer {
        let question = PrometheusQuestion(url: "http://p", query: "q", overSeconds: over, condition: condition)
        guard let reply = PrometheusReply.read(Array(json.utf8)) else { return .error("none of Prometheus") }
        return PrometheusJudge(question: question, samples: 3, maximumAge: 60, now: Self.now).judge(reply)
    }

    private func vector(_ values: String..., at time: String = "990") -> String {
        let series = values.enumerated().map { "{\"metric\":{\"n\":\"\($0)\"},\"value\":[\(time),\"\($1)\"]}" }
        return
            "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[\(series.joined(separator: ","))]}}"
    }

    private func matrix(_ values: [String], first: Int = 940) -> String {
        let samples = values.enumerated().map { "[\(first + 20 * $0),\"\($1)\"]" }.joined(separator: ",")
        return "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[{\"metric\":{},\"values\":"
            + "[\(samples)]}]}}"
    }

    @Test func everySeriesMustHold() {
        #expect(judge(vector("1")).verdict == .pass)
        #expect(judge(vector("1", "9.5", "-Inf")).verdict == .pass)
        let bad = judge(vector("1", "12"))
        #expect(bad.verdict == .fail && bad.reason.contains("n=\"1\"") && bad.reason.contains("12"))
        #expect(judge(vector("+Inf")).verdict == .fail)
        #expect(judge(vector("10")).verdict == .fail && judge(vector("10"), .atMost(value: 10)).verdict == .pass)
        #expect(judge(vector("10"), .above(value: 10)).verdict == .fail)
        #expect(judge(vector("10"), .atLeast(value: 10)).verdict == .pass)
    }

    @Test func whatIsMissingOrNoNumberIsDoubt() {
        #expect(judge(vector()).verdict == .inconclusive)
        #expect(judge(vector("NaN")).verdict == .inconclusive)
        #expect(judge(vector("1", "NaN")).verdict == .inconclusive)
        #expect(judge(vector("NaN", "12")).verdict == .fail, "one that is bad is bad whatever the others say")
        #expect(judge(vector("twelve")).verdict == .inconclusive)
        #expect(judge(vector("1", at: "930")).verdict == .inconclusive, "older than a minute")
        #expect(judge(vector("1", at: "1100")).verdict == .inconclusive, "of the future")
        let partial =
            "{\"status\":\"success\",\"warnings\":[\"store is away\"],\"data\":{\"resultType\":\"vector\","
            + "\"result\":[{\"metric\":{},\"value\":[990,\"1\"]}]}}"
        let answer = judge(partial)
        #expect(answer.verdict == .inconclusive && answer.reason.contains("store is away"))
        let broken = judge(partial.replacing("\"1\"", with: "\"12\""))
        #expect(broken.verdict == .fail, "known to break the limit, whatever else is missing")
        let histogram =
            "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":{},"
            + "\"histogram\":[990,{\"count\":\"1\"}]}]}}"
        #expect(judge(histogram).verdict == .inconclusive)
    }

    @Test func aRangeNeedsItsSamples() {
        #expect(judge(matrix(["1", "2", "3"]), over: 60).verdict == .pass)
        let few = judge(matrix(["1", "2"], first: 960), over: 60)
        #expect(few.verdict == .inconclusive && few.reason.contains("2 of 3"))
        #expect(judge(matrix(["1", "20", "3"]), over: 60).verdict == .fail)
        #expect(judge(matrix(["1", "2", "3"], first: 800), over: 60).verdict == .inconclusive, "it ended long ago")
        #expect(judge(matrix(["1", "NaN", "3"]), over: 60).verdict == .inconclusive)
    }

    @Test func aScalarIsOneSeries() {
        let json = "{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[990,\"1\"]}}"
        #expect(judge(json).verdict == .pass)
    }

    @Test(arguments: [
        "", "[]", "{}", "null", "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"parse error\"}",
        "{\"status\":\"success\",\"data\":{\"resultType\":\"string\",\"result\":[990,\"x\"]}}",
        "{\"status\":\"success\"}", "<html></html>",
        "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":{},\"value\":[\"a\",1]}]}}",
    ])
    func whatIsNoAnswerIsAnError(json: String) { #expect(judge(json).verdict == .error) }

    @Test func theAgeOfTheSampleBehindTheAnswerCounts() throws {
        let question = PrometheusQuestion(url: "http://p", query: "q", condition: .below(value: 10))
        let judge = PrometheusJudge(question: question, samples: 1, maximumAge: 60, now: Self.now)
        func age(_ json: String, since: Int64? = nil) throws -> GateVerdict {
            let reply = try #require(PrometheusReply.read(Array(json.utf8)))
            return judge.judgeAge(reply, of: .pass("x"), since: since.map { Timestamp(milliseconds: $0) }).verdict
        }
        #expect(try age(vector("980", at: "1000")) == .pass)
        #expect(try age(vector("980", "930", at: "1000")) == .inconclusive)
        #expect(try age(vector(at: "1000")) == .inconclusive)
        #expect(try age(vector("NaN", at: "1000")) == .inconclusive)
        #expect(try age(vector("980", at: "1000"), since: 985_000) == .inconclusive, "it is older than the act (I6)")
        #expect(try age(vector("990", at: "1000"), since: 985_000) == .pass)
    }

    @Test func whatIsAskedIsEncoded() {
        #expect(PrometheusProbe.encoded("a{b=~\"c|d\"} > 1 #é\n") == "a%7Bb%3D~%22c%7Cd%22%7D%20%3E%201%20%23%C3%A9%0A")
        #expect(PrometheusProbe.seconds(Timestamp(milliseconds: 1_795_668_940_007)) == "1795668940.007")
    }
}
