import FettleControl
import FettleModel
import FettleReporting
import Foundation
import Hummingbird

/// The routes, each a line: which service answers it, in which form.
enum Routes {
    static func make(
        _ service: OverviewService, _ judgement: @escaping ReadOnlyServer.Judgement,
        _ mayRead: @escaping ReadOnlyServer.ReadCheck
    ) -> Router<BasicRequestContext> {
        let router = Router(options: .autoGenerateHeadEndpoints)
        router.add(middleware: MethodCheck())
        router.add(middleware: HostCheck())
        router.get("healthz") { _, _ in "ok\n" }
        router.add(middleware: BearerCheck(mayRead: mayRead))
        router.get("api/v1/overview") { _, _ in try await json { try await service.overview() } }
        router.get("api/v1/findings") { _, _ in try await json { try await service.findings() } }
        router.get("api/v1/judgement") { _, _ in try await json { try await judgement() } }
        router.get("api/v1/runs/:run/journal") { _, context in
            let run = try context.parameters.require("run")
            return try await json { try await service.journal(of: RunID(run)) }
        }
        router.get("api/v1/obligations") { _, _ in try await json { try await service.obligations() } }
        router.get("changes.ics") { _, _ in
            plain(try await service.calendarFeed().text(at: .now()), type: "text/calendar; charset=utf-8")
        }
        router.get("metrics") { _, _ in
            plain(Metrics.text(try await service.overview()), type: "text/plain; version=0.0.4; charset=utf-8")
        }
        router.get("/") { _, _ in
            plain(
                OverviewPage.html(try await service.overview(), judgement: try await judgement()),
                type: "text/html; charset=utf-8")
        }
        return router
    }

    private static func json(_ value: () async throws -> (some Encodable)?) async throws -> Response {
        do {
            guard let value = try await value() else { throw HTTPError(.notFound, message: "nothing yet") }
            return plain(
                String(decoding: try CanonicalJSON.encode(value), as: UTF8.self), type: "application/json")
        } catch let error as ControlError {
            throw HTTPError(error.code == .notFound ? .notFound : .internalServerError, message: error.message)
        }
    }

    private static func plain(_ text: String, type: String) -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: type, .cacheControl: "no-store",
                .contentSecurityPolicy: "default-src 'none'; style-src 'unsafe-inline'",
                .xContentTypeOptions: "nosniff",
            ], body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}

/// Refuses requests that name another host than this machine: a page elsewhere whose name was made to resolve to 127.0.0.1
/// (DNS rebinding) must not read from here.
struct HostCheck: RouterMiddleware {
    typealias Context = BasicRequestContext

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let name = request.head.authority?.split(separator: ":").first.map(String.init)
        guard let name, ["127.0.0.1", "localhost"].contains(name) else {
            throw HTTPError(.misdirectedRequest, message: "ask for 127.0.0.1 or localhost")
        }
        return try await next(request, context)
    }
}
