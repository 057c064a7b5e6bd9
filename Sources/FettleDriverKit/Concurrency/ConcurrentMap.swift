extension Collection where Element: Sendable {
    /// Does the same work for many values, for so many of them at the same time; the one place where hosts are fanned out to.
    ///
    /// When the surrounding task is cancelled, what is under way is cancelled with it, and what has not begun still begins: the
    /// work sees `Task.isCancelled` and answers at once. So every value has its answer, whatever happens.
    ///
    /// - Parameters:
    ///   - limit: how many at the same time; at least 1.
    ///   - done: called once for each value, in the order in which they are done, one call after the other.
    ///   - work: for one value.
    /// - Returns: the answers in the order of the values.
    public func concurrentMap<Answer: Sendable>(
        limit: Int, done: (Element, Answer) -> Void = { _, _ in },
        _ work: @escaping @Sendable (Element) async -> Answer
    ) async -> [Answer] {
        let values = Array(self)
        var answers = [Answer?](repeating: nil, count: values.count)
        await withTaskGroup(of: (position: Int, answer: Answer).self) { group in
            var waiting = values.indices.makeIterator()
            func startNext() {
                guard let position = waiting.next() else { return }
                let value = values[position]
                group.addTask { (position, await work(value)) }
            }
            for _ in 0..<Swift.min(Swift.max(1, limit), values.count) { startNext() }
            for await (position, answer) in group {
                answers[position] = answer
                startNext()
                done(values[position], answer)
            }
        }
        return answers.compactMap(\.self)
    }
}
