extension String {
    /// The number at the end of what a store keeps under a counted name, such as 7 of `change-7`; nil: it has none.
    public var idNumber: Int? { split(separator: "-").last.flatMap { Int($0) } }
}
