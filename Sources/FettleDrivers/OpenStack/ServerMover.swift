import FettleDriverKit
import FettleModel

/// Brings one server from one host to another, from whatever state an earlier try has left.
struct ServerMover: Sendable {
    let pool: NovaPool

    private var clock: DriverClock { pool.clock }

    /// What one call has seen and done so far.
    private struct Course {
        var began: Timestamp
        /// Whether this call has asked for the move.
        var isAsked = false
        /// How Nova calls that request; nil: whether it was heard is not known, or it did not say.
        var request: String?
        /// Whether it was seen under way.
        var isSeen = false
        var isCalledOff = false
        /// Looks in a row that told of nothing.
        var unclear = 0
        /// Told if nothing comes of it.
        var refusal: StepFailure?
        /// What moves the server, as far as is known.
        var migration: NovaRecord.Migration?
        var id: String?
        /// Nova's names of the two hosts, once they were seen.
        var ends: Set<String> = []

        /// What goes elsewhere is somebody else's. Of one whose destination Nova does not tell it is known only if it has said that it took
        /// this call's own request: it moves a server only once at a time.
        func mayCallOff(_ migration: NovaRecord.Migration) -> Bool {
            migration.destination.map(ends.contains) ?? (request != nil)
        }
    }

    private static let mostUnclearLooks = 5
    /// What is left of the step when a move is begun, so that it can still be called off.
    private static let leastSeconds = 30

    /// Returns once Nova tells that the server runs at the destination, or is shut off on one of the two hosts.
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
            let view = try await pool.look()
            if try await isDone(move, view, &course, until: deadline) {
                return course.isAsked || course.isSeen ? MoveRecord(move, from: course.began, to: clock.now()) : nil
            }
            await clock.sleep(pause)
            pause = min(pause * 2, .seconds(2))
        }
    }

    private func isDone(
        _ move: MachineMove, _ view: NovaView, _ course: inout Course, until deadline: Timestamp
    ) async throws(StepFailure) -> Bool {
        course.ends = [try pool.service(move.from, view).host, try pool.service(move.to, view).host]
        switch try pool.standing(move, in: view) {
        case .moved, .offThere, .off: return true
        case .here where !course.isAsked:
            if course.isCalledOff, let refusal = course.refusal { throw refusal }
            try await begin(move, view, &course, until: deadline)
        case .here: try await judge(move, &course)
        case .underWay(let migration):
            course.id = view.server(named: move.machine)?.id
            course.migration = migration ?? course.migration
            course.isSeen = true
            course.unclear = 0
            await limit(&course, move)
        case .unclear:
            try unclear(
                &course,
                StepFailure(
                    code: .unreachable, message: "Nova holds \(move.machine) for active, and does not see it run"))
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
        _ move: MachineMove, _ view: NovaView, _ course: inout Course, until deadline: Timestamp
    ) async throws(StepFailure) {
        guard let server = view.server(named: move.machine) else {
            throw StepFailure(code: .internal, message: "\(move.machine) is not where it was just seen")
        }
        guard deadline.milliseconds - clock.now().milliseconds > Int64(Self.leastSeconds) * 1_000 else {
            throw StepFailure(code: .timeout, message: "no time is left to move \(move.machine) to \(move.to)")
        }
        let destination = try pool.service(move.to, view)
        try await hold(move, server, destination, view)
        course.id = server.id
        course.isAsked = true
        course.began = clock.now()
        do throws(APIError) {
            course.request = try await pool.client.act(.migrate(server.id, to: destination.host))
            course.refusal = nil
        } catch {
            // It was not heard, or has said no. All else may have begun it: the next look tells.
            guard !error.nothingRan, error.code != .failed, error.code != .refused else {
                throw StepFailure(nova: error)
            }
            course.refusal = StepFailure(nova: error)
        }
    }

    /// What must hold before a server is moved: at this moment, not when the plan was made. What more there is the scheduler judges.
    private func hold(
        _ move: MachineMove, _ server: NovaView.Server, _ destination: NovaView.Service, _ view: NovaView
    ) async throws(StepFailure) {
        guard destination.isUp else {
            throw StepFailure(code: .unreachable, message: "the compute service of \(move.to) does not report to Nova")
        }
        guard destination.isEnabled else {
            throw StepFailure(
                code: .drift,
                message: "the compute service of \(move.to) is disabled\(destination.words): Nova moves nothing there")
        }
        var own = HypervisorFacts(memoryMebibytes: 0, processors: 0, residents: [server.resident()])
        own = own.ruled(by: pool.rules)
        if let words = own.residents.first?.isBoundBecause {
            throw StepFailure(code: .drift, message: "\(move.machine) cannot be moved to \(move.to) now: \(words)")
        }
        let facts: HypervisorFacts
        do throws(APIError) { facts = try await pool.client.room(of: destination.host, in: view) } catch {
            throw StepFailure(nova: error)
        }
        try facts.ruled(by: pool.rules).require(
            roomFor: move, memoryMebibytes: server.memoryMebibytes, processors: server.processors,
            apart: pool.rules.apart)
    }

    /// The server is where it was, and nothing moves it: Nova sets its task before it answers.
    private func judge(_ move: MachineMove, _ course: inout Course) async throws(StepFailure) {
        if course.isCalledOff, let refusal = course.refusal { throw refusal }
        guard let request = course.request, let id = course.id else {
            if course.isSeen {
                throw StepFailure(
                    code: .unreachable,
                    message: "\(move.machine) was not moved to \(move.to), and Nova does not say why")
            }
            return try unclear(
                &course,
                StepFailure(code: .unreachable, message: "whether the move of \(move.machine) was begun is not known"))
        }
        let words: String?
        do throws(APIError) { words = try await pool.client.outcome(of: request, id) } catch {
            throw StepFailure(nova: error)
        }
        let failure = StepFailure(
            code: .unreachable,
            message: "\(move.machine) was not moved to \(move.to): \(words ?? "Nova does not say why")")
        guard words == nil else { throw failure }
        // It writes its words down a moment after the server is free.
        try unclear(&course, failure)
    }

    /// Whoever began it: it has the time that a new one has.
    private func limit(_ course: inout Course, _ move: MachineMove) async {
        guard clock.now() > course.began.adding(seconds: pool.rules.timeLimitSeconds), !course.isCalledOff else {
            return
        }
        course.isCalledOff = true
        course.refusal = StepFailure(
            code: .timeout,
            message: "\(move.machine) takes longer than \(pool.rules.timeLimitSeconds) s to \(move.to)"
                + Self.progress(course.migration))
        await callOff(course)
    }

    private static func progress(_ migration: NovaRecord.Migration?) -> String {
        guard let total = migration?.total, let left = migration?.remaining, total > 0, left >= 0 else { return "" }
        let unit = 1_024 * 1_024
        return ": \(left / unit) of \(total / unit) MiB of its memory were left"
    }

    /// A move that nobody waits for any longer would go on by itself, under the steps that come next. In its last moment
    /// (`post-migrating`) Nova does not call it off any more: the next look tells.
    private func callOff(_ course: Course) async {
        guard let id = course.id else { return }
        let client = pool.client
        // Not in the task that was told to stop: a request of that one ends at once.
        await Task {
            for migration in (try? await client.migrations(of: id)) ?? [] where course.mayCallOff(migration) {
                _ = try? await client.act(.abort(migration.id, of: id))
            }
        }.value
    }
}
