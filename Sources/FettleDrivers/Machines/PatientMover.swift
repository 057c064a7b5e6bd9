import FettleDriverKit
import FettleModel

/// Brings machines from one hypervisor to another through a product's own management: asks for a move, then looks again and again until
/// the product tells that the machine is there. What an earlier try has left is taken up, and an answer that was lost is no failure.
protocol PatientMover: Sendable {
    /// What is remembered of one move beside its course, such as the task that makes it.
    associatedtype Memory: Sendable

    var clock: DriverClock { get }
    /// How long one move may take, in seconds.
    var timeLimitSeconds: Int { get }
    /// Between two looks, at most.
    var longestPause: Duration { get }
    var freshMemory: Memory { get }

    /// Looks once, and does what follows from it.
    ///
    /// - Returns: whether there is nothing more to do.
    func advance(
        _ move: MachineMove, _ course: inout MoveCourse<Memory>, until deadline: Timestamp
    ) async throws(StepFailure) -> Bool

    /// Has the product end a move that nobody waits for any longer: it would go on by itself, under the steps that come next. What others
    /// began is theirs.
    func callOff(_ memory: Memory) async
}

/// What one call of a mover has seen and done so far of one machine's move.
struct MoveCourse<Memory: Sendable>: Sendable {
    var began: Timestamp
    /// Whether this call has asked for the move.
    var isAsked = false
    /// Whether it was seen under way.
    var isSeen = false
    var isCalledOff = false
    /// Told if nothing comes of it.
    var refusal: StepFailure?
    var memory: Memory
    /// Looks in a row that told of nothing.
    private var unclearLooks = 0

    /// Machines come and go in a busy pool; one that never tells the same twice is out of order.
    private static var mostUnclearLooks: Int { 5 }
    /// What is left of the step when a move is begun, so that it can still be called off.
    private static var leastSeconds: Int { 30 }

    init(began: Timestamp, memory: Memory) {
        self.began = began
        self.memory = memory
    }

    /// A look has told of nothing; a few such are nothing to speak of.
    mutating func unclear(_ failure: StepFailure) throws(StepFailure) {
        unclearLooks += 1
        guard unclearLooks < Self.mostUnclearLooks else { throw refusal ?? failure }
    }

    /// A look has told of something.
    mutating func isClear() { unclearLooks = 0 }

    /// Something else is being done with the machine, such as a snapshot, and ends by itself.
    ///
    /// - Throws: any trouble but that.
    mutating func wait(for trouble: StepFailure) throws(StepFailure) {
        guard trouble.code == .locked else { throw trouble }
        isClear()
        refusal = trouble
    }

    func requireTime(for move: MachineMove, at now: Timestamp, until deadline: Timestamp) throws(StepFailure) {
        guard deadline.milliseconds - now.milliseconds > Int64(Self.leastSeconds) * 1_000 else {
            throw StepFailure(code: .timeout, message: "no time is left to move \(move.machine) to \(move.to)")
        }
    }
}

extension PatientMover {
    /// One after the other.
    ///
    /// - Parameters:
    ///   - deadline: when the step's time is over.
    ///   - before: asked before each move whether it may begin still.
    /// - Returns: of those that there was something to do for.
    func move(
        _ moves: [MachineMove], until deadline: Timestamp,
        before: (MachineMove) async throws(StepFailure) -> Void = { _ in }
    ) async throws(StepFailure) -> [MoveRecord] {
        var done: [MoveRecord] = []
        for move in moves {
            if Task.isCancelled {
                throw StepFailure(code: .timeout, message: "stopped before \(move.machine) was moved")
            }
            try await before(move)
            if let record = try await self.move(move, until: deadline) { done.append(record) }
        }
        return done
    }

    /// Returns once the product tells that the machine is where the plan wants it, or is shut off.
    ///
    /// - Returns: nil if there was nothing to do.
    func move(_ move: MachineMove, until deadline: Timestamp) async throws(StepFailure) -> MoveRecord? {
        var course = MoveCourse(began: clock.now(), memory: freshMemory)
        var pause = Duration.milliseconds(500)
        while true {
            guard clock.now() < deadline, !Task.isCancelled else {
                await callOff(course.memory)
                throw course.refusal
                    ?? StepFailure(code: .timeout, message: "\(move.machine) has not come to \(move.to) in time")
            }
            if try await advance(move, &course, until: deadline) {
                return course.isAsked || course.isSeen ? MoveRecord(move, from: course.began, to: clock.now()) : nil
            }
            await clock.sleep(pause)
            pause = min(pause * 2, longestPause)
        }
    }

    /// Whoever began it: it has the time that a new one has.
    ///
    /// - Parameter progress: how far it has come, to be told.
    func limit(_ move: MachineMove, _ course: inout MoveCourse<Memory>, progress: String = "") async {
        guard clock.now() > course.began.adding(seconds: timeLimitSeconds), !course.isCalledOff else { return }
        course.isCalledOff = true
        course.refusal = StepFailure(
            code: .timeout, message: "\(move.machine) takes longer than \(timeLimitSeconds) s to \(move.to)\(progress)")
        await callOff(course.memory)
    }
}
