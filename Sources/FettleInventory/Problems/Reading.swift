/// One file being read: collects what is wrong instead of stopping at the first mistake.
///
/// A class, because every reader of a part adds to it; it never leaves the reading that made it.
final class Reading {
    let file: String
    private(set) var problems: [InventoryProblem] = []
    private(set) var warnings: [InventoryProblem] = []

    init(file: String) { self.file = file }

    func problem(_ message: String, at place: Place, hint: String? = nil) {
        // Beyond twice what is kept only the count would grow.
        guard problems.count < InventoryErrors.limit * 2 else { return }
        problems.append(
            InventoryProblem(file: file, line: place.line, column: place.column, message: message, hint: hint))
    }

    func warning(_ message: String, at place: Place, hint: String? = nil) {
        guard warnings.count < InventoryErrors.limit else { return }
        warnings.append(
            InventoryProblem(file: file, line: place.line, column: place.column, message: message, hint: hint))
    }

    func add(_ more: [InventoryProblem]) { problems += more }

    /// What was told of another file that this one names.
    func add(_ other: Reading) {
        problems += other.problems
        warnings += other.warnings
    }

    /// - Throws: all problems, if there are any.
    func finish() throws(InventoryErrors) -> [InventoryProblem] {
        guard problems.isEmpty else { throw InventoryErrors(problems) }
        return warnings.inFileOrder()
    }
}
