/// The steps that one step waits for, by their names. Nearly every step waits for one, and a plan of a large fleet has a million of
/// them: one name needs no list of its own.
///
/// Coded as the list of names.
public struct AwaitedSteps: Sendable, Hashable, RandomAccessCollection {
    /// More than one name stands in a list, so that equal names are equal values.
    private enum Names: Hashable {
        case none
        case one(StepID)
        case several([StepID])
    }

    private let names: Names

    public init() { names = .none }
    public init(_ name: StepID) { names = .one(name) }

    public init(_ list: [StepID]) {
        names =
            switch list.count {
            case 0: .none
            case 1: .one(list[0])
            default: .several(list)
            }
    }

    public var startIndex: Int { 0 }

    public var endIndex: Int {
        switch names {
        case .none: 0
        case .one: 1
        case .several(let list): list.count
        }
    }

    public subscript(place: Int) -> StepID {
        switch names {
        case .one(let name) where place == 0: name
        case .several(let list): list[place]
        default: preconditionFailure("place \(place) of \(count) awaited steps")
        }
    }

    /// The same as a list.
    public var list: [StepID] {
        switch names {
        case .none: []
        case .one(let name): [name]
        case .several(let list): list
        }
    }

    /// Whether it is this name and no other.
    public func isOnly(_ name: StepID) -> Bool {
        if case .one(let own) = names { own == name } else { false }
    }
}

extension AwaitedSteps: Codable {
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode([StepID].self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(list)
    }
}
