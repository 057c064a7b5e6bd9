internal import FettleModel
internal import Foundation

/// An answer of the [HTTP API](https://prometheus.io/docs/prometheus/latest/querying/api/#format-overview).
struct PrometheusReply: Sendable, Equatable {
    var isSuccess: Bool
    var error: String?
    var warnings: [String]
    var resultType: String
    var series: [Series]

    struct Series: Sendable, Equatable {
        /// `{a="b"}`, for people.
        var name: String
        var samples: [Sample]
        /// Native histograms, which no limit can be held against.
        var hasHistograms = false
    }

    struct Sample: Sendable, Equatable {
        /// Seconds since 1970.
        var time: Double
        /// nil: no number at all.
        var value: Double?
    }

    /// - Returns: nil for what is no such answer.
    static func read(_ body: [UInt8]) -> PrometheusReply? {
        guard let json = try? JSONDecoder().decode(Wire.self, from: Data(body)) else { return nil }
        var reply = PrometheusReply(
            isSuccess: json.status == "success", error: json.error, warnings: json.warnings ?? [],
            resultType: json.data?.resultType ?? "", series: [])
        switch json.data?.result {
        case .series(let list): reply.series = list.map(series)
        case .scalar(let sample): reply.series = [Series(name: "its value", samples: [Self.sample(sample)])]
        case nil: break
        }
        return reply
    }

    private static func series(_ wire: Wire.Series) -> Series {
        let labels = (wire.metric ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\"\($0.value)\"" }
        let samples = (wire.values ?? []) + (wire.value.map { [$0] } ?? [])
        return Series(
            name: "{\(labels.joined(separator: ","))}", samples: samples.map(sample),
            hasHistograms: wire.histogram != nil || wire.histograms != nil)
    }

    private static func sample(_ wire: Wire.Sample) -> Sample { Sample(time: wire.time, value: Double(wire.value)) }

    private struct Wire: Decodable {
        var status: String
        var error: String?
        var warnings: [String]?
        var data: Body?

        struct Body: Decodable {
            var resultType: String
            var result: Results
        }

        enum Results: Decodable {
            case series([Series])
            case scalar(Sample)

            init(from decoder: any Decoder) throws {
                if let list = try? [Series](from: decoder) {
                    self = .series(list)
                } else {
                    self = .scalar(try Sample(from: decoder))
                }
            }
        }

        struct Series: Decodable {
            var metric: [String: String]?
            var value: Sample?
            var values: [Sample]?
            var histogram: Anything?
            var histograms: Anything?
        }

        struct Sample: Decodable {
            var time: Double
            var value: String

            init(from decoder: any Decoder) throws {
                var list = try decoder.unkeyedContainer()
                time = try list.decode(Double.self)
                value = try list.decode(String.self)
            }
        }

        struct Anything: Decodable {
            init(from decoder: any Decoder) throws {}
        }
    }
}

/// Holds an answer against the question. Pure: the time comes in.
struct PrometheusJudge: Sendable {
    let question: PrometheusQuestion
    let samples: Int
    let maximumAge: Int
    let now: Timestamp

    func judge(_ reply: PrometheusReply) -> ProbeAnswer {
        guard reply.isSuccess else {
            return .error(reply.error.flatMap { SafeText.lastLines(of: $0) } ?? "it reports an error")
        }
        guard ["vector", "matrix", "scalar"].contains(reply.resultType) else {
            return .error("the query gives no numbers")
        }
        // First: what is known to be bad is bad whatever else is missing.
        for series in reply.series {
            if let bad = series.samples.last(where: { $0.value.map(isViolation) ?? false })?.value {
                return .fail("\(Self.name(of: series)) is \(Self.words(bad)), not \(conditionWords)")
            }
        }
        if let warning = reply.warnings.first {
            return .inconclusive("the answer is partial: \(SafeText.lastLines(of: warning) ?? "a warning")")
        }
        guard !reply.series.isEmpty else { return .inconclusive("the query finds no series") }
        for series in reply.series {
            if let problem = problem(of: series) { return .inconclusive("\(Self.name(of: series)): \(problem)") }
        }
        guard reply.series.count == 1 else { return .pass("all \(reply.series.count) series are \(conditionWords)") }
        let last = reply.series[0].samples.last?.value.map { "\(Self.words($0)), " } ?? ""
        return .pass("it is \(last)\(conditionWords)")
    }

    private static func name(of series: PrometheusReply.Series) -> String {
        SafeText.lastLines(of: series.name) ?? "a series"
    }

    /// NaN violates nothing: it is doubt, not an answer.
    private func isViolation(_ value: Double) -> Bool { !value.isNaN && !question.condition.holds(for: value) }

    private func problem(of series: PrometheusReply.Series) -> String? {
        if series.hasHistograms { return "a histogram is no number" }
        if series.samples.contains(where: { $0.value?.isNaN ?? true }) { return "not every value is a number" }
        guard let newest = series.samples.map(\.time).max() else { return "no sample" }
        let least = question.overSeconds == nil ? 1 : samples
        guard series.samples.count >= least else { return "\(series.samples.count) of \(least) samples" }
        return agesProblem(newest)
    }

    private func agesProblem(_ time: Double) -> String? {
        guard time.isFinite else { return "the time of its newest sample is none" }
        let age = Double(now.milliseconds) / 1_000 - time
        if age > Double(maximumAge) {
            return "its newest sample is \(Self.words(age.rounded())) s old, \(maximumAge) s may be"
        }
        // Ahead of the controller by more than the same: the clocks cannot both be right.
        return age < -Double(maximumAge) ? "its newest sample is of the future: compare the clocks" : nil
    }

    /// - Parameters:
    ///   - ages: of `timestamp(query)`: for a plain selector the time of each sample, for anything else the time of asking.
    ///   - answer: what was judged by the values; stands if none is too old.
    ///   - since: when the act was over.
    func judgeAge(_ ages: PrometheusReply, of answer: ProbeAnswer, since: Timestamp?) -> ProbeAnswer {
        let byValue = judgeTimes(ages)
        guard byValue.verdict == .pass else { return byValue }
        let oldest = ages.series.compactMap { $0.samples.last?.value }.min() ?? 0
        if let since, oldest * 1_000 < Double(since.milliseconds) {
            return .inconclusive("its newest sample is older than the change")
        }
        return answer
    }

    private func judgeTimes(_ ages: PrometheusReply) -> ProbeAnswer {
        guard ages.isSuccess, !ages.series.isEmpty else { return .inconclusive("how old its samples are is not told") }
        if let warning = ages.warnings.first {
            return .inconclusive("the answer is partial: \(SafeText.lastLines(of: warning) ?? "a warning")")
        }
        for series in ages.series {
            guard let time = series.samples.last?.value else { return .inconclusive("how old a sample is is not told") }
            if let problem = agesProblem(time) { return .inconclusive(problem) }
        }
        return .pass("")
    }

    private var conditionWords: String {
        let limit = question.condition.words
        let name =
            switch limit.name {
            case "atMost": "at most"
            case "atLeast": "at least"
            default: limit.name
            }
        return "\(name) \(Self.words(limit.limit))"
    }

    private static func words(_ value: Double) -> String { Int64(exactly: value).map { String($0) } ?? "\(value)" }
}
