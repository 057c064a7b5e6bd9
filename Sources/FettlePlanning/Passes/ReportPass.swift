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
            of: steps.count,
            { Schedule(steps, graph, parallelSteps: parallel, opening: opening) { $0.medianSeconds } },
            { Schedule(steps, graph, parallelSteps: parallel, opening: opening) { $0.p95Seconds } })
        let outages = outages(median, line)
        let restarts = restarts(median)
        return PlanReport(
            plan: plan.id, startsAt: start,
            duration: DurationEstimate(medianSeconds: median.total, p95Seconds: slow.total),
            hosts: hosts(outages, line), groups: groups.map { summary(of: $0, outages, restarts, median) },
            leftOut: notes.leftOut.sortedWithoutRepetition(), pointOfNoReturn: pointOfNoReturn(),
            warnings: notes.warnings + Snapshots.tooOld(plan.steps, slow) + afterthoughts(), reboots: reboots(),
            missedDeadlines: missedDeadlines(slow, line), interrupted: interrupted())
    }

    private var start: Timestamp { max(plan.windows.first?.opensAt ?? plan.createdAt, plan.createdAt) }

    private func missedDeadlines(_ schedule: Schedule, _ line: [ResourceID: Int]) -> [PlanReport.MissedDeadline] {
        guard !input.deadlines.isEmpty else { return [] }
        return outages(schedule, line).compactMap { resource, outage in
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

    private func outages(_ schedule: Schedule, _ line: [ResourceID: Int]) -> [ResourceID: Outage] {
        var result: [ResourceID: Outage] = [:]
        result.reserveCapacity(plan.targets.count)
        // A restart before the change is another outage (`restarts`).
        for place in plan.steps.indices where plan.steps[place].leg == nil {
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
        for host in layout.hosts {
            if case .passenger(let controller, _) = host.role { result[host.id] = result[controller] }
        }
        let hasRetired = layout.hosts.contains { $0.role == .retired }
        for place in hasRetired ? plan.steps.indices : 0..<0 where plan.steps[place].action == .retire {
            result[plan.steps[place].resource] = Outage(begin: schedule.begins[place], end: schedule.ends[place])
        }
        return result
    }

    /// When hosts are out before their change, to be restarted as they are.
    private func restarts(_ schedule: Schedule) -> [ResourceID: Outage] {
        var result: [ResourceID: Outage] = [:]
        for place in plan.steps.indices where plan.steps[place].leg != nil {
            let begin = min(result[plan.steps[place].resource]?.begin ?? .max, schedule.begins[place])
            result[plan.steps[place].resource] = Outage(begin: begin, end: schedule.ends[place])
        }
        return result
    }

    private func hosts(_ outages: [ResourceID: Outage], _ line: [ResourceID: Int]) -> [PlanReport.Host] {
        let way = wayBack(line)
        return layout.hosts.enumerated().map { place, host in
            let outage = outages[host.id]
            return PlanReport.Host(
                resource: host.id, environment: host.resource.environment, groups: host.groups.map(\.id),
                wave: layout.waves[place], changes: host.role == .retired ? [] : host.changes,
                findings: host.role == .retired ? [] : host.findings,
                downloadBytes: host.changes.isEmpty || host.role == .retired ? 0 : host.resolution.downloadBytes,
                rollback: host.rollbackClass,
                outAfterSeconds: outage?.begin ?? 0, backAfterSeconds: outage?.end ?? 0,
                rollbackP95Seconds: way[place], role: host.reportedRole)
        }
    }

    /// How long each host's steps of the way back take at their 95% figures, by its place in the line.
    private func wayBack(_ line: [ResourceID: Int]) -> [Int] {
        var result = [Int](repeating: 0, count: layout.hosts.count)
        var places = PlacesOfResources(line)
        for place in plan.rollback.indices {
            guard let host = places.place(of: plan.rollback[place].resource) else { continue }
            result[host] += plan.rollback[place].estimate.p95Seconds
        }
        return result
    }

    private func summary(
        of group: GroupWork, _ outages: [ResourceID: Outage], _ restarts: [ResourceID: Outage], _ schedule: Schedule
    ) -> PlanReport.Group {
        let size = group.group.members.count
        // Members retire when all others are back.
        let mostOut = max(min(group.maximumOut, group.takers.count), group.mostThroughController, group.retired.count)
        return PlanReport.Group(
            id: group.group.id, strategy: group.strategy, reason: group.reason, members: size,
            minimumAvailable: group.minimumAvailable, maximumOut: group.maximumOut, unavailable: group.unavailable,
            lowestAvailable: size - group.unavailable.count - mostOut, capacity: capacity(of: group, outages, restarts),
            double: BlueGreen.double(of: group, plan.steps, schedule, at: input.policy.price))
    }

    private func capacity(
        of group: GroupWork, _ outages: [ResourceID: Outage], _ restarts: [ResourceID: Outage]
    ) -> [PlanReport.CapacityPoint] {
        var changes: [Int: Int] = [0: 0]
        for outage in group.takers.flatMap({ [outages[$0], restarts[$0]].compactMap { $0 } }) {
            changes[outage.begin, default: 0] -= 1
            changes[outage.end, default: 0] += 1
        }
        for member in group.retired { if let outage = outages[member] { changes[outage.begin, default: 0] -= 1 } }
        addControllers(of: group, outages, to: &changes)
        var available = group.group.members.count - group.unavailable.count
        var result: [PlanReport.CapacityPoint] = []
        for (second, change) in changes.sorted(by: { $0.key < $1.key }) {
            available += change
            if result.last?.available == available { continue }
            result.append(PlanReport.CapacityPoint(afterSeconds: second, available: available))
        }
        return result
    }

    /// Which of the members a controller has out is its own choice: all the time so many as it may.
    private func addControllers(
        of group: GroupWork, _ outages: [ResourceID: Outage], to changes: inout [Int: Int]
    ) {
        guard group.mostThroughController > 0 else { return }
        let others = Set(group.others)
        let controllers = Set(
            layout.hosts.compactMap { host -> ResourceID? in
                guard others.contains(host.id), case .passenger(let controller, _) = host.role else { return nil }
                return controller
            })
        for controller in controllers.sorted() {
            guard let outage = outages[controller] else { continue }
            // A controller that is a member itself is counted among the targets already.
            let most = group.mostThroughController - (group.targets.contains(controller) ? 1 : 0)
            changes[outage.begin, default: 0] -= most
            changes[outage.end, default: 0] += most
        }
    }

    private func pointOfNoReturn() -> PlanReport.PointOfNoReturn? {
        guard let step = plan.pointOfNoReturn else { return nil }
        let lost = layout.hosts.filter { $0.rollbackClass == .irreversible }.map { host in
            PlanReport.PointOfNoReturn.Lost(
                resource: host.id, versions: host.role == .retired ? [] : host.resolution.unavailableEarlier)
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
            if host.role == .retired { continue }
            let removed = host.changes.filter { $0.to == nil }.map(\.name)
            if !removed.isEmpty { result.append("\(host.id): its resolver removes \(removed.joined(separator: ", "))") }
            if host.isOwn {
                result.append(
                    "\(host.id): \(host.residence?.carriesOwn == true ? "carries " : "")the machine that Fettle runs "
                        + "on; it goes last, and a reboot interrupts the run"
                )
            }
            if host.probes.isEmpty, host.isPatchedInPlace {
                result.append("\(host.id): no probes; only installed versions and running code prove it")
            }
            if input.policy.reboot == .never, !host.rebootReasons.isEmpty {
                result.append("\(host.id): a reboot stays pending, because policy forbids reboots")
            }
        }
        return result
    }
}
