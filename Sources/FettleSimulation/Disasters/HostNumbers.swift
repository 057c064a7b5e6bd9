import FettleModel

/// Numbers for hosts, so that what is known of them stands in arrays and names are looked up once.
struct HostNumbers: Sendable {
    private var numbers: [ResourceID: Int] = [:]
    /// By number.
    private(set) var ids: [ResourceID] = []
    /// All of them, sorted.
    private(set) var names: [ResourceID] = []

    /// nil: it has none.
    subscript(resource: ResourceID) -> Int? { numbers[resource] }

    /// The one it has, or the next.
    mutating func number(adding resource: ResourceID) -> Int {
        if let number = numbers[resource] { return number }
        numbers[resource] = ids.count
        ids.append(resource)
        names.insert(resource, at: names.firstIndex { resource < $0 } ?? names.endIndex)
        return ids.count - 1
    }
}
