import FettleExecution
import FettleModel

/// How a run stands, in one line: how far it is, which hosts are worked on and with what, who is out.
struct RunStatusLine {
    private let settled: Int
    private let total: Int
    /// What is under way, in the order of the plan, with whom it is done.
    private let work: [(step: String, hosts: [String])]
    private let out: [String]

    init(_ state: RunState) {
        (settled, total) = state.progress
        out = state.out.map(\.rawValue)
        var work: [(step: String, hosts: [String])] = []
        func add(_ step: String, _ host: String?) {
            let place = work.firstIndex { $0.step == step } ?? work.count
            if place == work.count { work.append((step, [])) }
            if let host { work[place].hosts.append(host) }
        }
        for host in state.atWork {
            for step in host.rollback + host.steps where step.status == .underWay {
                add(step.name, host.resource.rawValue)
            }
        }
        // A bake is its wave's and no host's.
        for step in state.waveSteps where step.status == .underWay { add(step.name, nil) }
        self.work = work
    }

    /// - Parameter width: in columns. The bar gives way first, then who is out; what is done now is cut last.
    func text(width: Int) -> String {
        let work = work.map { step, hosts in
            hosts.isEmpty ? step : "\(PlanView.list(hosts, limit: 3)): \(step)"
        }.joined(separator: "; ")
        let out = out.isEmpty ? "nobody out" : "out: \(PlanView.list(out, limit: 3))"
        let count = "\(settled)/\(total) steps"
        let told = [count, work, out].filter { !$0.isEmpty }.joined(separator: " · ").printable
        let cells = min(24, width - told.displayWidth - 1)
        let bar = cells < 6 ? "" : bar(cells) + " "
        return (bar + told).shortened(to: width)
    }

    private func bar(_ cells: Int) -> String {
        let filled = total == 0 ? 0 : settled * cells / total
        return String(repeating: "━", count: filled) + String(repeating: "─", count: cells - filled)
    }
}
