import FettleModel

extension Timestamp? {
    /// The day in a table's cell, such as `2026-11-23`; `-` where there is none.
    var dayText: String { map { String($0.description.prefix(10)) } ?? "-" }
}
