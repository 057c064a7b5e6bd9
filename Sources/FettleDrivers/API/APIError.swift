import FettleModel

/// Why a question to a product's API has no answer.
struct APIError: Error, Sendable, Equatable, CustomStringConvertible {
    var code: Code
    /// One line for people; never holds what lets one in.
    var message: String
    /// Whether it is certain that nothing was begun. Where it is false only another look tells.
    var nothingRan: Bool
    /// Of the answer, where there was one and it says more than the code; nil: there was none, or it does not.
    var status: Int?

    enum Code: Sendable, Equatable {
        /// Nobody answers there, or who was asked does not reach what it was asked about.
        case unreachable
        case timeout
        /// What lets one in is refused, or does not let one do that; a certificate that does not hold; a parameter that is not taken.
        case refused
        /// It answers that it could not, with its own words.
        case failed
        /// What it answers is not what the documentation says.
        case garbage
        case cancelled
    }

    init(_ code: Code, _ message: String, nothingRan: Bool, status: Int? = nil) {
        self.code = code
        self.message = message
        self.nothingRan = nothingRan
        self.status = status
    }

    /// Of a question that only reads, or of an answer: nothing is under way because of it.
    static func garbage(_ message: String) -> APIError { APIError(.garbage, message, nothingRan: false) }

    var description: String { message }
}

extension StepFailure {
    /// What it means for a step. Whether something ran is left to the driver: it looks again.
    ///
    /// - Parameter product: whose API it is.
    init(_ error: APIError, of product: String) {
        let code: Code =
            switch error.code {
            case .unreachable: .unreachable
            case .timeout: .timeout
            case .refused: .refused
            // Something else is being done with it.
            case .failed where error.status == 409: .locked
            case .failed, .garbage, .cancelled: .internal
            }
        self.init(code: code, message: "\(product): \(error.message)")
    }
}
