import Hummingbird

/// Nothing is changed here, so that only looking is answered. HEAD is what GET is without a body, also where that is an error: a body
/// would be read as the beginning of the next answer.
/// Source: RFC 9110, sections 9.3.2 and 15.5.6 (https://www.rfc-editor.org/rfc/rfc9110).
struct MethodCheck: RouterMiddleware {
    typealias Context = BasicRequestContext

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        switch request.method {
        case .get: return try await next(request, context)
        case .head:
            do {
                return try await next(request, context).createHeadResponse()
            } catch let error as any HTTPResponseError {
                return try error.response(from: request, context: context).createHeadResponse()
            }
        default:
            throw HTTPError(.methodNotAllowed, headers: [.allow: "GET, HEAD"], message: "it only shows: GET and HEAD")
        }
    }
}
