import FettleDriverKit
import FettleModel
import Foundation
import Synchronization

@testable import FettleDrivers

/// A vCenter in memory and in virtual time, written from the documentation of the Virtual Infrastructure JSON API: it answers what vCenter
/// would, and does with its machines what vCenter and its DRS would.
final class PretendCenter: VITransport, Sendable {
    let state: Mutex<State>

    struct Host: Sendable, Equatable {
        var name: String
        var connection = "connected"
        var power = "poweredOn"
        var isMaintained = false
        var isQuarantined = false
        var gibibytes = 64
        var cores = 16
        /// The task that puts it into maintenance.
        var entering: String?
        var parent = "domain-c1"
    }

    struct Machine: Sendable, Equatable {
        var name: String
        var host: String
        var power = "poweredOn"
        var connection = "connected"
        var gibibytes = 2
        var processors = 2
        var isTemplate = false
        var manager: String?
        var tolerance = "notConfigured"
        var stores = ["datastore-1"]
        var disabled: [String] = []
        var devices: [Device] = []
        /// Its guest can be asked to shut down; how long that takes, in seconds.
        var hasTools = true
        var shutdownSeconds: Int64 = 20
        /// DRS leaves it to people.
        var isLeftByBalancer = false
    }

    struct Device: Sendable, Equatable {
        var type: String
        var backing: String?
        var isConnected: Bool?
        var sharedBus: String?
    }

    struct Store: Sendable {
        var name: String
        var hosts: [String]
    }

    struct Job: Sendable, Equatable {
        var kind: String
        var entity: String
        var state = "running"
        var words: String?
        var isCanceled = false
        var errors: [String] = []
        var target: String?
    }

    /// What comes of a machine's next move.
    enum Outcome: Sendable {
        case arrives
        /// It says that it has failed, and the machine runs at the destination.
        case arrivesAsFailed(String)
        /// It stays where it is, with these words.
        case fails(String)
        /// It says that all is well, and the machine is where it was.
        case staysInSuccess
        /// It says that all is well, and the machine is on another host.
        case goesTo(String)
    }

    enum Event: Sendable {
        case end(job: String)
        /// A machine is powered on.
        case start(Machine)
        case balance(host: String)
        /// Somebody acts, at that moment.
        case change(@Sendable (inout State) -> Void)
    }

    struct Rule: Sendable {
        var type: String
        var name: String
        var machines: [String] = []
        var hosts: [String] = []
        var isMandatory = false
        var isEnabled = true
    }

    struct State: Sendable {
        var hosts = [
            "host-1": Host(name: "esx1.example"), "host-2": Host(name: "esx2.example"),
            "host-3": Host(name: "esx3.example"),
        ]
        var machines: [String: Machine]
        var stores = ["datastore-1": Store(name: "san-1", hosts: ["host-1", "host-2", "host-3"])]
        var rules: [Rule] = []
        var isBalanced = true
        var behaviour = "manual"
        var jobs: [String: Job] = [:]
        var events: [(at: Int64, event: Event)] = []
        var outcomes: [String: Outcome] = [:]
        /// How long a move takes.
        var seconds: Int64 = 5
        /// Why the next judgement speaks against a move, by machine.
        var verdicts: [String: String] = [:]
        /// Where DRS puts a machine; else on the first host that takes it.
        var choices: [String: String] = [:]
        /// Privileges that the account has.
        var privileges: Set<String> = [
            "System.Read", "System.View", "Host.Config.Maintenance", "Resource.HotMigrate", "Global.CancelTask",
            "VirtualMachine.Interact.PowerOff", "VirtualMachine.Interact.PowerOn",
        ]
        /// Sessions that count.
        var sessions: Set<String> = []
        var given = 0
        var ended = 0
        /// How many questions a session is good for; nil: for all.
        var sessionLasts: Int?
        /// Whoever signs in is refused.
        var isClosed = false
        var apiType = "VirtualCenter"
        /// Objects of one answer, whatever was asked for.
        var pageSize = 500
        var pages: [String: [Data]] = [:]
        /// Properties that the account may not read, by `TYPE.PATH`.
        var hidden: Set<String> = []
        /// Machines that a look leaves out, so many times, as one that moves between two of its steps.
        var skipped: [String: Int] = [:]
        /// By member: what is answered instead.
        var answers: [String: APIAnswer] = [:]
        /// Of acts that are done, and of which the answer is lost.
        var losesAnswers = false
        var acts: [String] = []
        var asked: [VIRequest] = []
        var now: Int64 = 1_000_000
    }

