public import FettleDriverKit
public import FettleModel

/// Brings the servers of a hypervisor of OpenStack back that were moved away, and starts those that went down with it. Before that the
/// scheduler may use the hypervisor again, if it was this run that kept it from that.
///
/// Each is looked for where the plan has put it; one that is home already is left alone, and so is one that was shut off while it was away:
/// Nova moves only what runs, and what is shut off can be started where it is.
public struct NovaBringHomeDriver: StepDriver {
    private let connect: CloudConnect
    private let clock: DriverClock
    private let records = MoveRecords()

    /// - Parameter secrets: reads what lets one in.
    public init(secrets: @escaping SecretReading, clock: DriverClock = DriverClock()) {
        self.init(clock: clock, connect: CurlCloud.connect(secrets))
    }

    init(clock: DriverClock, connect: @escaping CloudConnect) {
        self.connect = connect
        self.clock = clock
    }

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        do throws(StepFailure) {
            let moves = try step.homecoming()
            let pool = try pool(step, moves, context)
            let began = clock.now()
            let view = try await pool.view(moves, requiring: [])
            if try missing(pool, step, moves, view, context) == nil {
                return .alreadyDone(try observation(pool, moves, view, at: began))
            }
            return .ready(prior: context.prior ?? PriorState(alreadySo: false, details: [:]))
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        let moves = try step.homecoming()
        let pool = try pool(step, moves, context)
        let deadline = clock.now().adding(seconds: step.timeoutSeconds)
        let view = try await awaitService(pool, until: deadline)
        if try pool.cordon(view).isOwed {
            try await pool.enable(view)
            try await pool.settle(isOn: false, until: deadline)
        }
        let done = try await ServerMover(pool: pool).move(moves, until: deadline)
        try await start(wentDown(step, context), pool, until: deadline)
        records.add(done, of: step, in: context)
    }

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let moves = try step.homecoming()
        let pool = try pool(step, moves, context)
        let began = clock.now()
        let view = try await pool.view(moves, requiring: [step.resource])
        if let failure = try missing(pool, step, moves, view, context) { throw failure }
        var seen = try observation(pool, moves, view, at: began)
        records.tell(in: &seen, of: step, in: context)
        return seen
    }

    // MARK: Parts

    private func pool(
        _ step: Step, _ moves: [MachineMove], _ context: StepContext
    ) throws(StepFailure) -> NovaPool {
        let names = wentDown(step, context)
        return try NovaPool(step, moves, staying: names, proven: names, in: context, clock, connect)
    }

    private func wentDown(_ step: Step, _ context: StepContext) -> [String] {
        step.wentDown(of: MachineMemory.ran(context.prior), in: context.plan)
    }

    /// It takes a moment after a restart until `nova-compute` reports again.
    private func awaitService(_ pool: NovaPool, until deadline: Timestamp) async throws(StepFailure) -> NovaView {
        while true {
            let view = try await pool.look()
            if try pool.service(pool.own, view).isUp { return view }
            guard clock.now() < deadline, !Task.isCancelled else {
                throw StepFailure(
                    code: .unreachable, message: "the compute service of \(pool.own) does not report to Nova")
            }
            await clock.sleep(.seconds(2))
        }
    }

    /// Where the host does that by itself (`resume_guests_state_on_host_boot`) there is nothing to do. Else Nova holds such a server for
    /// running until it looks at it the next time (`sync_power_state_interval`, ten minutes), and starts nothing before it has seen it
    /// stopped. What does not run in the end the proof tells.
    private func start(
        _ names: [String], _ pool: NovaPool, until deadline: Timestamp
    ) async throws(StepFailure) {
        var asked: Set<String> = []
        var pause = Duration.seconds(2)
        while !names.isEmpty, clock.now() < deadline, !Task.isCancelled {
            let view = try await pool.look()
            if try missing(names, pool, view) == nil { return }
            let host = try pool.service(pool.own, view).host
            for name in names where !asked.contains(name) {
                guard let server = view.server(named: name), server.host == host, server.vmState == "stopped",
                    server.taskState == nil
                else { continue }
                do throws(APIError) { try await pool.client.act(.start(server.id)) } catch {
                    // Somebody else was faster, or the answer was lost: the next look tells.
                    guard error.status == 409 || error.code == .timeout || error.code == .unreachable else {
                        throw StepFailure(nova: error)
                    }
                }
                asked.insert(name)
                pause = .seconds(2)
            }
            await clock.sleep(pause)
            pause = min(pause * 2, .seconds(10))
        }
    }

    /// Of those that went down with the hypervisor.
    private func missing(
        _ names: [String], _ pool: NovaPool, _ view: NovaView
    ) throws(StepFailure) -> StepFailure? {
        let host = try pool.service(pool.own, view).host
        for name in names {
            guard let server = view.server(named: name) else {
                return StepFailure(code: .drift, message: "\(name) is no more on \(pool.own)")
            }
            guard server.host == host else {
                return StepFailure(
                    code: .drift, message: "\(name) is on \(server.host ?? "no host"), not on \(pool.own)")
            }
            guard server.isHeldForRunning else {
                return StepFailure(code: .timeout, message: "\(name) does not run again on \(pool.own)")
            }
            guard server.isLive == true else {
                return StepFailure(
                    code: .timeout,
                    message: "Nova holds \(name) for running on \(pool.own), and the hypervisor does not say so")
            }
        }
        return nil
    }

    /// What is not yet as it was before the hypervisor was emptied; nil: all is.
    ///
    /// - Throws: what nothing done here would settle.
    private func missing(
        _ pool: NovaPool, _ step: Step, _ moves: [MachineMove], _ view: NovaView, _ context: StepContext
    ) throws(StepFailure) -> StepFailure? {
        var first: StepFailure?
        if try !pool.service(pool.own, view).isUp {
            first = StepFailure(
                code: .unreachable, message: "the compute service of \(pool.own) does not report to Nova")
        }
        let notHome = try step.notHome(try pool.moved(moves, in: view), countsOff: true)
        first = first ?? notHome
        if let failure = try missing(wentDown(step, context), pool, view) {
            guard failure.code.isRetryable else { throw failure }
            first = first ?? failure
        }
        if try pool.cordon(view).isOwed {
            first =
                first
                ?? StepFailure(code: .timeout, message: "the compute service of \(pool.own) is still disabled")
        }
        return first
    }

    private func observation(
        _ pool: NovaPool, _ moves: [MachineMove], _ view: NovaView, at time: Timestamp
    ) throws(StepFailure) -> Observation {
        var (home, off): (Int, [String]) = (0, [])
        for move in moves {
            switch try pool.standing(move, in: view) {
            case .off: off.append("\(move.machine) on \(move.from)")
            case .offThere:
                off.append("\(move.machine) at home")
                home += 1
            default: home += 1
            }
        }
        let words = off.isEmpty ? "" : "; shut off: \(PackageWords.list(off))"
        let cordon = try pool.cordon(view).isOn ? "; its compute service is disabled, and not by this run" : ""
        return Observation(
            verdict: .pass, summary: "\(home) home again, as Nova tells\(words)\(cordon)", observedAt: time)
    }
}
