import FettleModel
internal import Foundation
import Synchronization

/// The API of one cluster, which every one of its nodes answers for all.
final class ProxmoxClient: Sendable {
    private let transport: any ProxmoxTransport
    /// Asked in this order, beginning with the one that answered last.
    private let hosts: [String]
    private let first = Mutex(0)
    private let end: ContinuousClock.Instant?

    /// - Parameter limit: for all that is asked together; nil: whoever asks has a limit of its own.
    init(_ transport: any ProxmoxTransport, hosts: [String], within limit: Duration? = nil) {
        self.transport = transport
        self.hosts = hosts
        end = limit.map { .now + $0 }
    }

    /// - Throws: `garbage` for an answer that is not `Value`, whole.
    func get<Value: Decodable>(_ request: ProxmoxRequest, as type: Value.Type) async throws(APIError) -> Value {
        try Self.decode(try await send(request), type, request)
    }

    /// - Returns: the task that does it.
    func begin(_ request: ProxmoxRequest, on node: String) async throws(APIError) -> ProxmoxTask.Name {
        let text = try Self.decode(try await send(request), String.self, request)
        guard let name = ProxmoxTask.Name(text), name.node == node else {
            throw .garbage("it does not name the task that it has begun")
        }
        return name
    }

    func act(_ request: ProxmoxRequest) async throws(APIError) { _ = try await send(request) }

    // MARK: Parts

    private struct Envelope<Value: Decodable>: Decodable { var data: Value }

    /// Another host is asked only where the one before has certainly begun nothing.
    private func send(_ request: ProxmoxRequest) async throws(APIError) -> APIAnswer {
        if let end, end < .now { throw APIError(.timeout, "its answers take too long", nothingRan: true) }
        var last = APIError(.unreachable, "no host is known to ask", nothingRan: true)
        let start = first.withLock { $0 }
        for offset in hosts.indices {
            let place = (start + offset) % hosts.count
            do throws(APIError) {
                let answer = try await transport.send(request, to: hosts[place])
                first.withLock { $0 = place }
                return try Self.required(answer)
            } catch {
                guard Self.isWorthAnother(error, request) else { throw error }
                last = error
            }
        }
        throw last
    }

    private static func isWorthAnother(_ error: APIError, _ request: ProxmoxRequest) -> Bool {
        switch error.code {
        case .unreachable, .timeout: error.nothingRan || request.method == .get
        // A certificate that does not hold: nothing was sent, and the others have their own.
        case .refused: error.nothingRan
        case .failed, .garbage, .cancelled: false
        }
    }

    /// Proxmox VE says what was wrong behind the status; which parameter, in the body.
    private static func required(_ answer: APIAnswer) throws(APIError) -> APIAnswer {
        guard !(200..<300).contains(answer.status) else { return answer }
        let words = words(answer)
        switch answer.status {
        case 400: throw APIError(.refused, "it does not take what was asked: \(words)", nothingRan: false)
        case 401: throw APIError(.refused, "it does not take the token: \(words)", nothingRan: false)
        case 403: throw APIError(.refused, "the token may not do that: \(words)", nothingRan: false)
        // Its own: the node that was asked does not reach the one that it was asked about.
        case 595...599: throw APIError(.unreachable, words, nothingRan: false)
        default: throw APIError(.failed, words, nothingRan: false)
        }
    }

    private struct Complaint: Decodable { var errors: [String: String]? }

    private static func words(_ answer: APIAnswer) -> String {
        let errors = (try? JSONDecoder().decode(Complaint.self, from: Data(answer.body)))?.errors ?? [:]
        let parts = [answer.reason] + errors.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        let text = FactText.decode(parts.joined(separator: "\n").utf8)
        return "\(answer.status) " + (SafeText.lastLines(of: text) ?? "without a word")
    }

    private static func decode<Value: Decodable>(
        _ answer: APIAnswer, _ type: Value.Type, _ request: ProxmoxRequest
    ) throws(APIError) -> Value {
        do {
            return try JSONDecoder().decode(Envelope<Value>.self, from: Data(answer.body)).data
        } catch let error as APIError {
            throw error
        } catch {
            throw .garbage(
                "what it answers to /\(request.path.joined(separator: "/")) is not as its documentation says")
        }
    }
}

extension StepFailure {
    init(proxmox error: APIError) { self.init(error, of: "Proxmox VE") }
}
