/// What a check had to do, in counts: so that a test can say how the work grows with the plan, without a clock.
package struct CheckWork: Sendable, Equatable {
    /// Names of steps that were compared or looked up.
    package var namesCompared = 0
    /// Dependencies that were followed in search of a cycle, both ways together.
    package var edgesFollowed = 0
    /// Resources that were looked at while groups were covered with orders.
    package var placesCovered = 0
    /// Words of 64 bits that the search for the largest outage went through.
    package var wordsSearched = 0

    package init() {}
}
