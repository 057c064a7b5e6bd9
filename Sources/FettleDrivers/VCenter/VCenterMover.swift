import FettleDriverKit
import FettleModel

/// Moves machines by vCenter's own tasks.
struct VCenterMover: PatientMover {
    let pool: VCenterPool

    var clock: DriverClock { pool.clock }
    var timeLimitSeconds: Int { pool.rules.timeLimitSeconds }
    var longestPause: Duration { .seconds(3) }
    /// The task of the move that was asked for; nil: whether it was heard is not known.
    var freshMemory: VIReference? { nil }

    private typealias Course = MoveCourse<VIReference?>

    func advance(
        _ move: MachineMove, _ course: inout MoveCourse<VIReference?>, until deadline: Timestamp
    ) async throws(StepFailure) -> Bool {
        try await isDone(move, try await pool.look(), &course, until: deadline)
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
            if course.isAsked, course.memory == nil { course.memory = task }
            course.isSeen = true
            course.isClear()
            await limit(move, &course)
        case .missing:
            try course.unclear(
                StepFailure(code: .drift, message: "vCenter tells of no machine \(move.machine) any more"))
        case .trouble(let failure): try course.wait(for: failure)
        }
        return false
    }

    // MARK: The move

    private func begin(
        _ move: MachineMove, _ sight: VCenterSight, _ course: inout Course, until deadline: Timestamp
    ) async throws(StepFailure) {
        guard let machine = sight.view.machine(named: move.machine) else {
            throw StepFailure(code: .internal, message: "\(move.machine) is not where it was just seen")
        }
        try course.requireTime(for: move, at: clock.now(), until: deadline)
        try hold(move, machine, sight)
        try await requireFit(move, machine, sight, until: deadline)
        course.isAsked = true
        course.began = clock.now()
        do throws(APIError) {
            course.memory = try await pool.client.begin(.relocate(machine.id, to: try destination(move, sight)))
            course.refusal = nil
        } catch {
            // DRS was faster, or somebody has begun something else: that is waited for.
            if error.status == 409 {
                course.isAsked = false
                course.refusal = StepFailure(vcenter: error)
                return try course.unclear(StepFailure(vcenter: error))
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
        guard let task = course.memory else {
            return try course.unclear(
                StepFailure(code: .unreachable, message: "whether the move of \(move.machine) was begun is not known"))
        }
        let seen: VCenterView.Activity?
        do throws(APIError) { seen = try await pool.client.task(task) } catch { throw StepFailure(vcenter: error) }
        if let seen, seen.isUnderWay { return await limit(move, &course) }
        if let seen, seen.state == "error" { throw seen.failure("\(move.machine) was not moved to \(move.to)") }
        // It says where the machine is a moment after the task has ended.
        try course.unclear(
            StepFailure(
                code: .unreachable,
                message: "vCenter says that \(move.machine) was moved, and still tells of it where it was"))
    }

    func callOff(_ task: VIReference?) async {
        guard let task else { return }
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
