internal import FettleDriverKit
internal import FettleModel

/// Why HAProxy's admin socket gave no answer, or not the one that was asked for.
struct HAProxyError: Error, Sendable, Equatable, CustomStringConvertible {
    var code: Code
    /// What is wrong, and where it can be mended, how.
    var message: String
    /// Where: the socket and the machine it is on.
    var place: String

    init(_ code: Code, _ message: String, place: String) {
        self.code = code
        self.message = message
        self.place = place
    }

    /// The channel to its machine failed.
    init(_ error: AccessError, place: String) {
        let code: Code =
            switch error.code {
            case .timeout: .timeout
            case .cancelled: .cancelled
            case .outputTooLarge: .malformed
            case .privilege: .permission
            default: .unreachable
            }
        self.init(code, error.description, place: place)
    }

    enum Code: Sendable, Equatable {
        /// HAProxy is not running, or its machine cannot be reached.
        case unreachable
        case timeout
        /// This user may not use the socket, or the socket may not change states.
        case permission
        /// Nothing on the machine can pass commands on to a UNIX socket.
        case noRelay
        /// The answer is not what HAProxy says.
        case malformed
        /// There is no such backend or server.
        case notFound
        /// HAProxy refused the command.
        case refused
        /// A name or a path that cannot be passed on safely.
        case invalidName
        case cancelled
    }

    var description: String { "\(place): \(message)" }

    var asStepFailure: StepFailure {
        let kind: StepFailure.Code =
            switch code {
            case .unreachable: .unreachable
            case .timeout, .cancelled: .timeout
            case .permission, .noRelay, .refused, .invalidName: .refused
            case .malformed: .internal
            case .notFound: .drift
            }
        return StepFailure(code: kind, message: description)
    }
}
