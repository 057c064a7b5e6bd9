import FettleDriverKit
import FettleModel

/// Brings one machine from one host to another, from whatever state an earlier try has left.
struct VCenterMover: Sendable {
    let pool: VCenterPool

    private var clock: DriverClock { pool.clock }

    /// What one call has seen and done so far.
    private struct Course {
        var began: Timestamp
        /// Whether this call has asked for the move.
        var isAsked = false
        /// The task of that; nil: whether it was heard is not known.
        var task: VIReference?
        /// Whether it was seen under way.
        var isSeen = false
        var isCalledOff = false
        /// Looks in a row that told of nothing.
        var unclear = 0
        /// Told if nothing comes of it.
        var refusal: StepFailure?
    }

    private static let mostUnclearLooks = 5
    /// What is left of the step when a move is begun, so that it can still be called off.
    private static let leastSeconds = 30

    /// Returns once vCenter tells that the machine runs where it is to be, or is shut off.
    ///
    /// - Parameter deadline: when the step's time is over.
    /// - Returns: nil if there was nothing to do.
    func move(_ move: MachineMove, until deadline: Timestamp) async throws(StepFailure) -> MoveRecord? {
        var course = Course(began: clock.now())
        var pause = Duration.milliseconds(500)
        while true {
            guard clock.now() < deadline, !Task.isCancelled else {
                await callOff(course)
                throw course.refusal
                    ?? StepFailure(code: .timeout, message: "\(move.machine) has not come to \(move.to) in time")
            }
            let sight = try await pool.look()
            if try await isDone(move, sight, &course, until: deadline) {
                return course.isAsked || course.isSeen ? MoveRecord(move, from: course.began, to: clock.now()) : nil
            }
            await clock.sleep(pause)
            pause = min(pause * 2, .seconds(3))
        }
    }

    private func isDone(
        _ move: MachineMove, _ sight: VCenterSight, _ course: inout Course, until deadline: Timestamp
    ) async throws(StepFailure) -> Bool {
        switch try pool.standing(move, in: sight) {
        case .moved, .offThere, .off: return true
        case .here where !course.isAsked:
            if course.isCalledOff, let refusal = course.refusal { throw refusal }
            try await begin(move, sight, &course, until: deadline)
        case .here: try await judge(move, &course)
        case .underWay(let task):
            // Nothing moved it when it was asked for: this is that, though its answer was lost.
            if course.isAsked, course.task == nil { course.task = task }
            course.isSeen = true
            course.unclear = 0
            await limit(&course, move)
        case .missing:
            try unclear(
                &course, StepFailure(code: .drift, message: "vCenter tells of no machine \(move.machine) any more"))
        case .trouble(let failure):
            // A snapshot ends by itself.
            guard failure.code == .locked else { throw failure }
            course.unclear = 0
            course.refusal = failure
        }
        return false
    }

    private func unclear(_ course: inout Course, _ failure: StepFailure) throws(StepFailure) {
        course.unclear += 1
        guard course.unclear < Self.mostUnclearLooks else { throw course.refusal ?? failure }
    }

    // MARK: The move

    private func begin(
        _ move: MachineMove, _ sight: VCenterSight, _ course: inout Course, until deadline: Timestamp
    ) async throws(StepFailure) {
        guard let machine = sight.view.machine(named: move.machine) else {
            throw StepFailure(code: .internal, message: "\(move.machine) is not where it was just seen")
        }
        let left = deadline.milliseconds - clock.now().milliseconds
        guard left > Int64(Self.leastSeconds) * 1_000 else {
            throw StepFailure(code: .timeout, message: "no time is left to move \(move.machine) to \(move.to)")
        }
        try hold(move, machine, sight)
        try await requireFit(move, machine, sight, until: deadline)
        course.isAsked = true
        course.began = clock.now()
        do throws(APIError) {
            course.task = try await pool.client.begin(.relocate(machine.id, to: try destination(move, sight)))
            course.refusal = nil
        } catch {
            // DRS was faster, or somebody has begun something else: that is waited for.
            if error.status == 409 {
                course.isAsked = false
                course.refusal = StepFailure(vcenter: error)
                return try unclear(&course, StepFailure(vcenter: error))
            }
            // It was not heard, or has said no. All else may have begun it: the next look tells.
            guard !error.nothingRan, error.code == .timeout || error.code == .unreachable else {
                throw StepFailure(vcenter: error)
            }
            course.refusal = StepFailure(vcenter: error)
        }
    }

    private func destination(_ move: MachineMove, _ sight: VCenterSight) throws(APIError) -> VIReference {
        guard let host = sight.hosts[move.to] else { throw .garbage("\(move.to) is no host") }
        return host.id
    }