    init(_ machines: [String: Machine], prepare: (inout State) -> Void = { _ in }) {
        var state = State(machines: machines)
        prepare(&state)
        self.state = Mutex(state)
    }

    var now: State { state.withLock { $0 } }
    func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

    var clock: DriverClock {
        DriverClock(
            now: { Timestamp(milliseconds: self.state.withLock { $0.now }) },
            sleep: { duration in
                self.state.withLock { state in
                    state.now += max(1, Int64(duration.inMilliseconds))
                    state.pass()
                }
                await _Concurrency.Task.yield()
            })
    }

    /// Everything that a step may change.
    var digest: String {
        state.withLock { state in
            let machines = state.machines.sorted { $0.key < $1.key }.map { "\($0) \($1.host) \($1.power)" }
            let hosts = state.hosts.sorted { $0.key < $1.key }.map { "\($0) \($1.isMaintained) \($1.entering ?? "-")" }
            return (machines + hosts).joined(separator: "\n")
        }
    }

    /// By name, the host of each machine, by its short name.
    var places: [String: String] {
        let state = now
        return state.machines.values.reduce(into: [:]) { places, machine in
            places[machine.name] = state.hosts[machine.host].map { String($0.name.prefix { $0 != "." }) }
        }
    }

    // MARK: The API

    func signIn(at manager: VIReference) async throws(APIError) -> APIAnswer {
        state.withLock { state in
            guard manager.value == "SessionManager" else { return State.fault("ManagedObjectNotFound", "elsewhere") }
            guard !state.isClosed else {
                return State.fault("InvalidLogin", "Cannot complete login due to an incorrect user name or password.")
            }
            state.given += 1
            state.sessions = ["session-\(state.given)"]
            var answer = State.data(["_typeName": "UserSession", "key": "key-\(state.given)", "userName": "u"])
            answer.headers = ["vmware-api-session-id": "session-\(state.given)"]
            return answer
        }
    }

    func send(_ request: VIRequest, session: String?) async throws(APIError) -> APIAnswer {
        let (answer, isLost) = state.withLock { state -> (APIAnswer, Bool) in
            if request.member == "content" { return (state.content(), false) }
            guard let session, state.sessions.contains(session) else {
                return (State.fault("NotAuthenticated", "The session is not authenticated."), false)
            }
            if request.member == "Logout" {
                state.sessions.remove(session)
                state.ended += 1
                return (APIAnswer(status: 204, reason: "", body: []), false)
            }
            if let last = state.sessionLasts, state.asked.count % last == last - 1 { state.sessions = [] }
            state.asked.append(request)
            let acts = [
                "RelocateVM_Task", "EnterMaintenanceMode_Task", "ExitMaintenanceMode_Task", "CancelTask",
                "ShutdownGuest",
                "PowerOnVM_Task",
            ]
            let isAct = acts.contains(request.member)
            if isAct { state.acts.append("\(request.object.value) \(request.member) \(request.body ?? "")") }
            if let answer = state.answers[request.member] { return (answer, false) }
            return (state.answer(request, key: session.replacing("session", with: "key")), isAct && state.losesAnswers)
        }
        guard !isLost else { throw APIError(.timeout, "no answer in time", nothingRan: false) }
        return answer
    }
}
