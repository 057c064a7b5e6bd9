import FettleModel

/// I4: every disruptive step, with its resource's way back, ends inside the resource's window if each step takes its 95% estimate,
/// whichever ready step an executor prefers.
///
/// Windows that overlap make a *spell*. When a spell opens, all that had to be over in earlier ones is. From then on a step that
/// waits is held up by a step on its longest path, by its window that is not open yet, or by all `parallelSteps` places being
/// taken (Graham 1966, https://doi.org/10.1002/j.1538-7305.1966.tb01709.x): so it ends at the latest at the end of its longest path,
/// which starts at the opening, and all that can be done in the spell shared out over the places.
///
/// What is only prepared is bound to no window. It is counted in its target's own: an executor does not prepare for a window
/// while an earlier one is open.
struct WindowCheck {
    let tables: PlanTables
    let outages: Outages
    let precedence: Precedence
    /// Each behind all that has to be over before it.
    let sorted: [Int32]

    func judge(_ found: inout ViolationList) -> CheckReport.Method {
        guard !tables.plan.windows.isEmpty else { return .exact }
        let calendar = WindowCalendar(tables.plan)
        judgeOpenings(calendar, &found)
        var times = StepTimes(tables, calendar, precedence, sorted)
        judgeSequence(times, &found)
        times.addPaths(precedence, sorted)
        let places = max(1, tables.plan.limits.parallelSteps)
        let isQueueing = tables.forward.count > places
        let work = isQueueing ? times.work(in: calendar) : []
        judgeEnds(times, calendar, queueing: work.map { $0 / places }, &found)
        return isQueueing ? .bound : .exact
    }

    private func judgeOpenings(_ calendar: WindowCalendar, _ found: inout ViolationList) {
        for window in calendar.opens.indices where calendar.opens[window] >= calendar.closes[window] {
            found.add(.time, "window \(window) has closed before the plan was made")
        }
    }

    /// Nobody waits for one whose window is a later one.
    private func judgeSequence(_ times: StepTimes, _ found: inout ViolationList) {
        for target in outages.forward.indices {
            guard let own = tables.plan.targets[target].window else { continue }
            for outage in [outages.control[target], outages.forward[target]].compactMap({ $0 }) {
                judgeSequence(Int(outage.begin), of: target, in: own, times, &found)
            }
        }
    }

    private func judgeSequence(
        _ begin: Int, of target: Int, in own: Int, _ times: StepTimes, _ found: inout ViolationList
    ) {
        guard let awaited = times.latestAwaited(by: begin, precedence), awaited.window > own else { return }
        let name = tables.targets.name(target)
        let other = tables.targets.name(tables.forward.target(awaited.step))
        found.add(
            .time,
            "\(name) is to be taken out in window \(own) and waits for \(other), which has the later window "
                + "\(awaited.window)", steps: [tables.forward.id(awaited.step), tables.forward.id(begin)])
    }

    private func judgeEnds(
        _ times: StepTimes, _ calendar: WindowCalendar, queueing: [Int], _ found: inout ViolationList
    ) {
        var worst = [(step: Int, end: Int, over: Int)?](repeating: nil, count: calendar.count)
        var late = [Int](repeating: 0, count: calendar.count)
        for target in outages.forward.indices {
            guard let window = tables.plan.targets[target].window else { continue }
            let wayBack = tables.rollback.chain(of: target).reduce(0) { $0 + tables.rollback.seconds(Int($1)) }
            var last: (step: Int, end: Int)?
            for position in tables.forward.chain(of: target) {
                guard !tables.forward.traits[Int(position)].isDisjoint(with: .isDisruptive) else { continue }
                let end = times.ends[Int(position)]
                if last.map({ $0.end < end }) ?? true { last = (Int(position), end) }
            }
            guard let last else { continue }
            let end = last.end + wayBack + (queueing.isEmpty ? 0 : queueing[window])
            guard end > calendar.closes[window] else { continue }
            late[window] += 1
            let over = end - calendar.closes[window]
            if worst[window].map({ $0.over < over }) ?? true { worst[window] = (last.step, end, over) }
        }
        for (window, worst) in worst.enumerated() {
            guard let worst, calendar.opens[window] < calendar.closes[window] else { continue }
            let id = tables.forward.id(worst.step)
            let others = late[window] > 1 ? ", and so may \(late[window] - 1) other resources" : ""
            found.add(
                .time,
                "\(id) and its way back may need until \(worst.end - calendar.opens[window]) s after window \(window) "
                    + "opens, and it closes after \(calendar.closes[window] - calendar.opens[window]) s\(others)",
                steps: [id])
        }
    }
}

/// The windows of a plan in seconds, and the spells that they make where they overlap.
struct WindowCalendar {
    /// When work in each window can begin: at its opening, but not before the plan was made.
    let opens: [Int]
    let closes: [Int]
    /// When the spell of each window opens.
    let spells: [Int]

    init(_ plan: Plan) {
        // Floored and ceiled so that a window is never longer than it is.
        opens = plan.windows.map { window in
            let begin = max(window.opensAt, plan.createdAt).milliseconds
            return Int(begin / 1000) + (begin % 1000 > 0 ? 1 : 0)
        }
        closes = plan.windows.map {
            Int($0.closesAt.milliseconds / 1000) - ($0.closesAt.milliseconds % 1000 < 0 ? 1 : 0)
        }
        var spells: [Int] = []
        var end = Int.min
        for window in plan.windows.indices {
            let isOverlapping = window > 0 && opens[window] < end
            spells.append(isOverlapping ? spells[window - 1] : opens[window])
            end = max(end, closes[window])
        }
        self.spells = spells
    }

    var count: Int { opens.count }
}
