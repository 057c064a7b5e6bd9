import FettleModel

/// Pass 7: the report, read off the plan itself.
struct ReportPass {
    let plan: Plan
    let layout: WaveLayout
    let groups: [GroupWork]
    let input: PlanningInput

    func report(_ notes: PlanNotes) -> PlanReport {
        let parallel = plan.limits.parallelSteps
        let line = Dictionary(
            layout.hosts.enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { first, _ in first })
        let graph = TimeGraph(plan.steps, layout.orders, line: line)
        let opening = opening()
        let steps = plan.steps
        let (median, slow) = both(
            { Schedule(steps, graph, parallelSteps: parallel, opening: opening) { $0.medianSeconds } },
            { Schedule(steps, graph, parallelSteps: parallel, opening: opening) { $0.p95Seconds } })
        let outages = outages(median)
        return PlanReport(
            plan: plan.id, startsAt: start,
            duration: DurationEstimate(medianSeconds: median.total, p95Seconds: slow.total),
            hosts: hosts(outages), groups: groups.map { summary(of: $0, outages) },
            leftOut: notes.leftOut.sortedWithoutRepetition(), pointOfNoReturn: pointOfNoReturn(),
            warnings: notes.warnings + afterthoughts(), reboots: reboots(), missedDeadlines: missedDeadlines(slow),
            interrupted: interrupted())
    }

    private var start: Timestamp { max(plan.windows.first?.opensAt ?? plan.createdAt, plan.createdAt) }

    private func missedDeadlines(_ schedule: Schedule) -> [PlanReport.MissedDeadline] {
        guard !input.deadlines.isEmpty else { return [] }
        return outages(schedule).compactMap { resource, outage in
            guard let deadline = input.deadlines[resource] else { return nil }
            let expected = start.adding(seconds: outage.end)
            guard expected > deadline.at else { return nil }
            return PlanReport.MissedDeadline(
                resource: resource, deadline: deadline.at, because: deadline.because, expectedAt: expected)
        }.sorted { $0.resource < $1.resource }
    }

    /// For each step, when its window opens, in seconds after the first one does; nil if nobody is bound to a time.
    private func opening() -> [Int]? {
        guard !plan.windows.isEmpty else { return nil }
        let start = start
        let opens = Dictionary(
            plan.targets.compactMap { target -> (ResourceID, Int)? in
                guard let window = target.window else { return nil }
                return (target.resource, Int(max(0, plan.windows[window].opensAt.seconds(since: start))))
            }, uniquingKeysWith: { first, _ in first })
        return plan.steps.indices.map { place in
            plan.steps[place].availability == .takesOut ? opens[plan.steps[place].resource] ?? 0 : 0
        }
    }

    private struct Outage {
        var begin: Int
        var end: Int
    }

    private func outages(_ schedule: Schedule) -> [ResourceID: Outage] {
        var result: [ResourceID: Outage] = [:]
        result.reserveCapacity(plan.targets.count)
        for place in plan.steps.indices {
            switch plan.steps[place].availability {
            case .takesOut:
                let resource = plan.steps[place].resource
                let begin = min(result[resource]?.begin ?? .max, schedule.begins[place])
                result[resource] = Outage(begin: begin, end: schedule.ends[place])
            case .bringsBack:
                result[plan.steps[place].resource]?.end = schedule.ends[place]
            case .none, .requiresOut: break
            }
        }
        return result
    }

    private func hosts(_ outages: [ResourceID: Outage]) -> [PlanReport.Host] {
        var way: [ResourceID: Int] = [:]
        way.reserveCapacity(plan.targets.count)
        for place in plan.rollback.indices {
            way[plan.rollback[place].resource, default: 0] += plan.rollback[place].estimate.p95Seconds
        }
        return layout.hosts.enumerated().map { place, host in
            PlanReport.Host(
                resource: host.id, environment: host.resource.environment, groups: host.groups.map(\.id),
                wave: layout.waves[place], changes: host.changes, findings: host.findings,
                downloadBytes: host.changes.isEmpty ? 0 : host.resolution.downloadBytes,
                rollback: host.changes.isEmpty ? .nothingToUndo : host.isReversible ? .exactVersions : .irreversible,
                outAfterSeconds: outages[host.id]?.begin ?? 0, backAfterSeconds: outages[host.id]?.end ?? 0,
                rollbackP95Seconds: way[host.id] ?? 0)
        }
    }

    private func summary(of group: GroupWork, _ outages: [ResourceID: Outage]) -> PlanReport.Group {
        let size = group.group.members.count
        let mostOut = min(group.maximumOut, group.takers.count)
        return PlanReport.Group(
            id: group.group.id, strategy: group.strategy, reason: group.reason, members: size,
            minimumAvailable: group.minimumAvailable, maximumOut: group.maximumOut, unavailable: group.unavailable,
            lowestAvailable: size - group.unavailable.count - mostOut,
            capacity: capacity(of: group, group.takers.compactMap { outages[$0] }))
    }

    private func capacity(of group: GroupWork, _ outages: [Outage]) -> [PlanReport.CapacityPoint] {
        var changes: [Int: Int] = [0: 0]
        for outage in outages {
            changes[outage.begin, default: 0] -= 1
            changes[outage.end, default: 0] += 1
        }
        var available = group.group.members.count - group.unavailable.count
        var result: [PlanReport.CapacityPoint] = []
        for (second, change) in changes.sorted(by: { $0.key < $1.key }) {
            available += change
            if result.last?.available == available { continue }
            result.append(PlanReport.CapacityPoint(afterSeconds: second, available: available))
        }
        return result
    }

    private func pointOfNoReturn() -> PlanReport.PointOfNoReturn? {
        guard let step = plan.pointOfNoReturn else { return nil }
        let lost = layout.hosts.filter { !$0.isReversible && !$0.changes.isEmpty }.map {
            PlanReport.PointOfNoReturn.Lost(resource: $0.id, versions: $0.resolution.unavailableEarlier)
        }
        return PlanReport.PointOfNoReturn(step: step, lost: lost)
    }

    private func reboots() -> [PlanReport.Reboot] {
        layout.hosts.filter { !$0.rebootReasons.isEmpty }.sorted { $0.id < $1.id }.map {
            PlanReport.Reboot(
                resource: $0.id, because: $0.rebootReasons, isPlanned: input.policy.rebootCondition != nil)
        }
    }

    private func afterthoughts() -> [String] {
        var result: [String] = []
        for host in layout.hosts {
            let removed = host.changes.filter { $0.to == nil }.map(\.name)
            if !removed.isEmpty { result.append("\(host.id): its resolver removes \(removed.joined(separator: ", "))") }
            if host.isOwn {
                result.append(
                    "\(host.id): \(host.residence?.carriesOwn == true ? "carries " : "")the machine that Fettle runs on; it goes last, and a reboot interrupts the run"
                )
            }
            if host.probes.isEmpty {
                result.append("\(host.id): no probes; only installed versions and running code prove it")
            }
            if input.policy.reboot == .never, !host.rebootReasons.isEmpty {
                result.append("\(host.id): a reboot stays pending, because policy forbids reboots")
            }
        }
        return result
    }
}
