import FettleModel

/// What was judged by old package lists: an update that came out since then is not among what was found.
struct StaleListLines {
    let lines: [String]

    init(_ facts: FactSet, _ policy: Policy, at time: Timestamp = .now()) {
        let limit = policy.listAgeSeconds ?? Policy.defaultListAgeSeconds
        lines = StaleLists.all(in: facts, olderThan: limit, at: time).map { stale in
            let days = stale.days == 1 ? "1 day" : "\(stale.days) days"
            return "not judged anew: \(PlanView.list(stale.resources.map(\.rawValue))): package lists of \(days) "
                + "(`fettle scan --refresh` fetches them)"
        }
    }

    /// Below a table; beside what programs read.
    func tell(_ output: OutputFormat) {
        for line in lines {
            if output == .table {
                Output.writeLine(TextStyle.yellow.apply(line.printable, in: .standard))
            } else {
                Output.note(line)
            }
        }
    }
}
