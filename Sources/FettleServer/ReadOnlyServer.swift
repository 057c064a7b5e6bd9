public import FettleControl
import FettleModel
public import FettleReporting
import Hummingbird
import Logging

/// Findings, runs and quarantine over HTTP, for this machine alone. It decodes, calls a service, encodes; it changes nothing. As soon
/// as users are kept whoever looks shows a token.
public struct ReadOnlyServer: Sendable {
    let service: OverviewService
    let judgement: Judgement
    let mayRead: ReadCheck
    let port: Int

    /// What is urgent and why, as it stands when it is asked; nil: the fleet was never looked at.
    public typealias Judgement = @Sendable () async throws -> JudgementSummary?

    /// Whether somebody who shows this may look; throws where they may not. nil: they show nothing.
    public typealias ReadCheck = @Sendable (_ bearer: String?) async throws(ControlError) -> Void

    /// - Parameters:
    ///   - mayRead: asked for each request but the one for the server's own health.
    ///   - port: on 127.0.0.1.
    public init(
        service: OverviewService, judgement: @escaping Judgement, mayRead: @escaping ReadCheck, port: Int
    ) {
        self.service = service
        self.judgement = judgement
        self.mayRead = mayRead
        self.port = port
    }

    /// Serves until the process is told to stop (SIGINT or SIGTERM).
    public func run() async throws {
        var logger = Logger(label: "fettle.server")
        logger.logLevel = .warning
        let application = Application(
            router: Routes.make(service, judgement, mayRead),
            configuration: .init(address: .hostname("127.0.0.1", port: port)),
            logger: logger)
        try await application.runService()
    }
}
