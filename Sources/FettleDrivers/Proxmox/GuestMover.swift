import FettleDriverKit
import FettleModel

/// Brings one machine from one node to another, from whatever state an earlier try has left.
struct GuestMover: Sendable {
    let pool: ProxmoxPool
    /// Whether a machine that is shut off is brought along: home, but not away.
    let movesOff: Bool

    private var clock: DriverClock { pool.clock }

    /// What one call has seen and done so far.
    private struct Course {
        var began: Timestamp
        var request: Request?
        var isCalledOff = false
        /// Looks in a row that told of nothing.
        var unclear = 0
        /// Told if nothing comes of it.
        var refusal: StepFailure?
        /// What moves the machine, as far as is known.
        var task: ProxmoxTask.Name?
    }

    private struct Request {
        /// nil: whether it was begun is not known.
        var task: ProxmoxTask.Name?
        /// When the HA manager had taken it; nil: it has not, or it was not asked.
        var takenAt: Timestamp?
    }

    private enum Next { case done, wait }

    /// Guests come and go in a busy cluster; one that never tells the same twice is out of order.
    private static let mostUnclearLooks = 5
    /// How long the HA manager may take to begin with what it was asked for: it has a turn about every ten seconds.
    private static let patienceSeconds = 90
    /// What is left of the step when a move is begun, so that it can still be called off.
    private static let leastSeconds = 30

    /// Returns once the cluster tells that the machine runs at the destination.
    ///
    /// - Parameter deadline: when the step's time is over.
    /// - Returns: nil if there was nothing to do.
    func move(
        _ move: MachineMove, until deadline: Timestamp
    ) async throws(StepFailure) -> MoveRecord? {
        var course = Course(began: clock.now())
        var pause = Duration.milliseconds(500)
        while true {
            guard clock.now() < deadline, !Task.isCancelled else {
                await callOff(course.task ?? course.request?.task)
                throw course.refusal
                    ?? StepFailure(code: .timeout, message: "\(move.machine) has not come to \(move.to) in time")
            }
            if let view = try await look(move, &course),
                case .done = try await advance(move, view, &course, until: deadline)
            {
                return course.request == nil && course.task == nil
                    ? nil : MoveRecord(move, from: course.began, to: clock.now())
            }
            await clock.sleep(pause)
            pause = min(pause * 2, .seconds(2))
        }
    }

    private func look(_ move: MachineMove, _ course: inout Course) async throws(StepFailure) -> ProxmoxView? {
        if let view = try await pool.look([move]), try pool.standing(move, in: view) != .unclear { return view }
        try unclear(
            &course,
            StepFailure(code: .unreachable, message: "the cluster did not tell the same of \(move.machine) twice"))
        return nil
    }

    private func unclear(_ course: inout Course, _ failure: StepFailure) throws(StepFailure) {
        course.unclear += 1
        guard course.unclear < Self.mostUnclearLooks else { throw course.refusal ?? failure }
    }

    private func advance(
        _ move: MachineMove, _ view: ProxmoxView, _ course: inout Course, until deadline: Timestamp
    ) async throws(StepFailure) -> Next {
        switch try pool.standing(move, in: view) {
        case .moved, .offThere: return .done
        case .off where !movesOff: return .done
        case .here, .off:
            guard let request = course.request else {
                try await begin(move, view, &course, until: deadline)
                return .wait
            }
            try await judge(request, move, &course)
        case .underWay(let task):
            course.task = task?.name ?? course.task
            course.unclear = 0
            await limit(&course, move)
        case .stuck:
            try unclear(
                &course,
                StepFailure(
                    code: .inconclusive,
                    message:
                        "\(move.machine) is locked by a move, and nothing moves it: a person has to look (`qm unlock`)")
            )
        case .unclear: break
        case .trouble(let failure):
            // A backup ends by itself.
            guard failure.code == .locked else { throw failure }
            course.unclear = 0
            course.refusal = failure
        }
        return .wait
    }

    // MARK: The move

    private func begin(
        _ move: MachineMove, _ view: ProxmoxView, _ course: inout Course, until deadline: Timestamp
    ) async throws(StepFailure) {
        let (source, destination) = (try pool.node(move.from), try pool.node(move.to))
        guard let guest = view.guest(named: move.machine), let state = view.seen[source]?.guests[guest.vmid] else {
            throw StepFailure(code: .internal, message: "\(move.machine) is not where it was just seen")
        }
        guard deadline.milliseconds - clock.now().milliseconds > Int64(Self.leastSeconds) * 1_000 else {
            throw StepFailure(code: .timeout, message: "no time is left to move \(move.machine) to \(move.to)")
        }
        try await MoveRequirement(pool: pool, move: move).hold(guest, state, view)
        let request = ProxmoxRequest.migrate(
            guest.vmid, from: source, to: destination, isRunning: state.isRunning,
            bandwidth: pool.rules.bandwidthMebibytes * 1_024)
        do throws(APIError) {
            course.request = Request(task: try await pool.client.begin(request, on: source))
            course.began = clock.now()
            course.refusal = nil
        } catch {
            // It was not heard, or has said no. All else may have begun it: the next look tells.
            guard !error.nothingRan, error.code != .failed, error.code != .refused else {
                throw StepFailure(proxmox: error)
            }
            course.refusal = StepFailure(proxmox: error)
            course.request = Request()
        }
    }

    /// The machine is where it was, and nothing moves it.
    private func judge(_ request: Request, _ move: MachineMove, _ course: inout Course) async throws(StepFailure) {
        guard let task = request.task else {
            return try unclear(
                &course,
                StepFailure(code: .unreachable, message: "whether the move of \(move.machine) was begun is not known"))
        }
        let state: ProxmoxTask.State
        do throws(APIError) { state = try await pool.client.state(of: task) } catch {
            throw StepFailure(proxmox: error)
        }
        let refusal: StepFailure
        switch state {
        case .running:
            course.unclear = 0
            return await limit(&course, move)
        case .ended("OK") where task.type == "hamigrate":
            let takenAt = request.takenAt ?? clock.now()
            course.request?.takenAt = takenAt
            guard clock.now() > takenAt.adding(seconds: Self.patienceSeconds) else {
                course.unclear = 0
                return
            }
            refusal = StepFailure(
                code: .timeout,
                message: "the HA manager has taken the move of \(move.machine) to \(move.to), and left it where it was")
        case .ended("OK"):
            refusal = StepFailure(
                code: .timeout, message: "its task ended well, and \(move.machine) is still on \(move.from)")
        case .ended(let words):
            refusal = StepFailure(
                code: .unreachable, message: "\(move.machine) was not moved to \(move.to): \(words)")
        case .gone:
            refusal = StepFailure(
                code: .unreachable,
                message: "the task that moved \(move.machine) is gone, and it is still on \(move.from)")
        }
        // The task may have ended behind the look, and the machine be there by now.
        try unclear(&course, refusal)
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
        await callOff(course.task ?? course.request?.task)
    }

    /// A move that nobody waits for any longer would go on by itself, under the steps that come next. What the HA manager does is its
    /// own, and cannot be stopped without a right that nothing else here needs: it is waited for, or found by the next look.
    private func callOff(_ task: ProxmoxTask.Name?) async {
        guard let task else { return }
        let client = pool.client
        // Not in the task that was told to stop: a request of that one ends at once. It may have ended meanwhile: the next look tells.
        _ = await Task { try? await client.act(.stop(task)) }.value
    }
}
