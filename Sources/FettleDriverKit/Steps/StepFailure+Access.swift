public import FettleModel

extension StepFailure {
    /// What an error of access means for a step. Whether something ran is left to the driver: it looks again.
    public init(_ error: AccessError) {
        let code: Code =
            switch error.code {
            case .unreachable, .disconnected: .unreachable
            case .timeout: .timeout
            case .authentication, .hostKey, .privilege, .invalidCommand: .refused
            case .outputTooLarge, .protocolViolation, .spawn, .cancelled: .internal
            }
        self.init(code: code, message: error.description)
    }
}
