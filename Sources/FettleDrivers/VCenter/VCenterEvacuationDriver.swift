public import FettleDriverKit
public import FettleModel

/// Empties a host of vCenter and puts it into maintenance: nothing is powered on there or moved there any more, and its running machines
/// are moved to others while they run. Where the cluster's DRS moves machines by itself, it chooses where to; else each goes where the plan
/// says. What may stay on the host is shut down by its own guest once the others are away: a host on which anything runs is never in maintenance.
///
/// Done is what vCenter tells of the host and of each machine afterwards, and not what its tasks say. A machine that runs there and is not
/// in the plan stops the step.
public struct VCenterEvacuationDriver: StepDriver {
    /// What `MachineRules.driver` calls it.
    public static let name = "vcenter"

    private let connect: VIConnect
    private let clock: DriverClock
    private let records = MoveRecords()

    /// DRS has begun nothing for so long, in seconds: then what is left is moved as the plan says.
    private static let patience = 120

    /// - Parameter secrets: reads what lets one in.
    public init(secrets: @escaping SecretReading, clock: DriverClock = DriverClock()) {
        self.init(clock: clock, connect: CurlVCenter.connect(secrets))
    }

    init(clock: DriverClock, connect: @escaping VIConnect) {
        self.connect = connect
        self.clock = clock
    }

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        do throws(StepFailure) {
            return try await inSession(step, context) { pool, moves, staying throws(StepFailure) in
                try await check(step, moves, staying, pool, context)
            }
        } catch {
            return .unknown(error)
        }
    }

    private func check(
        _ step: Step, _ moves: [MachineMove], _ staying: [String], _ pool: VCenterPool, _ context: StepContext
    ) async throws(StepFailure) -> StepReadiness {
        let began = clock.now()
        let sight = try await look(pool, step, moves, staying)
        let cordon = try pool.cordon(sight)
        try refuseForeignCordon(pool, cordon, moves, step, context)
        let areAway = try step.areAway(try pool.moved(moves, in: sight), in: context.plan)
        // Which of those that stay ran is written down before anything is done.
        if areAway, cordon == .on { return .alreadyDone(observation(pool, moves, staying, sight, at: began)) }
        if let known = context.prior { return .ready(prior: known) }
        var identities: [String: String] = [:]
        for name in moves.map(\.machine) + staying { identities[name] = sight.view.machine(named: name)?.id.value }
        let running = sight.view.running(on: try sight.host(step.resource).id).map(\.name).filter(staying.contains)
        return .ready(
            prior: MachineMemory.state(running: running, isCordoned: cordon == .off, identities: identities))
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        try await inSession(step, context) { pool, moves, staying throws(StepFailure) in
            try await perform(step, moves, staying, pool, context)
        }
    }

    private func perform(
        _ step: Step, _ moves: [MachineMove], _ staying: [String], _ pool: VCenterPool, _ context: StepContext
    ) async throws(StepFailure) {
        let deadline = clock.now().adding(seconds: step.timeoutSeconds)
        let before = try await look(pool, step, moves, staying)
        let cordon = try pool.cordon(before)
        try refuseForeignCordon(pool, cordon, moves, step, context)
        // First, so that nothing comes while the others go.
        var request: MaintenanceRequest?
        if cordon == .off { request = MaintenanceRequest(task: try await pool.enter(before, until: deadline)) }
        if before.view.rules.automation == .full {
            try await awaitBalancer(moves, pool, request, until: deadline)
        }
        let done = try await VCenterMover(pool: pool).move(moves, until: deadline) { _ throws(StepFailure) in
            try await requireCordon(pool, request)
        }
        records.add(done, of: step, in: context)
        try await settle(request, step, moves, staying, pool, context, until: deadline)
    }

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        try await inSession(step, context) { pool, moves, staying throws(StepFailure) in
            let began = clock.now()
            let sight = try await look(pool, step, moves, staying)
            try step.proveAway(try pool.moved(moves, in: sight), in: context.plan)
            switch try pool.cordon(sight) {
            case .on: break
            case .entering:
                throw StepFailure(code: .timeout, message: "\(step.resource) is not yet in maintenance")
            case .off:
                throw StepFailure(code: .drift, message: "somebody has taken \(step.resource) out of maintenance")
            }
            var seen = observation(pool, moves, staying, sight, at: began)
            records.tell(in: &seen, of: step, in: context)
            return seen
        }
    }

    // MARK: Parts

    private func inSession<Value: Sendable>(
        _ step: Step, _ context: StepContext,
        _ body: (VCenterPool, [MachineMove], [String]) async throws(StepFailure) -> Value
    ) async throws(StepFailure) -> Value {
        let (moves, staying) = try step.evacuation()
        let pool = try VCenterPool(step, moves, staying: staying, isHomeward: false, in: context, clock, connect)
        return try await pool.inSession { () async throws(StepFailure) in try await body(pool, moves, staying) }
    }

    private func look(
        _ pool: VCenterPool, _ step: Step, _ moves: [MachineMove], _ staying: [String]
    ) async throws(StepFailure) -> VCenterSight {
        let sight = try await pool.sight(of: moves, requiring: [step.resource])
        let isFree = sight.view.rules.automation == .full
        if !isFree { for move in moves { try sight.require(move.to) } }
        if isFree, let (one, other) = sight.view.rules.untold(pool.rules.apart, in: sight.view) {
            throw StepFailure(code: .refused, message: VCenterPool.untold(one, other))
        }
        try step.refuseStrangers(
            sight.view.running(on: try sight.host(step.resource).id).map(\.name), besides: moves, staying)
        return sight
    }

    /// vCenter does not tell who has begun a maintenance. What a person has begun is not ours to end, and one that was begun by a run whose
    /// place this one takes would be ended by nobody.
    private func refuseForeignCordon(
        _ pool: VCenterPool, _ cordon: VCenterPool.Cordon, _ moves: [MachineMove], _ step: Step, _ context: StepContext
    ) throws(StepFailure) {
        if pool.isOurs { return }
        guard cordon != .off else {
            // What was not written down before would be ended by nobody.
            guard context.prior == nil else {
                throw StepFailure(
                    code: .drift, message: "\(step.resource) is not in maintenance, and was when the step began")
            }
            return
        }
        if let replaced = context.plan.run(replacedOn: step.resource) {
            throw StepFailure(
                code: .drift,
                message:
                    "\(step.resource) is in maintenance, and whether \(replaced) or a person has begun that is not "
                    + "known: take it out in vCenter, then try again")
        }
        // Nothing is moved away that could not come home.
        guard moves.isEmpty, cordon == .on else {
            throw StepFailure(
                code: .drift,
                message:
                    "\(step.resource) is in maintenance or about to be, and not by this run: what is moved away could "
                    + "not come home")
        }
    }

    /// Where DRS moves machines by itself, it begins within a minute or two, and moves several at once.
    private func awaitBalancer(
        _ moves: [MachineMove], _ pool: VCenterPool, _ request: MaintenanceRequest?, until deadline: Timestamp
    ) async throws(StepFailure) {
        var left = -1
        var since = clock.now()
        while clock.now() < deadline, !Task.isCancelled {
            try await requireCordon(pool, request)
            let sight = try await pool.look()
            var (waiting, isMoving) = (0, false)
            for move in moves {
                switch try pool.standing(move, in: sight) {
                case .here, .missing: waiting += 1
                case .underWay:
                    waiting += 1
                    isMoving = true
                case .trouble(let failure):
                    guard failure.code == .locked else { throw failure }
                    waiting += 1
                case .moved, .off, .offThere: continue
                }
            }
            if waiting == 0 { return }
            if waiting != left || isMoving { (left, since) = (waiting, clock.now()) }
            guard clock.now() < since.adding(seconds: Self.patience) else { return }
            await clock.sleep(.seconds(3))
        }
    }

    /// What a step has asked for; a nil task: whether it was heard is not known.
    private struct MaintenanceRequest: Sendable {
        var task: VIReference?
    }

    /// Nothing is moved before nothing can come, and what a person has called off is not gone on with.
    private func requireCordon(_ pool: VCenterPool, _ request: MaintenanceRequest?) async throws(StepFailure) {
        // A look is not of one moment: the host may be from before its task's end, and the task from behind it.
        for attempt in 0..<5 {
            guard !Task.isCancelled else {
                throw StepFailure(code: .timeout, message: "stopped before \(pool.own) was in maintenance")
            }
            if attempt > 0 { await clock.sleep(.seconds(1)) }
            guard try pool.cordon(try await pool.look()) == .off else { return }
            let what = "\(pool.own) did not go into maintenance"
            if let failure = try await pool.failure(of: request?.task, what) { throw failure }
        }
        guard let request, request.task == nil else {
            throw StepFailure(
                code: .drift,
                message:
                    "\(pool.own) is not in maintenance, and nothing puts it there any more: somebody has called it off"
            )
        }
        throw StepFailure(
            code: .unreachable,
            message: "whether \(pool.own) was to go into maintenance is not known, and nothing puts it there")
    }

    /// Returns once the host is in maintenance, which it is when nothing runs on it any more.
    private func settle(
        _ request: MaintenanceRequest?, _ step: Step, _ moves: [MachineMove], _ staying: [String], _ pool: VCenterPool,
        _ context: StepContext, until deadline: Timestamp
    ) async throws(StepFailure) {
        var asked: Set<VIReference> = []
        while true {
            try await requireCordon(pool, request)
            let sight = try await look(pool, step, moves, staying)
            try step.refuseOff(try pool.moved(moves, in: sight), in: context.plan)
            switch try pool.cordon(sight) {
            case .on: return
            case .entering: for name in staying { try await shutDown(name, pool, sight, &asked) }
            case .off: break
            }
            guard clock.now() < deadline, !Task.isCancelled else {
                let left = sight.view.running(on: try sight.host(step.resource).id).map(\.name)
                let words = left.isEmpty ? "" : ": \(PackageWords.list(left)) still runs on it"
                throw StepFailure(code: .timeout, message: "\(step.resource) is not in maintenance in time\(words)")
            }
            await clock.sleep(.seconds(2))
        }
    }

    /// It goes down with its host, as the plan has told, and by its own guest: nothing is ever cut off.
    private func shutDown(
        _ name: String, _ pool: VCenterPool, _ sight: VCenterSight, _ asked: inout Set<VIReference>
    ) async throws(StepFailure) {
        guard let machine = sight.view.machine(named: name), machine.isRunning,
            machine.host == (try sight.host(pool.own)).id, asked.insert(machine.id).inserted
        else { return }
        do throws(APIError) { _ = try await pool.client.call(.shutDown(machine.id)) } catch {
            // Whether it was heard the next look tells; somebody else may be shutting it down.
            guard error.code == .timeout || error.code == .unreachable || error.status == 409 else {
                throw StepFailure(
                    code: .refused, message: "\(name) cannot be asked to shut down: \(error.message)")
            }
        }
    }

    private func observation(
        _ pool: VCenterPool, _ moves: [MachineMove], _ staying: [String], _ sight: VCenterSight, at time: Timestamp
    ) -> Observation {
        let who = pool.isOurs ? "" : ", and not by this run"
        let left = staying.isEmpty ? "" : "; shut down: \(PackageWords.list(staying))"
        var seen = Observation(
            verdict: .pass,
            summary: "\(moves.count) away, as vCenter tells; nothing runs on it, and it is in maintenance\(who)\(left)",
            observedAt: time)
        // Where DRS has chosen itself.
        for move in moves {
            guard let machine = sight.view.machine(named: move.machine), machine.host != sight.hosts[move.to]?.id else {
                continue
            }
            seen.details["elsewhere \(move.machine)"] = "on \(sight.view.name(of: machine.host)), as DRS chose"
        }
        return seen
    }
}

extension VCenterPool {
    /// Ends the session behind whatever was done in it.
    func inSession<Value: Sendable>(
        _ body: () async throws(StepFailure) -> Value
    ) async throws(StepFailure) -> Value {
        let value: Value
        do throws(StepFailure) { value = try await body() } catch {
            await client.signOut()
            throw error
        }
        await client.signOut()
        return value
    }
}
