/// What collecting a fact gave: a value, or the reason why there is none. "Not observed" is not "no".
public enum Observed<Value: Sendable>: Sendable {
    case observed(Value)
    case notObserved(reason: String)

    public var value: Value? {
        if case .observed(let value) = self { value } else { nil }
    }

    public var reasonMissing: String? {
        if case .notObserved(let reason) = self { reason } else { nil }
    }
}

extension Observed: Equatable where Value: Equatable {}
extension Observed: Codable where Value: Codable {}
