import FettleDriverKit
import FettleModel

/// Moves the machines of Proxmox VE by the cluster's own tasks, or by its HA manager.
struct GuestMover: PatientMover {
    let pool: ProxmoxPool
    /// Whether a machine that is shut off is brought along: home, but not away.
    let movesOff: Bool

    var clock: DriverClock { pool.clock }
    var timeLimitSeconds: Int { pool.rules.timeLimitSeconds }
    var longestPause: Duration { .seconds(2) }
    var freshMemory: Memory { Memory() }

    private typealias Course = MoveCourse<Memory>

    struct Memory: Sendable {
        /// The task that this call has begun; nil: whether it was begun is not known, or nothing was asked.
        var begun: ProxmoxTask.Name?
        /// When the HA manager had taken it; nil: it has not, or it was not asked.
        var takenAt: Timestamp?
        /// What was seen to move the machine.
        var seen: ProxmoxTask.Name?
    }

    /// How long the HA manager may take to begin with what it was asked for: it has a turn about every ten seconds.
    private static let patienceSeconds = 90

    func advance(
        _ move: MachineMove, _ course: inout MoveCourse<Memory>, until deadline: Timestamp
    ) async throws(StepFailure) -> Bool {
        guard let view = try await look(move, &course) else { return false }
        return try await isDone(move, view, &course, until: deadline)
    }

    private func look(_ move: MachineMove, _ course: inout Course) async throws(StepFailure) -> ProxmoxView? {
        if let view = try await pool.look([move]), try pool.standing(move, in: view) != .unclear { return view }
        try course.unclear(
            StepFailure(code: .unreachable, message: "the cluster did not tell the same of \(move.machine) twice"))
        return nil
    }

    private func isDone(
        _ move: MachineMove, _ view: ProxmoxView, _ course: inout Course, until deadline: Timestamp
    ) async throws(StepFailure) -> Bool {
        switch try pool.standing(move, in: view) {
        case .moved, .offThere: return true
        case .off where !movesOff: return true
        case .here where !course.isAsked, .off where !course.isAsked:
            try await begin(move, view, &course, until: deadline)
        case .here, .off: try await judge(move, &course)
        case .underWay(let task):
            if let task {
                course.memory.seen = task.name
                course.isSeen = true
            }
            course.isClear()
            await limit(move, &course)
        case .stuck:
            try course.unclear(
                StepFailure(
                    code: .inconclusive,
                    message:
                        "\(move.machine) is locked by a move, and nothing moves it: a person has to look (`qm unlock`)")
            )
        case .unclear: break
        case .trouble(let failure): try course.wait(for: failure)
        }
        return false
    }

    // MARK: The move

    private func begin(
        _ move: MachineMove, _ view: ProxmoxView, _ course: inout Course, until deadline: Timestamp
    ) async throws(StepFailure) {
        let (source, destination) = (try pool.node(move.from), try pool.node(move.to))
        guard let guest = view.guest(named: move.machine), let state = view.seen[source]?.guests[guest.vmid] else {
            throw StepFailure(code: .internal, message: "\(move.machine) is not where it was just seen")
        }
        try course.requireTime(for: move, at: clock.now(), until: deadline)
        try await MoveRequirement(pool: pool, move: move).hold(guest, state, view)
        let request = ProxmoxRequest.migrate(
            guest.vmid, from: source, to: destination, isRunning: state.isRunning,
            bandwidth: pool.rules.bandwidthMebibytes * 1_024)
        do throws(APIError) {
            course.memory.begun = try await pool.client.begin(request, on: source)
            course.isAsked = true
            course.began = clock.now()
            course.refusal = nil
        } catch {
            // It was not heard, or has said no. All else may have begun it: the next look tells.
            guard !error.nothingRan, error.code != .failed, error.code != .refused else {
                throw StepFailure(proxmox: error)
            }
            course.refusal = StepFailure(proxmox: error)
            course.isAsked = true
        }
    }

    /// The machine is where it was, and nothing moves it.
    private func judge(_ move: MachineMove, _ course: inout Course) async throws(StepFailure) {
        guard let task = course.memory.begun else {
            return try course.unclear(
                StepFailure(code: .unreachable, message: "whether the move of \(move.machine) was begun is not known"))
        }
        let state: ProxmoxTask.State
        do throws(APIError) { state = try await pool.client.state(of: task) } catch {
            throw StepFailure(proxmox: error)
        }
        let refusal: StepFailure
        switch state {
        case .running:
            course.isClear()
            return await limit(move, &course)
        case .ended("OK") where task.type == "hamigrate":
            let takenAt = course.memory.takenAt ?? clock.now()
            course.memory.takenAt = takenAt
            guard clock.now() > takenAt.adding(seconds: Self.patienceSeconds) else {
                course.isClear()
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
        try course.unclear(refusal)
    }

    /// What the HA manager does is its own, and cannot be stopped without a right that nothing else here needs: it is waited for, or found
    /// by the next look.
    func callOff(_ memory: Memory) async {
        guard let task = memory.seen ?? memory.begun else { return }
        let client = pool.client
        // Not in the task that was told to stop: a request of that one ends at once. It may have ended meanwhile: the next look tells.
        _ = await Task { try? await client.act(.stop(task)) }.value
    }
}
