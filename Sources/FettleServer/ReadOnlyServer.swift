public import FettleControl
import FettleModel
public import FettleReporting
import Hummingbird
import Logging

/// Findings, runs and quarantine over HTTP, for this machine alone. It decodes, calls a service, encodes; it changes nothing.
public struct ReadOnlyServer: Sendable {
    let service: OverviewService
    let judgement: Judgement
    let port: Int

    /// What is urgent and why, as it stands when it is asked; nil: the fleet was never looked at.
    public typealias Judgement = @Sendable () async throws -> JudgementSummary?

    public init(service: OverviewService, judgement: @escaping Judgement, port: Int) {
        self.service = service
        self.judgement = judgement
        self.port = port
    }

    /// Serves until the process is told to stop (SIGINT or SIGTERM).
    public func run() async throws {
        var logger = Logger(label: "fettle.server")
        logger.logLevel = .warning
        let application = Application(
            router: Routes.make(service, judgement), configuration: .init(address: .hostname("127.0.0.1", port: port)),
            logger: logger)
        try await application.runService()
    }
}
