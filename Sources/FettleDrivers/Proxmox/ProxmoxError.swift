import FettleModel

/// Why a question to Proxmox VE's API has no answer.
struct ProxmoxError: Error, Sendable, Equatable, CustomStringConvertible {
    var code: Code
    /// One line for people; never holds the token.
    var message: String
    /// Whether it is certain that nothing was begun. Where it is false only another look tells.
    var nothingRan: Bool

    enum Code: Sendable, Equatable {
        /// Nobody answers there, or the node that was asked does not reach the one that it was asked about.
        case unreachable
        case timeout
        /// The token is refused, or may not do that; a certificate that does not hold; a parameter that is not taken.
        case refused
        /// It answers that it could not, with its own words.
        case failed
        /// What it answers is not what the documentation says.
        case garbage
        case cancelled
    }

    init(_ code: Code, _ message: String, nothingRan: Bool) {
        self.code = code
        self.message = message
        self.nothingRan = nothingRan
    }

    /// Of a question that only reads, or of an answer: nothing is under way because of it.
    static func garbage(_ message: String) -> ProxmoxError { ProxmoxError(.garbage, message, nothingRan: false) }

    var description: String { message }
}

extension StepFailure {
    /// What it means for a step. Whether something ran is left to the driver: it looks again.
    init(_ error: ProxmoxError) {
        let code: Code =
            switch error.code {
            case .unreachable: .unreachable
            case .timeout: .timeout
            case .refused: .refused
            case .failed, .garbage, .cancelled: .internal
            }
        self.init(code: code, message: "Proxmox VE: \(error.message)")
    }
}
