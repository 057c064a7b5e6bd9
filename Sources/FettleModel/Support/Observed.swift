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

/// `{"value": …}`, or `{"notObserved": "the reason"}`.
extension Observed: Codable where Value: Codable {
    private enum Field: String, CodingKey { case value, notObserved, observed }
    /// Of the form of before, in which facts may be kept: `{"observed": {"_0": …}}` and `{"notObserved": {"reason": …}}`.
    private enum Earlier: String, CodingKey {
        case value = "_0"
        case reason
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Field.self)
        if container.contains(.value) {
            self = .observed(try container.decode(Value.self, forKey: .value))
        } else if container.contains(.observed) {
            let earlier = try container.nestedContainer(keyedBy: Earlier.self, forKey: .observed)
            self = .observed(try earlier.decode(Value.self, forKey: .value))
        } else if let earlier = try? container.nestedContainer(keyedBy: Earlier.self, forKey: .notObserved) {
            self = .notObserved(reason: try earlier.decode(String.self, forKey: .reason))
        } else {
            self = .notObserved(reason: try container.decode(String.self, forKey: .notObserved))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Field.self)
        switch self {
        case .observed(let value): try container.encode(value, forKey: .value)
        case .notObserved(let reason): try container.encode(reason, forKey: .notObserved)
        }
    }
}
