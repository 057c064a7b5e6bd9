public import FettleDriverKit
public import FettleModel

/// Takes a host of vCenter out of maintenance, if it was this run that has put it there, and brings the machines back that were moved
/// away, and starts those that were shut down with it.
///
/// Each is looked for where the plan has put it, or anywhere in the cluster where DRS moves machines by itself; one that is home already is
/// left alone, and so is one that was shut off while it was away: it can be started where it is.
public struct VCenterBringHomeDriver: StepDriver {
    private let connect: VIConnect
    private let clock: DriverClock
    private let records = MoveRecords()

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
            return try await inSession(step, context) { pool, moves, down throws(StepFailure) in
                let began = clock.now()
                let sight = try await pool.sight(of: moves, requiring: [])
                if try missing(step, pool, moves, down, sight) == nil {
                    return .alreadyDone(try observation(pool, moves, sight, at: began))
                }
                return .ready(prior: context.prior ?? PriorState(alreadySo: false, details: [:]))
            }
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        try await inSession(step, context) { pool, moves, down throws(StepFailure) in
            let deadline = clock.now().adding(seconds: step.timeoutSeconds)
            try await awaitHost(pool, until: deadline)
            if pool.isOurs { try await leave(pool, until: deadline) }
            try await refuseForeignCordon(pool, moves)
            let done = try await VCenterMover(pool: pool).move(moves, until: deadline)
            try await start(down, pool, until: deadline)
            records.add(done, of: step, in: context)
        }
    }

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        try await inSession(step, context) { pool, moves, down throws(StepFailure) in
            let began = clock.now()
            let sight = try await pool.sight(of: moves, requiring: [step.resource])
            if let failure = try missing(step, pool, moves, down, sight) { throw failure }
            var seen = try observation(pool, moves, sight, at: began)
            records.tell(in: &seen, of: step, in: context)
            return seen
        }
    }

    // MARK: Parts

    private func inSession<Value: Sendable>(
        _ step: Step, _ context: StepContext,
        _ body: (VCenterPool, [MachineMove], [String]) async throws(StepFailure) -> Value
    ) async throws(StepFailure) -> Value {
        let moves = try step.homecoming()
        let down = step.wentDown(of: MachineMemory.ran(context.prior), in: context.plan)
        let pool = try VCenterPool(step, moves, staying: down, isHomeward: true, in: context, clock, connect)
        return try await pool.inSession { () async throws(StepFailure) in try await body(pool, moves, down) }
    }

    /// It takes some minutes after a restart until vCenter reaches a host again.
    private func awaitHost(_ pool: VCenterPool, until deadline: Timestamp) async throws(StepFailure) {
        while true {
            let host = try await pool.look().host(pool.own)
            if host.isConnected { return }
            guard clock.now() < deadline, !Task.isCancelled else {
                throw StepFailure(
                    code: .unreachable, message: "vCenter does not reach \(pool.own) (\(host.state))")
            }
            await clock.sleep(.seconds(5))
        }
    }

    /// Returns once vCenter tells that the host takes machines again.
    private func leave(_ pool: VCenterPool, until deadline: Timestamp) async throws(StepFailure) {
        var task: VIReference?
        var isAsked = false
        var looks = 0
        while true {
            let sight = try await pool.look()
            let cordon = try pool.cordon(sight)
            if cordon == .off { return }
            let what = "\(pool.own) did not come out of maintenance"
            if let failure = try await pool.failure(of: task, what) { throw failure }
            // What was called off may have come to its end before: then it is asked again.
            if !isAsked || task == nil && looks % 5 == 4 {
                task = try await pool.exit(sight, until: deadline)
                isAsked = true
            }
            looks += 1
            guard clock.now() < deadline, !Task.isCancelled else {
                throw StepFailure(code: .timeout, message: "\(pool.own) is still in maintenance")
            }
            await clock.sleep(.seconds(2))
        }
    }

    /// Those that were shut down with the host, and still are. Returns once they run, or the step's time is over: what does not run in
    /// the end the proof tells.
    private func start(
        _ names: [String], _ pool: VCenterPool, until deadline: Timestamp
    ) async throws(StepFailure) {
        var asked: Set<VIReference> = []
        while !names.isEmpty, clock.now() < deadline, !Task.isCancelled {
            let sight = try await pool.look()
            let host = try sight.host(pool.own)
            var isAnyOff = false
            for name in names {
                guard let machine = sight.view.machine(named: name), machine.power == "poweredOff" else { continue }
                isAnyOff = true
                guard machine.host == host.id, machine.moving == nil, machine.busy == nil,
                    asked.insert(machine.id).inserted
                else { continue }
                do throws(APIError) { _ = try await pool.client.begin(.powerOn(machine.id)) } catch {
                    // Somebody else was faster, or the answer was lost: the next look tells.
                    guard error.status == 409 || error.code == .timeout || error.code == .unreachable else {
                        throw StepFailure(vcenter: error)
                    }
                }
            }
            if !isAnyOff { return }
            await clock.sleep(.seconds(2))
        }
    }

    private func refuseForeignCordon(_ pool: VCenterPool, _ moves: [MachineMove]) async throws(StepFailure) {
        guard !moves.isEmpty else { return }
        let sight = try await pool.look()
        guard try pool.cordon(sight) != .off else { return }
        for move in moves {
            switch try pool.standing(move, in: sight) {
            case .moved, .off, .offThere: continue
            default:
                throw StepFailure(
                    code: .drift,
                    message: "\(pool.own) is in maintenance, and not by this run: its machines cannot come home before "
                        + "somebody takes it out in vCenter")
            }
        }
    }

    /// What is not yet as it was before the host was emptied; nil: all is.
    ///
    /// - Throws: what nothing done here would settle.
    private func missing(
        _ step: Step, _ pool: VCenterPool, _ moves: [MachineMove], _ down: [String], _ sight: VCenterSight
    ) throws(StepFailure) -> StepFailure? {
        var first: StepFailure?
        let host = try sight.host(pool.own)
        if !host.isConnected {
            first = StepFailure(code: .unreachable, message: "vCenter does not reach \(pool.own) (\(host.state))")
        }
        let notHome = try step.notHome(try pool.moved(moves, in: sight), countsOff: true)
        first = first ?? notHome
        for name in down {
            guard let machine = sight.view.machine(named: name) else {
                throw StepFailure(code: .drift, message: "\(name) is no more on \(pool.own)")
            }
            guard machine.host == host.id || machine.isRunning else {
                throw StepFailure(
                    code: .drift,
                    message: "\(name) is on \(sight.view.name(of: machine.host)), not on \(pool.own), and shut off")
            }
            if !machine.isRunning {
                first = first ?? StepFailure(code: .timeout, message: "\(name) does not run again on \(pool.own)")
            }
        }
        if pool.isOurs, try pool.cordon(sight) != .off {
            first = first ?? StepFailure(code: .timeout, message: "\(pool.own) is still in maintenance")
        }
        return first
    }

    private func observation(
        _ pool: VCenterPool, _ moves: [MachineMove], _ sight: VCenterSight, at time: Timestamp
    ) throws(StepFailure) -> Observation {
        var (home, off): (Int, [String]) = (0, [])
        for move in moves {
            switch try pool.standing(move, in: sight) {
            case .off:
                let host = sight.view.machine(named: move.machine).map { sight.view.name(of: $0.host) }
                off.append("\(move.machine) on \(host ?? "no host")")
            case .offThere:
                off.append("\(move.machine) at home")
                home += 1
            default: home += 1
            }
        }
        let words = off.isEmpty ? "" : "; shut off: \(PackageWords.list(off))"
        let cordon = try pool.cordon(sight) == .off ? "" : "; it is in maintenance, and not by this run"
        return Observation(
            verdict: .pass, summary: "\(home) home again, as vCenter tells\(words)\(cordon)", observedAt: time)
    }
}
