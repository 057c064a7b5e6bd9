import FettleDatabase
import FettleModel
import FettleStore
import Foundation
import Testing

/// A folder of its own with fleet.yaml, policy.yaml and the database, as a user has one.
final class Site: Sendable {
    let directory: URL
    let store: SQLiteStore
    /// What the program printed, on a disk that is never full.
    private let outputs: URL

    struct Choices {
        var bakeSeconds = 2
        /// How the canary is judged, as settings of its strategy.
        var judging = "judge: probes"
        var gateDeadlineSeconds = 12
        var rebootDeadlineSeconds = 60
        var lockWaitSeconds = 120
        var attempts = 2
        /// The pool `web` comes after the pool `api`.
        var ordersPools = false
        /// Lines of YAML for the policy.
        var policy = ""
        /// As whom Fettle signs in; nil: root, as the lab's ssh_config says.
        var user: String?
    }

    /// The lab's own fleet and policy, with short waits.
    /// - Parameter disk: where the folder is made; nil: with all other temporary files.
    init(_ choices: Choices = Choices(), on disk: SmallDisk? = nil) throws {
        let temporary = FileManager.default.temporaryDirectory
        let name = "fettle-\(UUID().uuidString)"
        directory = (disk?.directory ?? temporary).appending(path: name)
        outputs = temporary.appending(path: "\(name)-output")
        for folder in [directory, outputs] {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
        let lab = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../Lab").standardizedFileURL
        var fleet = try String(contentsOf: lab.appending(path: "fleet.yaml"), encoding: .utf8)
            .replacing("bake: 8s, judge: probes", with: "bake: \(choices.bakeSeconds)s, \(choices.judging)")
            .replacing("deadline: 20s", with: "deadline: \(choices.gateDeadlineSeconds)s")
        if choices.ordersPools { fleet = fleet.replacing("  - id: web\n", with: "  - id: web\n    after: [api]\n") }
        if let user = choices.user {
            fleet = fleet.replacing("  owner: lab\n", with: "  owner: lab\n  address: \"\(user)@{id}\"\n")
        }
        try Data(fleet.utf8).write(to: directory.appending(path: "fleet.yaml"))
        let policy = try String(contentsOf: lab.appending(path: "policy.yaml"), encoding: .utf8)
            .replacing("attempts: 2", with: "attempts: \(choices.attempts)")
        let waits = "\nrebootDeadline: \(choices.rebootDeadlineSeconds)s\nlockWait: \(choices.lockWaitSeconds)s\n"
        try Data((policy + waits + choices.policy + "\n").utf8)
            .write(to: directory.appending(path: "policy.yaml"))
        store = try SQLiteStore(path: directory.appending(path: ".fettle/fettle.db").path)
    }

    deinit { for folder in [directory, outputs] { try? FileManager.default.removeItem(at: folder) } }

    // MARK: The program

    func launch(_ words: String..., as person: String = "alice") throws -> FettleProcess {
        try launch(words: words, as: person)
    }

    func launch(words: [String], as person: String = "alice") throws -> FettleProcess {
        let run = try #require(PackagesLab.directory)
        let settings = [
            "FETTLE_DIR": directory.path, "FETTLE_SSH_CONFIG": run + "/ssh_config", "FETTLE_HINTS": "never",
            "FETTLE_PERSON": person,
        ]
        return try FettleProcess(
            words, settings: settings, outputFile: outputs.appending(path: UUID().uuidString))
    }

    /// Runs it to its end, which has to be one of these exit codes; what it printed.
    @discardableResult
    func fettle(
        _ words: String..., as person: String = "alice", ends codes: Int32...,
        at location: SourceLocation = #_sourceLocation
    ) async throws -> String {
        let process = try launch(words: words, as: person)
        let code = try await process.end()
        let expected = codes.isEmpty ? [0] : codes
        #expect(
            expected.contains(code), "fettle \(words.joined(separator: " ")) ended with \(code):\n\(process.output)",
            sourceLocation: location)
        return process.output
    }

    /// Scans a pool, plans one package on some of its hosts, and has the change asked for by alice and approved by bob.
    /// - Parameter group: its name in the fleet; nil: the pool's.
    func approvedChange(
        of package: String, in pool: MainJobLab.Pool, on hosts: String..., group: String? = nil
    ) async throws -> Plan {
        try await fettle("scan", "--group", group ?? pool.name, ends: 100, 101)
        let make = try launch(
            words: ["plan", "make", "--only", package] + hosts.flatMap { ["--host", $0] })
        try #require(try await make.end() == 0, "\(make.output)")
        try await fettle("change", "submit", "plan-1", "--reason", "a test")
        try await fettle("change", "approve", "change-1", as: "bob")
        return try await plan()
    }

    /// Leads hosts of a run that has ended back to what they had before it: scanned, planned, approved, carried out.
    func takeBack(_ run: String, _ scope: String...) async throws {
        try await fettle("scan", "--group", "api", ends: 100, 101)
        let make = try launch(words: ["plan", "make", "--undo", run] + scope)
        try #require(try await make.end() == 0, "\(make.output)")
        try await fettle("change", "submit", "plan-2", "--reason", "back")
        try await fettle("change", "approve", "change-2", as: "bob")
        try await fettle("run", "start", "change-2")
    }

    // MARK: What it keeps

    func plan(_ id: String = "plan-1") async throws -> Plan {
        let document = try #require(try await store.document(.plan, id: id))
        return try CanonicalJSON.decode(Plan.self, from: Data(document.bytes))
    }

    var journal: [JournalRecord] {
        get async throws { try await store.records(of: "run-1", after: 0) }
    }

    var outcome: RunOutcome? {
        get async throws {
            guard case .ended(let outcome) = try await journal.last?.event else { return nil }
            return outcome
        }
    }

    /// Waits until the journal of run-1 holds such an event, and looks often enough to be there at once.
    func waitFor(
        _ what: String, within seconds: Int = 120, _ isMet: (RunEvent) -> Bool
    ) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(seconds)
        while clock.now < deadline {
            if try await journal.contains(where: { isMet($0.event) }) { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        throw TestFailure("not seen in the journal within \(seconds) s: \(what)")
    }

    func waitForIntent(_ step: StepID) async throws {
        try await waitFor("the intent of \(step)") { event in
            if case .stepIntended(step, _, _) = event { true } else { false }
        }
    }

    func waitForDone(_ step: StepID) async throws {
        try await waitFor("\(step) done") { event in
            if case .stepDone(step, _, _) = event { true } else { false }
        }
    }

    /// The resources for which anything was ever intended that touches a host: not looking, not downloading, and not a restart to be
    /// compared with.
    func touched(_ plan: Plan) async throws -> Set<ResourceID> {
        let steps = Dictionary((plan.steps + plan.rollback).map { ($0.id, $0) }) { first, _ in first }
        return Set(
            try await journal.compactMap { record in
                guard case .stepIntended(let id, _, _) = record.event, let step = steps[id] else { return nil }
                return step.availability == .none || step.leg == .control ? nil : step.resource
            })
    }

    var firstFailure: StepFailure? {
        get async throws {
            try await journal.lazy.compactMap { record in
                if case .stepFailed(_, _, let failure) = record.event { failure } else { nil }
            }.first
        }
    }

    func failure(of step: StepID) async throws -> StepFailure? {
        try await journal.reversed().lazy.compactMap { record in
            if case .stepFailed(step, _, let failure) = record.event { failure } else { nil }
        }.first
    }
}
