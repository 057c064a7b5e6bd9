import FettleDriverKit
import FettleModel

/// Moves servers by Nova's live migration.
struct ServerMover: PatientMover {
    let pool: NovaPool

    var clock: DriverClock { pool.clock }
    var timeLimitSeconds: Int { pool.rules.timeLimitSeconds }
    var longestPause: Duration { .seconds(2) }
    var freshMemory: Memory { Memory() }

    private typealias Course = MoveCourse<Memory>

    struct Memory: Sendable {
        /// How Nova calls this call's request; nil: whether it was heard is not known, or it did not say.
        var request: String?
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

    func advance(
        _ move: MachineMove, _ course: inout MoveCourse<Memory>, until deadline: Timestamp
    ) async throws(StepFailure) -> Bool {
        try await isDone(move, try await pool.look(), &course, until: deadline)
    }

    private func isDone(
        _ move: MachineMove, _ view: NovaView, _ course: inout Course, until deadline: Timestamp
    ) async throws(StepFailure) -> Bool {
        course.memory.ends = [try pool.service(move.from, view).host, try pool.service(move.to, view).host]
        switch try pool.standing(move, in: view) {
        case .moved, .offThere, .off: return true
        case .here where !course.isAsked:
            if course.isCalledOff, let refusal = course.refusal { throw refusal }
            try await begin(move, view, &course, until: deadline)
        case .here: try await judge(move, &course)
        case .underWay(let migration):
            course.memory.id = view.server(named: move.machine)?.id
            course.memory.migration = migration ?? course.memory.migration
            course.isSeen = true
            course.isClear()
            await limit(move, &course, progress: Self.progress(course.memory.migration))
        case .unclear:
            try course.unclear(
                StepFailure(
                    code: .unreachable, message: "Nova holds \(move.machine) for active, and does not see it run"))
        case .trouble(let failure): try course.wait(for: failure)
        }
        return false
    }

    // MARK: The move

    private func begin(
        _ move: MachineMove, _ view: NovaView, _ course: inout Course, until deadline: Timestamp
    ) async throws(StepFailure) {
        guard let server = view.server(named: move.machine) else {
            throw StepFailure(code: .internal, message: "\(move.machine) is not where it was just seen")
        }
        try course.requireTime(for: move, at: clock.now(), until: deadline)
        let destination = try pool.service(move.to, view)
        try await hold(move, server, destination, view)
        course.memory.id = server.id
        course.isAsked = true
        course.began = clock.now()
        do throws(APIError) {
            course.memory.request = try await pool.client.act(.migrate(server.id, to: destination.host))
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
        guard let request = course.memory.request, let id = course.memory.id else {
            if course.isSeen {
                throw StepFailure(
                    code: .unreachable,
                    message: "\(move.machine) was not moved to \(move.to), and Nova does not say why")
            }
            return try course.unclear(
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
        try course.unclear(failure)
    }

    private static func progress(_ migration: NovaRecord.Migration?) -> String {
        guard let total = migration?.total, let left = migration?.remaining, total > 0, left >= 0 else { return "" }
        let unit = 1_024 * 1_024
        return ": \(left / unit) of \(total / unit) MiB of its memory were left"
    }

    /// In its last moment (`post-migrating`) Nova does not call a move off any more: the next look tells.
    func callOff(_ memory: Memory) async {
        guard let id = memory.id else { return }
        let client = pool.client
        // Not in the task that was told to stop: a request of that one ends at once.
        await Task {
            for migration in (try? await client.migrations(of: id)) ?? [] where memory.mayCallOff(migration) {
                _ = try? await client.act(.abort(migration.id, of: id))
            }
        }.value
    }
}
