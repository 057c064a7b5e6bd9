internal import FettleDriverKit
internal import FettleModel

/// A target group of Elastic Load Balancing, by AWS's own command on the machine that the group names: what Fettle asks and does there,
/// and nothing else.
///
/// That command finds its credentials as it always does (the machine's role, its user's files), signs, and tries again where AWS says
/// that it may: Fettle sees no key.
struct TargetGroupClient: Sendable {
    let traffic: TrafficBinding
    let group: TargetGroupName
    let channels: any ChannelProvider
    var program = Self.program
    /// For messages.
    let place: String

    /// Found on the `PATH` of the system's programs.
    static let program = "aws"
    private static let timeout = Duration.seconds(60)
    /// A target group holds a thousand targets unless AWS was asked for more; each is told of in less than 1 KiB.
    private static let answerLimit = 8 * 1_024 * 1_024
    private static let noProgram: Int32 = 91

    init(
        _ traffic: TrafficBinding, channels: any ChannelProvider, program: String = Self.program
    ) throws(StepFailure) {
        let machine = SafeText.lastLines(of: traffic.via.rawValue) ?? "?"
        guard let group = TargetGroupName(traffic.endpoint), group.name == traffic.backend else {
            throw StepFailure(
                code: .refused,
                message: "elbv2 from \(machine): its endpoint must be the ARN of a target group, and its backend that "
                    + "group's name")
        }
        guard traffic.address.transport != .none else {
            throw StepFailure(
                code: .unreachable, message: "elbv2 from \(machine): the inventory says that Fettle cannot reach it")
        }
        self.traffic = traffic
        self.group = group
        self.channels = channels
        self.program = program
        place = "target group \(group.name) (\(group.region)), asked from \(machine)"
    }

    func look() async throws(StepFailure) -> TargetGroupView {
        let observedAt = Timestamp.now()
        let result = try await run("describe-target-health", targets: nil)
        guard let view = TargetGroupView(parsing: result.standardOutput, observedAt: observedAt) else {
            throw StepFailure(
                code: .internal, message: "\(place): what `aws` prints is not what DescribeTargetHealth answers")
        }
        return view
    }

    /// How the load balancer ends a target's connections.
    func drainRules() async throws(StepFailure) -> TargetDrainRules {
        let result = try await run("describe-target-group-attributes", targets: nil)
        guard let rules = TargetDrainRules(parsing: result.standardOutput) else {
            throw StepFailure(
                code: .internal,
                message: "\(place): what `aws` prints is not what DescribeTargetGroupAttributes answers")
        }
        return rules
    }

    func deregister(_ id: String, _ places: [TargetPlace]) async throws(StepFailure) {
        _ = try await run("deregister-targets", targets: (id, places))
    }

    func register(_ id: String, _ places: [TargetPlace]) async throws(StepFailure) {
        _ = try await run("register-targets", targets: (id, places))
    }

    func pause(_ time: Duration) async throws(StepFailure) {
        do { try await ContinuousClock().sleep(for: time) } catch {
            throw StepFailure(code: .timeout, message: "\(place): stopped while waiting")
        }
    }

    // MARK: Parts

    private func run(
        _ operation: String, targets: (id: String, places: [TargetPlace])?
    ) async throws(StepFailure) -> CommandResult {
        let result: CommandResult
        do throws(AccessError) {
            result = try await channels.channel(to: traffic.address)
                .run(
                    RemoteCommand(
                        script: script(operation, targets), timeout: Self.timeout, outputLimit: Self.answerLimit))
        } catch {
            var failure = StepFailure(error)
            failure.message = "\(place): \(error.description)"
            throw failure
        }
        guard result.succeeded else { throw failure(result) }
        return result
    }

    /// The parts hold nothing that a shell reads as more than a character: the ARN, ids, zones and numbers were looked at.
    private func script(_ operation: String, _ targets: (id: String, places: [TargetPlace])?) -> String {
        var words =
            "'\(program)' elbv2 \(operation) --region '\(group.region)' --output json "
            + "--cli-connect-timeout 10 --cli-read-timeout 20 --target-group-arn '\(group.arn)'"
        if let targets {
            let list = targets.places.map { place in
                #"{"Id":"\#(targets.id)","Port":\#(place.port)"#
                    + (place.zone.map { #","AvailabilityZone":"\#($0)""# } ?? "") + "}"
            }
            words += " --targets '[\(list.joined(separator: ","))]'"
        }
        return """
            command -v '\(program)' >/dev/null || exit \(Self.noProgram)
            AWS_PAGER= AWS_MAX_ATTEMPTS=3 AWS_RETRY_MODE=standard AWS_CLI_AUTO_PROMPT=off
            export AWS_PAGER AWS_MAX_ATTEMPTS AWS_RETRY_MODE AWS_CLI_AUTO_PROMPT
            \(words)
            """
    }

    private func failure(_ result: CommandResult) -> StepFailure {
        guard result.status != Self.noProgram else {
            return StepFailure(
                code: .refused, message: "\(place): there is no `aws` command: install awscli on that machine")
        }
        let said = SafeText.lastLines(of: result.errorText) ?? "status \(result.status)"
        return StepFailure(code: Self.code(of: result.errorText), message: "\(place): \(said)")
    }

    /// AWS names what was wrong: `An error occurred (AccessDenied) when calling …`.
    static func code(of text: String) -> StepFailure.Code {
        if let range = text.firstRange(of: "An error occurred ("),
            let end = text[range.upperBound...].firstIndex(of: ")")
        {
            switch text[range.upperBound..<end] {
            case "TargetGroupNotFound", "InvalidTarget", "ValidationError": return .drift
            case "Throttling", "ThrottlingException", "RequestLimitExceeded", "ServiceUnavailable", "InternalFailure",
                "InternalError", "RequestTimeout", "502", "503", "504":
                return .unreachable
            // Rights, credentials that have run out, and all that nobody foresaw: a person has to look.
            default: return .refused
            }
        }
        let network = ["Could not connect to the endpoint", "Connect timeout", "Read timeout", "Connection was closed"]
        return network.contains { text.contains($0) } ? .unreachable : .refused
    }
}
