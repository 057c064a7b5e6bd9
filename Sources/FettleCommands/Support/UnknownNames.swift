/// Names that were given to a command and that the fleet does not know.
enum UnknownNames {
    /// - Parameter names: by what they were given as: a group's name behind `--host` is not found, though the fleet has it.
    /// - Throws: a usage failure with all of them, if there are any.
    static func refuse(_ names: [(what: String, unknown: [String])]) throws {
        let parts = names.filter { !$0.unknown.isEmpty }.map {
            "no \($0.what) called \($0.unknown.joined(separator: ", "))"
        }
        guard !parts.isEmpty else { return }
        throw CommandFailure(
            .usage, "the fleet has \(parts.joined(separator: ", and "))\n  `fettle inventory show` lists what it has")
    }
}
