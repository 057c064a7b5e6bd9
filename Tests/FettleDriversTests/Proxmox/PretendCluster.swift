import FettleDriverKit
import FettleModel
import Foundation
import Synchronization

@testable import FettleDrivers

/// A cluster of Proxmox VE in memory and in virtual time, written from the documentation of its API and of `ha-manager`: it answers
/// what nodes would, and does with its guests what they would.
final class PretendCluster: ProxmoxTransport, Sendable {
    let state: Mutex<State>

    struct Guest: Sendable, Equatable {
        var name: String?
        var node: String
        var type = "qemu"
        var isRunning = true
        /// QEMU's own word.
        var runState = "running"
        var lock: String?
        var gibibytes = 2
        var processors = 2
        var isTemplate = false
        var localDisk: String?
        var device: String?
        /// Nodes that it may not go to.
        var barred: [String] = []
    }

    /// What comes of a guest's next moves.
    enum Outcome: Sendable {
        case arrives
        /// The task ends with these words, and the guest stays.
        case fails(String)
        /// Its worker dies: the lock stays, and the guest where it was.
        case dies
        /// It ends well, and has moved nothing.
        case lies
    }

    struct Task: Sendable {
        var node: String
        var type: String
        var vmid: Int
        var target: String?
        /// nil: it runs.
        var exit: String?
        var isForgotten = false
    }

    enum Event: Sendable {
        case end(upid: String)
        case started(vmid: Int)
        /// The HA manager's turn.
        case managerMoves(vmid: Int, target: String)
        case maintenance(node: String, isOn: Bool)
    }

    struct State: Sendable {
        var guests: [Int: Guest]
        var nodes = ["pve1": true, "pve2": true, "pve3": true]
        /// Guests that the HA manager keeps, and what it does with each.
        var services: [Int: String] = [:]
        var maintained: Set<String> = []
        var tasks: [String: Task] = [:]
        var events: [(at: Int64, event: Event)] = []
        var outcomes: [Int: Outcome] = [:]
        /// How long a move takes.
        var seconds: Int64 = 5
        var forgetsTasks = false
        /// What is told for the name of a move's task, which is not begun then.
        var taskName: String?
        /// The HA manager takes what it is asked, and does nothing.
        var managerSleeps = false
        var isQuorate = true
        var migration: String?
        var rights: [String: [String: Int]] = [
            "/": ["Sys.Audit": 1], "/nodes": ["Sys.Audit": 1], "/vms": ["VM.Audit": 1, "VM.Migrate": 1],
        ]
        /// Hosts where nobody answers.
        var silent: Set<String> = []
        /// By path: what is answered instead.
        var answers: [String: APIAnswer] = [:]
        /// Of acts that are done, and of which the answer is lost.
        var losesAnswers = false
        /// What was asked to act, on this line and by `ha-manager`.
        var acts: [String] = []
        /// Hosts in the order in which they were asked.
        var asked: [String] = []
        /// What was asked for, whatever for.
        var paths: [String] = []
        var now: Int64 = 1_000_000
        var started = 0
    }

    init(_ guests: [Int: Guest], prepare: (inout State) -> Void = { _ in }) {
        var state = State(guests: guests)
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
            let guests = state.guests.sorted { $0.key < $1.key }.map { vmid, guest in
                "\(vmid) \(guest.node) \(guest.isRunning) \(guest.lock ?? "-")"
            }
            return (guests + ["maintained \(state.maintained.sorted())"]).joined(separator: "\n")
        }
    }

    // MARK: The API

    func send(_ request: ProxmoxRequest, to host: String) async throws(APIError) -> APIAnswer {
        let (answer, isLost) = state.withLock { state -> (APIAnswer?, Bool) in
            state.asked.append(host)
            guard !state.silent.contains(host) else { return (nil, false) }
            let path = request.path.joined(separator: "/")
            state.paths.append(path)
            if request.method != .get {
                state.acts.append("\(request.method.rawValue) \(path) \(request.form)")
            }
            if let answer = state.answers[path] { return (answer, false) }
            let answer = state.answer(request)
            return (answer, request.method != .get && state.losesAnswers)
        }
        guard let answer else { throw APIError(.unreachable, "\(host): nobody answers", nothingRan: true) }
        guard !isLost else { throw APIError(.timeout, "\(host): no answer in time", nothingRan: false) }
        return answer
    }
}

/// The nodes themselves, as far as `ha-manager` is run on them.
extension PretendCluster: ChannelProvider, CommandChannel {
    func channel(to address: ResourceAddress) async throws(AccessError) -> any CommandChannel { self }
    func close() async {}

    func run(_ command: RemoteCommand) async throws(AccessError) -> CommandResult {
        guard case .root(let root) = command.program, let node = root.arguments.last else {
            throw AccessError(.invalidCommand, "no program of this cluster", host: "pve1")
        }
        state.withLock { state in
            state.acts.append(root.arguments.joined(separator: " "))
            state.events.append((state.now + 10_000, .maintenance(node: node, isOn: root.arguments.contains("enable"))))
        }
        return CommandResult(status: 0, standardOutput: [], standardError: [], duration: .zero)
    }
}
