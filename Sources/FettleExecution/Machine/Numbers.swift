import FettleModel

/// What the machine calls a step, a resource or a group by: its place in the plan, counted from 0. Names are looked up once, where
/// they come in from the journal or from a driver, and put back where commands and events go out.
struct Number<Thing>: Hashable, Comparable, Sendable {
    let place: Int32

    init(_ place: Int) { self.place = Int32(truncatingIfNeeded: place) }

    var asInt: Int { Int(place) }

    static func < (left: Self, right: Self) -> Bool { left.place < right.place }
}

/// The steps of the way back come before those of the way forward, each list in the plan's order: so a smaller number is also the one
/// that is taken first.
typealias StepNumber = Number<Step>
/// Resources with steps come first, in the order in which the plan first names them; then others that are only watched or carried.
typealias ResourceNumber = Number<Resource>
/// In the plan's order.
typealias GroupNumber = Number<PlannedGroup>
/// Who has an agenda of its own: first the resources by their numbers, then the bakes of the way forward in the plan's order.
typealias OwnerNumber = Number<Agenda.Owner>

/// One value for each thing of a kind.
struct Table<Thing, Value> {
    private var values: [Value]

    init(repeating value: Value, count: Int) { values = Array(repeating: value, count: count) }
    init(_ values: [Value]) { self.values = values }

    var count: Int { values.count }

    subscript(number: Number<Thing>) -> Value {
        @inline(__always) _read { yield values[number.asInt] }
        @inline(__always) _modify { yield &values[number.asInt] }
    }
}

extension Table: Sendable where Value: Sendable {}
extension Table: Equatable where Value: Equatable {}

/// A list for each thing of a kind, all in one piece of memory.
struct Lists<Thing, Element> {
    private var bounds: [Int32] = [0]
    private var elements: [Element] = []

    init() {}

    init(_ lists: some Sequence<some Sequence<Element>>) {
        for list in lists { append(list) }
    }

    var count: Int { bounds.count - 1 }

    mutating func append(_ list: some Sequence<Element>) {
        elements.append(contentsOf: list)
        bounds.append(Int32(truncatingIfNeeded: elements.count))
    }

    subscript(number: Number<Thing>) -> ArraySlice<Element> {
        elements[Int(bounds[number.asInt])..<Int(bounds[number.asInt + 1])]
    }
}

extension Lists: Sendable where Element: Sendable {}

/// Few numbers out of many, in their order. Changed one at a time.
struct NumberSet<Thing>: Sendable, Equatable, RandomAccessCollection {
    private var elements: [Number<Thing>] = []

    init() {}
    init(_ numbers: some Sequence<Number<Thing>>) {
        elements = numbers.sorted()
        var last: Number<Thing>?
        elements.removeAll { number in
            defer { last = number }
            return number == last
        }
    }

    var startIndex: Int { 0 }
    var endIndex: Int { elements.count }
    subscript(position: Int) -> Number<Thing> { elements[position] }

    func contains(_ number: Number<Thing>) -> Bool {
        let place = place(of: number)
        return place < elements.count && elements[place] == number
    }

    /// - Returns: false if it was in it before.
    @discardableResult
    mutating func insert(_ number: Number<Thing>) -> Bool {
        let place = place(of: number)
        if place < elements.count, elements[place] == number { return false }
        elements.insert(number, at: place)
        return true
    }

    /// - Returns: false if it was not in it.
    @discardableResult
    mutating func remove(_ number: Number<Thing>) -> Bool {
        let place = place(of: number)
        guard place < elements.count, elements[place] == number else { return false }
        elements.remove(at: place)
        return true
    }

    mutating func set(_ number: Number<Thing>, to isIn: Bool) {
        if isIn { insert(number) } else { remove(number) }
    }

    mutating func removeAll() { elements.removeAll(keepingCapacity: true) }

    /// Where it is, or where it would be.
    private func place(of number: Number<Thing>) -> Int {
        var (low, high) = (0, elements.count)
        // Mostly what is put in comes last.
        if let last = elements.last, last < number { return high }
        while low < high {
            let middle = (low + high) / 2
            if elements[middle] < number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
