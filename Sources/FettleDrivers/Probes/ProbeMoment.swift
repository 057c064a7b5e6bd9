internal import FettleDriverKit
public import FettleModel

/// What an answer is held against: the act that it judges. Nothing older counts (I6).
public struct ProbeMoment: Sendable {
    /// When the act was over, by the controller's clock; nil: there was none, such as before a change.
    public var since: Timestamp?
    /// What acts noted before they began, by `LogMark.key`.
    public var marks: [String: String]
    /// The traffic of the resource's groups, for whoever asks the load balancer.
    public var traffic: [TrafficBinding]

    /// - Parameters: see the properties.
    public init(since: Timestamp? = nil, marks: [String: String] = [:], traffic: [TrafficBinding] = []) {
        self.since = since
        self.marks = marks
        self.traffic = traffic
    }

    public static let none = ProbeMoment()

    /// Of a step that judges what was done before it.
    init(_ context: StepContext) {
        since = context.intendedAt
        marks = context.prior?.details ?? [:]
        traffic = []
    }

    func asked(of resource: ResourceID, in plan: Plan) -> ProbeMoment {
        var moment = self
        moment.traffic = plan.groups(of: resource).compactMap(\.traffic)
        return moment
    }
}
