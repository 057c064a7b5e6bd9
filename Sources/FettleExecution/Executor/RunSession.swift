import FettleModel
import FettleStore

/// One executor's hold of one run: the loop that obeys the machine. An actor, so that the machine has one owner.
actor RunSession {
    let executor: RunExecutor
    let claim: RunClaim
    private let lease: LeaseClock
    private var machine: RunMachine
    /// What is under way beside the loop; its results come by the mailbox.
    private var tasks: [Int: Task<Void, Never>] = [:]
    private var nextTask = 0
    /// Of these the watches (bakes, gates of groups): one that nobody waits for any more is cut short, for it would go on asking hosts.
    private var watches: [Int: (step: StepID, attempt: Int)] = [:]
    private var wake: Task<Void, Never>?
    /// The task that keeps out who waits for a person, and by which steps they are out.
    private var vigil: (task: Int, drains: [StepID])?
    private var handledRequests: Set<Int64> = []
    private var toldWaits: Set<RunMachine.Wait> = []
    private let mailbox: AsyncStream<Mail>
    let post: AsyncStream<Mail>.Continuation

    enum Mail: Sendable {
        case report(Report)
        case requests([StoredRunRequest])
        case wake
        case broken(RunExecutionError)
        case finished(task: Int)
    }

    private var settings: RunExecutorSettings { executor.settings }

    init(executor: RunExecutor, claim: RunClaim, lease: LeaseClock, machine: RunMachine) {
        self.executor = executor
        self.claim = claim
        self.lease = lease
        self.machine = machine
        (mailbox, post) = AsyncStream.makeStream(of: Mail.self)
    }

    func carryOut(start: RunStart?) async throws -> RunExecutionResult {
        do {
            try await announce(start)
            // What was asked while nobody carried the run out: one that waits for a person would stop again before it is read.
            try await handle(try await requestsSoFar())
            launch { await $0.keepLease() }
            launch { await $0.pollRequests() }
            let result = try await loop()
            await stopAll()
            // Too late, and told so: that it has ended is durable, whatever becomes of this.
            if case .ended = result { try? await handle(try await requestsSoFar()) }
            await giveBack()
            await giveUpLease()
            return result
        } catch {
            await stopAll()
            // A fenced executor has nothing to give up; for any other the next one need not wait.
            if (error as? RunExecutionError)?.code != .fenced {
                await giveBack()
                await giveUpLease()
            }
            throw error
        }
    }

    private func requestsSoFar() async throws(RunExecutionError) -> [StoredRunRequest] {
        do throws(StoreError) { return try await executor.store.requests(to: claim.run) } catch {
            throw RunExecutionError(error, doing: "reading requests")
        }
    }

    private func announce(_ start: RunStart?) async throws {
        var events: [RunEvent] = []
        if !machine.hasStarted {
            guard let start else {
                throw RunExecutionError(code: .notStarted, message: "run \(claim.run) has not been started")
            }
            events.append(.started(change: start.change, plan: start.plan, by: start.by))
        }
        events.append(.claimed(executor: claim.executor))
        try await append(events)
    }

    private func loop() async throws -> RunExecutionResult {
        var mail = mailbox.makeAsyncIterator()
        while true {
            if let result = try await obey() { return result }
            guard let item = await mail.next() else { throw CancellationError() }
            try Task.checkCancellation()
            switch item {
            case .report(let report): machine.receive(report, at: settings.now())
            case .requests(let requests): try await handle(requests)
            case .wake: break
            case .broken(let error): throw error
            case .finished(let task):
                tasks[task] = nil
                watches[task] = nil
            }
        }
    }

    /// Does what the machine asks for, until it waits.
    private func obey() async throws -> RunExecutionResult? {
        while true {
            let drains = machine.drainsWaiting(at: settings.now())
            if drains.map(\.step.id) != vigil?.drains { await endVigil() }
            let commands = machine.next(at: settings.now())
            var hasAppended = false
            for command in commands {
                switch command {
                case .append(let events):
                    if case .ended(let outcome)? = events.first {
                        if let result = try await end(outcome) { return result }
                    } else {
                        try await append(events)
                    }
                    hasAppended = true
                case .check(let order, let confirming):
                    launch { await $0.check(order, confirming: confirming) }
                case .observeAndReserve(let order): launch { await $0.observeAndReserve(order) }
                case .perform(let order, let drains):
                    launch { await $0.perform(order, keeping: drains) }
                    if order.step.isBake { watches[nextTask] = (order.step.id, order.attempt) }
                    if let next = machine.order(after: order.step.id, at: settings.now()) {
                        launch { await $0.lookAhead(at: next) }
                    }
                case .release(let resource): launch { await $0.release(resource) }
                case .quarantine(let entry): launch { await $0.file(entry) }
                case .wait(let until):
                    await tellWaits()
                    setWake(until)
                case .stop(let outcome): return .ended(outcome)
                }
            }
            if hasAppended { continue }
            if let person = machine.handedOverBy { return .handedOver(by: person) }
            if let reason = machine.awaitingHuman, !stays { return .awaitingHuman(reason: reason) }
            keepVigil(over: drains)
            return nil
        }
    }

    private var stays: Bool {
        switch settings.awaiting {
        case .stays: true
        case .staysForAnswers: machine.asksSomebody
        case .leaves: false
        }
    }

    /// A member may wait for an answer for hours, and a load balancer that is restarted meanwhile would let it in (I3).
    private func keepVigil(over drains: [StepOrder]) {
        guard vigil == nil, !drains.isEmpty else { return }
        launch { await $0.keep(drains) }
        vigil = (nextTask, drains.map(\.step.id))
    }

    /// Before anything else is begun: what the vigil has under way could drain whom the next step brings back.
    private func endVigil() async {
        guard let task = vigil?.task else { return }
        vigil = nil
        tasks[task]?.cancel()
        await tasks[task]?.value
    }

    /// A run that stands still without a word is one that a person breaks off.
    private func tellWaits() async {
        for wait in machine.waits(longerThan: settings.pace.silentSeconds, at: settings.now()) {
            guard toldWaits.insert(wait).inserted else { continue }
            await settings.waits(wait.step, wait.reason)
        }
    }

    /// A run has succeeded when somebody else than its own steps sees that it has.
    private func proven(_ outcome: RunOutcome) async -> RunExecutionResult {
        guard outcome == .succeeded else { return .ended(outcome) }
        switch await settings.proves() {
        case .holds: return .ended(outcome)
        case .fails(let shortfalls):
            return .ended(.failed(reason: "\(RunProof.failed): \(shortfalls.joined(separator: "; "))"))
        case .unknown(let reason): return .awaitingHuman(reason: RunProof.words(unknown: reason))
        }
    }

    /// - Returns: nil if it has not ended after all: somebody has asked for something meanwhile.
    private func end(_ planned: RunOutcome) async throws -> RunExecutionResult? {
        let result = await proven(planned)
        // Whoever is told to leave proves nothing: what it asked was cut short.
        try Task.checkCancellation()
        let sequence = machine.sequence
        try await handle(try await requestsSoFar())
        if machine.sequence > sequence { return nil }
        switch result {
        case .ended(let outcome): try await append([.ended(outcome: outcome)])
        // Of one that waits already the journal says so. Nothing is left to be carried out: whoever resumes it looks once more.
        case .awaitingHuman(let reason) where machine.awaitingHuman != reason:
            try await append([.awaitingHuman(reason: reason)])
        default: break
        }
        return result
    }

    /// Durable before anything is done by them; all or none. Applied first, because a line that the machine refuses must not get
    /// into a journal that could never be read again: if it cannot be written, this machine is given up with its session.
    private func append(_ events: [RunEvent]) async throws {
        let time = settings.now()
        let records = events.enumerated().map { offset, event in
            JournalRecord(sequence: machine.sequence + 1 + offset, epoch: claim.epoch, at: time, event: event)
        }
        for record in records {
            do { try machine.apply(record) } catch {
                throw RunExecutionError(code: .refused, message: "not journaled: \(error.description)")
            }
        }
        do {
            try await executor.store.append(records, to: claim.run)
        } catch { throw RunExecutionError(error, doing: "writing the journal") }
        endWatchesForNobody()
        for record in records { await settings.progress(record, RunState(machine)) }
    }

    /// Such as one that begins anew because a host that it watches is taken back. Anything else that is under way is never stopped half
    /// done.
    private func endWatchesForNobody() {
        for (task, watch) in watches where !machine.isPerforming(watch.step, attempt: watch.attempt) {
            tasks[task]?.cancel()
            watches[task] = nil
        }
    }

    /// A request is journaled, then removed: a crash in between finds it refused as already done.
    private func handle(_ requests: [StoredRunRequest]) async throws {
        for stored in requests where handledRequests.insert(stored.id).inserted {
            let refusal = machine.request(stored.request)
            if refusal == nil, case .append(let events)? = machine.next(at: settings.now()).first {
                try await append(events)
            }
            // Refused by somebody who has lost the run it stays: the next one has not heard it.
            do { try await executor.store.remove(stored, epoch: claim.epoch) } catch {
                throw RunExecutionError(error, doing: "removing a request")
            }
            if let refusal { await settings.refused(stored.request, refusal) }
        }
    }

    /// Who is back in traffic does not count as out for other runs, although nobody carries this one out any more. In a task of its
    /// own, as below.
    private func giveBack() async {
        let resources = machine.idleReservations
        guard !resources.isEmpty else { return }
        let worker = RunWorker(executor: executor, claim: claim, lease: lease, post: post)
        let release = Task { for resource in resources { await worker.release(resource) } }
        await release.value
    }

    /// In a task of its own: the present one may be cancelled.
    private func giveUpLease() async {
        let release = Task { [executor, claim] in try? await executor.store.release(claim) }
        await release.value
    }

    private func setWake(_ time: Timestamp?) {
        wake?.cancel()
        wake = nil
        guard let time else { return }
        let delay = max(1, time.milliseconds - settings.now().milliseconds)
        let sleep = settings.sleep
        wake = Task { [post] in
            guard (try? await sleep(delay)) != nil, !Task.isCancelled else { return }
            post.yield(.wake)
        }
    }

    private func launch(_ work: @escaping @Sendable (RunWorker) async -> Void) {
        nextTask += 1
        let worker = RunWorker(executor: executor, claim: claim, lease: lease, post: post)
        tasks[nextTask] = Task { [nextTask, post] in
            await work(worker)
            post.yield(.finished(task: nextTask))
        }
    }

    /// Cancels what is under way and waits until it has stopped: after this nothing is touched any more.
    private func stopAll() async {
        wake?.cancel()
        for task in tasks.values { task.cancel() }
        for task in tasks.values { await task.value }
        tasks = [:]
        post.finish()
    }
}
