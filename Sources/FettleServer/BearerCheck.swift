import FettleControl
import Hummingbird

/// Lets nobody look who may not. Routes that were added before it are open.
/// Source: RFC 6750 (https://www.rfc-editor.org/rfc/rfc6750), by the header alone: an address would stand in logs.
struct BearerCheck: RouterMiddleware {
    typealias Context = BasicRequestContext

    let mayRead: ReadOnlyServer.ReadCheck

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let bearer = Self.bearer(request.headers[values: .authorization])
        do throws(ControlError) {
            try await mayRead(bearer)
        } catch {
            switch error.code {
            case .blocked where bearer != nil: throw HTTPError(.forbidden, message: error.message)
            case .blocked, .invalid:
                throw HTTPError(
                    .unauthorized, headers: [.wwwAuthenticate: "Bearer realm=\"fettle\""], message: error.message)
            default: throw HTTPError(.internalServerError, message: error.message)
            }
        }
        return try await next(request, context)
    }

    /// nil without exactly one header of that scheme.
    static func bearer(_ values: [String]) -> String? {
        guard values.count == 1, let value = values.first else { return nil }
        let words = value.split(separator: " ", omittingEmptySubsequences: true)
        guard words.count == 2, words[0].lowercased() == "bearer" else { return nil }
        return String(words[1])
    }
}
