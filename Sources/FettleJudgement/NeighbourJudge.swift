import FettleModel

/// Whether what runs beside the patched members suffers: a probe that passed before the change and fails again and again since, and
/// does not so beside the controls.
struct NeighbourJudge {
    let neighbours: [NeighbourSeries]

    /// Those that are well share a row; every other one has its own.
    func rows() -> [JudgementRow] {
        let judged = neighbours.filter { !$0.isOfControls }.map { ($0, row($0)) }
        let well = judged.filter { $0.1 == nil }.map(\.0)
        var rows = judged.compactMap(\.1)
        guard !well.isEmpty else { return rows }
        let resources = Set(well.map(\.resource)).sorted().map(\.rawValue)
        let names = resources.prefix(3).joined(separator: ", ")
        rows.append(
            BakeJudge.row(
                "neighbours", "\(well.count) \(well.count == 1 ? "probe passes" : "probes pass")", "-",
                names + (resources.count > 3 ? " and \(resources.count - 3) more" : ""), .pass))
        return rows
    }

    /// nil: it is well.
    private func row(_ one: NeighbourSeries) -> JudgementRow? {
        let subject = "neighbour \(one.resource), \(one.group): \(one.probe)"
        let answers = "\(one.passed) of \(one.asked) good"
        func row(_ control: String, _ figure: String, _ verdict: GateVerdict?) -> JudgementRow {
            BakeJudge.row(subject, answers, control, figure, verdict)
        }
        switch one.before {
        case .pass: break
        case .fail: return row("-", "was not well before the patch", nil)
        case .inconclusive, .error: return row("-", "could not be asked before the patch", .inconclusive)
        case nil: return row("-", "was not asked before the patch", .inconclusive)
        }
        if one.isFailing {
            let words = "\(one.failedInRow) bad answers in a row: \(one.reason)"
            let alike = neighbours.filter {
                $0.isOfControls && $0.group == one.group && $0.probe == one.probe && $0.before == .pass
            }
            let failing = alike.filter(\.isFailing).map(\.resource.rawValue).sorted()
            guard failing.isEmpty else {
                return row("the same on \(failing[0]), beside a control", words, .inconclusive)
            }
            return row(alike.isEmpty ? "-" : "none", words, .fail)
        }
        if one.endsBadly { return row("-", "its last answer was bad: \(one.reason)", .inconclusive) }
        if one.passed == 0 || one.passed * 2 < one.asked {
            return row("-", "too few answers: \(one.reason.isEmpty ? "none" : one.reason)", .inconclusive)
        }
        return nil
    }
}
