import FettleStore

extension Store {
    /// The log from its first entry to its last, so many at a time that none of it has to be in memory as a whole.
    func readLog(_ body: (LogRecord) -> Void) async throws(StoreError) {
        let page = 1_000
        var last = 0
        while true {
            let records = try await log(after: last, limit: page)
            for record in records {
                last = record.sequence
                body(record)
            }
            if records.count < page { return }
        }
    }
}
