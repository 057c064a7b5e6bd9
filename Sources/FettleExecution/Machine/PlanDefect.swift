public import FettleModel

/// Why a plan cannot be carried out at all.
public struct PlanDefect: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable, CaseIterable {
        case duplicateStep, unknownDependency, neverBroughtBack, noDriver
        /// An order with a turn in which nobody stands, or with a resource in two places.
        case malformedOrder
        /// A target names a window that the plan doesn't have.
        case unknownWindow
    }

    public var code: Code
    /// nil: the defect is not one step's.
    public var step: StepID?
    public var message: String

    public init(code: Code, step: StepID?, message: String) {
        self.code = code
        self.step = step
        self.message = message
    }

    public var description: String { message }
}
