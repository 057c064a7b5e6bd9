import FettleModel
import FettleReporting

/// What became of each host, seen afterwards.
struct RunResultView {
    var report: RunReport

    func lines(in terminal: Terminal = .standard) -> String {
        var table = Table([
            .init(title: "HOST"), .init(title: "RESULT"), .init(title: "PACKAGES AT THE PLANNED VERSION"),
            .init(title: "FINDINGS"), .init(title: "REBOOTED"),
        ])
        for host in report.hosts {
            let asPlanned = host.changes.count { $0.after == $0.planned.to }
            table.add(
                .init(host.resource.rawValue, .bold), .init(host.verdict.words, style(host.verdict)),
                .init("\(asPlanned) of \(host.changes.count)"),
                .init("\(host.findingsBefore) → \(host.findingsAfter.map(String.init) ?? "not checked")"),
                .init(host.bootIDChanged.map { $0 ? "yes" : "no" } ?? "not known"))
        }
        var text = [table.render(in: terminal)]
        let left = Set(report.hosts.flatMap(\.leftRunning)).sorted()
        if !left.isEmpty {
            text.append(
                "left running replaced code until a reboot, as policy.yaml's neverRestart says: \(left.joined(separator: ", "))"
            )
        }
        text += report.unequalGroups.map { TextStyle.yellow.apply("not on one level: \($0)", in: terminal) }
        return text.joined(separator: "\n")
    }

    private func style(_ verdict: HostResult.Verdict) -> TextStyle {
        switch verdict {
        case .patched, .retired: .green
        case .already, .unchanged, .takenBack, .pending: .yellow
        case .mixed, .returned, .unreachable, .notObserved: .red
        }
    }
}
