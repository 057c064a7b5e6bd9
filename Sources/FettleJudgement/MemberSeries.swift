public import FettleModel

/// What was seen of one member over a time.
public struct MemberSeries: Codable, Sendable, Equatable {
    public var member: ResourceID
    /// In the order of time.
    public var pulses: [Pulse]
    /// By the probe's name.
    public var answers: [String: ProbeSeries]

    public init(member: ResourceID, pulses: [Pulse] = [], answers: [String: ProbeSeries] = [:]) {
        self.member = member
        self.pulses = pulses
        self.answers = answers
    }
}

/// The answers of one probe.
public struct ProbeSeries: Codable, Sendable, Equatable {
    /// How often it was asked and answered, well or badly; what could not be asked is no answer.
    public var asked: Int
    public var failed: Int
    /// Of good answers of the service itself, in milliseconds; empty for probes that ask the host.
    public var milliseconds: [Double]

    public init(asked: Int = 0, failed: Int = 0, milliseconds: [Double] = []) {
        self.asked = asked
        self.failed = failed
        self.milliseconds = milliseconds
    }
}

/// Whom the patched members are compared with.
public enum BakeBasis: Sendable, Equatable {
    /// Members that were not patched, at the same time.
    case controls([MemberSeries])
    /// The same members before they were patched.
    case history([MemberSeries])
    /// Nothing: only what needs no comparison can be judged.
    case nothing(reason: String)

    var series: [MemberSeries] {
        switch self {
        case .controls(let series), .history(let series): series
        case .nothing: []
        }
    }

    /// Whether both sides were looked at together, so that what one moment did to both cancels out.
    var isConcurrent: Bool {
        if case .controls = self { true } else { false }
    }
}

/// What the judge says, with everything it rests on.
public struct BakeVerdict: Sendable, Equatable {
    /// `pass`, `fail` or `inconclusive`.
    public var verdict: GateVerdict
    /// In a line for people: why it is no pass, or what was compared.
    public var summary: String
    /// Failures first.
    public var rows: [JudgementRow]

    public init(verdict: GateVerdict, summary: String, rows: [JudgementRow]) {
        self.verdict = verdict
        self.summary = summary
        self.rows = rows
    }
}
