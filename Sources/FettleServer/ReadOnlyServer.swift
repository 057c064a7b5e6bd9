public import FettleControl
import FettleModel
import Hummingbird
import Logging

/// Findings, runs and quarantine over HTTP, for this machine alone. It decodes, calls a service, encodes; it changes nothing.
public struct ReadOnlyServer: Sendable {
    let service: OverviewService
    let port: Int

    public init(service: OverviewService, port: Int) {
        self.service = service
        self.port = port
    }

    /// Serves until the process is told to stop (SIGINT or SIGTERM).
    public func run() async throws {
        var logger = Logger(label: "fettle.server")
        logger.logLevel = .warning
        let application = Application(
            router: Routes.make(service), configuration: .init(address: .hostname("127.0.0.1", port: port)),
            logger: logger)
        try await application.runService()
    }
}