    /// What must hold before a machine is moved: at this moment, not when the plan was made.
    private func hold(
        _ move: MachineMove, _ machine: VCenterView.Machine, _ sight: VCenterSight
    ) throws(StepFailure) {
        try sight.require(move.to)
        let host = try sight.host(move.to)
        guard !host.isMaintained, host.entering == nil, !host.isQuarantined else {
            let words = host.isQuarantined ? "in quarantine (Proactive HA)" : "in maintenance, or about to be"
            throw StepFailure(code: .drift, message: "\(move.to) is \(words): vCenter moves nothing there")
        }
        guard let memory = host.memoryMebibytes, let cores = host.cores else {
            throw StepFailure(code: .unreachable, message: "vCenter does not tell the size of \(move.to)")
        }
        let facts = HypervisorFacts(
            memoryMebibytes: memory, processors: cores,
            residents: sight.view.running(on: host.id).map { $0.resident() })
        try facts.ruled(by: pool.rules).require(
            roomFor: move, memoryMebibytes: machine.memoryMebibytes, processors: machine.processors,
            apart: pool.rules.apart)
        let enemies = sight.view.rules.apart.filter { $0.machines.contains(machine.id) }.flatMap(\.machines)
        if let enemy = sight.view.running(on: host.id).first(where: { $0.id != machine.id && enemies.contains($0.id) })
        {
            throw StepFailure(
                code: .drift,
                message: "a rule of the cluster keeps \(move.machine) apart from \(enemy.name), which is on \(move.to)")
        }
    }

    /// vCenter's own judgement: processor, networks, storage, devices, licences.
    private func requireFit(
        _ move: MachineMove, _ machine: VCenterView.Machine, _ sight: VCenterSight, until deadline: Timestamp
    ) async throws(StepFailure) {
        let result: VIValue?
        do throws(APIError) {
            let checker = try await pool.client.services().checker
            let task = try await pool.client.begin(
                .checkRelocation(of: machine.id, to: try destination(move, sight), by: checker))
            guard let task else { throw .garbage("it does not say by which task it judges a move") }
            result = try await pool.client.judgement(by: task, clock, until: deadline)
        } catch {
            throw StepFailure(vcenter: error)
        }
        let errors = (result?.list ?? []).flatMap { $0["error"]?.list ?? [] }.map { VIFault(localized: $0).words }
        guard errors.isEmpty else {
            throw StepFailure(
                code: .drift,
                message: "\(move.machine) cannot be moved to \(move.to) now: \(PackageWords.list(errors))")
        }
    }

    /// The machine is where it was, and nothing moves it.
    private func judge(_ move: MachineMove, _ course: inout Course) async throws(StepFailure) {
        if course.isCalledOff, let refusal = course.refusal { throw refusal }
        guard let task = course.task else {
            return try unclear(
                &course,
                StepFailure(code: .unreachable, message: "whether the move of \(move.machine) was begun is not known"))
        }
        let seen: VCenterView.Activity?
        do throws(APIError) { seen = try await pool.client.task(task) } catch { throw StepFailure(vcenter: error) }
        if let seen, seen.isUnderWay { return await limit(&course, move) }
        if let seen, seen.state == "error" { throw seen.failure("\(move.machine) was not moved to \(move.to)") }
        // It says where the machine is a moment after the task has ended.
        try unclear(
            &course,
            StepFailure(
                code: .unreachable,
                message: "vCenter says that \(move.machine) was moved, and still tells of it where it was"))
    }

    /// Whoever began it: it has the time that a new one has.
    private func limit(_ course: inout Course, _ move: MachineMove) async {
        guard clock.now() > course.began.adding(seconds: pool.rules.timeLimitSeconds), !course.isCalledOff else {
            return
        }
        course.isCalledOff = true
        course.refusal = StepFailure(
            code: .timeout,
            message: "\(move.machine) takes longer than \(pool.rules.timeLimitSeconds) s to \(move.to)")
        await callOff(course)
    }

    /// A move that nobody waits for any longer would go on by itself, under the steps that come next. What others began is theirs.
    private func callOff(_ course: Course) async {
        guard let task = course.task else { return }
        let client = pool.client
        // Not in the task that was told to stop: a request of that one ends at once.
        await Task { _ = try? await client.call(.cancel(task)) }.value
    }
}

extension VCenterClient {
    /// What a task that only looks has found.
    ///
    /// - Throws: `failed` with its words where it could not.
    func judgement(
        by task: VIReference, _ clock: DriverClock, until deadline: Timestamp
    ) async throws(APIError) -> VIValue? {
        while true {
            let properties = ["Task": Self.taskProperties + ["info.result"]]
            guard let object = try await retrieve(VIQuery(start: task, properties: properties)).first else {
                throw .garbage("it has forgotten the task that judges a move")
            }
            let seen = try VCenterView.Activity(object)
            switch seen.state {
            case "success": return object["info.result"]
            case "error":
                throw APIError(.failed, "it cannot judge the move: \(seen.words ?? "without a word")", nothingRan: true)
            default: break
            }
            guard clock.now() < deadline, !Task.isCancelled else {
                throw APIError(.timeout, "it does not judge the move in time", nothingRan: true)
            }
            await clock.sleep(.milliseconds(500))
        }
    }
}
