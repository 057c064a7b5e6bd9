import FettleModel

extension ReportPass {
    /// What goes down with a hypervisor, and for how long: what can't be moved is known before the run (harvester#11108).
    func interrupted() -> [PlanReport.Interruption] {
        let hosts = layout.hosts.filter { $0.residence?.staying.isEmpty == false }
        guard !hosts.isEmpty else { return [] }
        let names = Set(hosts.map(\.id))
        let chains = Dictionary(grouping: plan.steps.filter { names.contains($0.resource) }, by: \.resource)
        return hosts.sorted { $0.id < $1.id }.flatMap { host in
            let duration = Self.downtime(of: chains[host.id] ?? [])
            return (host.residence?.staying ?? []).map {
                PlanReport.Interruption(
                    machine: $0.machine, resource: $0.resource, hypervisor: host.id, because: $0.because,
                    duration: duration)
            }
        }
    }

    /// From the restart to the last step that proves the hypervisor well.
    private static func downtime(of steps: [Step]) -> DurationEstimate {
        let begin = steps.firstIndex { if case .reboot = $0.action { true } else { false } }
        guard let begin else { return DurationEstimate(medianSeconds: 0, p95Seconds: 0) }
        return steps[begin...].filter { $0.availability == .requiresOut }
            .reduce(DurationEstimate(medianSeconds: 0, p95Seconds: 0)) { $0.adding($1.estimate) }
    }
}

extension PlanTable {
    /// For each hypervisor that is emptied, where its machines go.
    static func moves(_ plan: Plan) -> [String] {
        plan.steps.compactMap { step in
            guard case .evacuate(let moves, _) = step.action else { return nil }
            let places = Dictionary(grouping: moves, by: \.to).sorted { $0.key < $1.key }
            let words = places.map { to, moves in "\(list(moves.map(\.machine))) to \(to)" }
            return "\(step.resource): \(words.joined(separator: "; "))"
        }
    }

    static func line(_ interruption: PlanReport.Interruption) -> String {
        let seconds = interruption.duration
        let name = interruption.resource.map { $0.rawValue == interruption.machine ? "" : " (\($0))" } ?? ""
        let time =
            seconds.p95Seconds == 0
            ? "no restart is planned"
            : "about \(duration(seconds.medianSeconds)), at most \(duration(seconds.p95Seconds)) in 95 of 100 cases"
        return "\(interruption.machine)\(name) on \(interruption.hypervisor): \(interruption.because); \(time)"
    }
}
