import FettleDriverKit
import FettleModel
import Foundation
import Synchronization

@testable import FettleDrivers

/// A cloud of OpenStack in memory and in virtual time, written from the documentation of Keystone's and Nova's APIs: it answers what they
/// would, and does with its servers what they would.
final class PretendCloud: CloudTransport, Sendable {
    let state: Mutex<State>

    struct Host: Sendable, Equatable {
        /// Of its service.
        var id: String
        var isUp = true
        var isEnabled = true
        var reason: String?
        var processors = 16
        var gibibytes = 32
    }

    struct Server: Sendable, Equatable {
        var name: String
        var host: String?
        var vmState = "active"
        var taskState: String?
        var powerState = 1
        /// By the hypervisor's own word; nil: as Nova holds it.
        var isLive: Bool?
        var gibibytes = 2
        var processors = 2
        var isLocked = false
        var hasImage = false
        var hasConfigDrive = false
        var specifications: [String: String] = [:]
    }

    /// What comes of a server's next moves.
    enum Outcome: Sendable {
        case arrives
        /// It runs at the destination, and Nova says that it has failed, in these words.
        case arrivesAsFailed(String)
        /// It stays where it is and runs, and Nova says these words.
        case fails(String)
        /// It stays where it is, in the state ERROR.
        case breaks
        /// It stays where it is, and Nova says nothing.
        case vanishes
    }

    struct Migration: Sendable {
        var number: Int
        var server: String
        var target: String
        var request: String
        var isOver = false
        var words: String?
    }

    enum Event: Sendable {
        case end(migration: Int)
        case started(server: String)
        /// Nova looks, and finds it shut down.
        case noticed(server: String)
    }

    struct Group: Sendable {
        var name: String
        var policy: String
        var most: Int?
        var members: [String]
    }

    struct State: Sendable {
        var servers: [String: Server]
        var hosts = [
            "cmp1": Host(id: PretendCloud.id(901)), "cmp2": Host(id: PretendCloud.id(902)),
            "cmp3": Host(id: PretendCloud.id(903)),
        ]
        var groups: [Group] = []
        var migrations: [Migration] = []
        var events: [(at: Int64, event: Event)] = []
        var outcomes: [String: Outcome] = [:]
        /// How long a move takes.
        var seconds: Int64 = 5
        /// Tokens that count.
        var tokens: Set<String> = []
        var given = 0
        /// How many questions a token is good for; nil: for all.
        var tokenLasts: Int?
        /// Whoever signs in is refused.
        var isClosed = false
        var region = ["RegionOne"]
        var endpoint = "https://nova.example:8774/v2.1"
        /// Entries of one page, whatever was asked for.
        var pageSize = 500
        /// Who asks may not filter by the host, and is told of all.
        var ignoresFilters = false
        /// From this question on the cell that has `cmp1` does not answer; nil: it always does.
        var cellFallsAt: Int?
        var isCellDown: Bool { cellFallsAt.map { asked.count >= $0 } ?? false }
        /// Who asks may not see where a migration goes.
        var hidesDestinations = false
        /// Left out of what is told of a server.
        var hiddenKeys: Set<String> = []
        /// By path: what is answered instead.
        var answers: [String: APIAnswer] = [:]
        /// Of acts that are done, and of which the answer is lost.
        var losesAnswers = false
        var acts: [String] = []
        var asked: [NovaRequest] = []
        var now: Int64 = 1_000_000
    }

    init(_ servers: [Int: Server], prepare: (inout State) -> Void = { _ in }) {
        var state = State(
            servers: servers.reduce(into: [:]) { $0[Self.id($1.key)] = $1.value })
        prepare(&state)
        self.state = Mutex(state)
    }

    /// A UUID by a number.
    static func id(_ number: Int) -> String { "00000000-0000-4000-8000-" + String(format: "%012d", number) }

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
            let servers = state.servers.sorted { $0.key < $1.key }.map { id, server in
                "\(id) \(server.host ?? "-") \(server.vmState) \(server.taskState ?? "-")"
            }
            let hosts = state.hosts.sorted { $0.key < $1.key }.map { name, host in
                "\(name) \(host.isEnabled) \(host.reason ?? "-")"
            }
            return (servers + hosts).joined(separator: "\n")
        }
    }

    /// By name, the host of each server.
    var places: [String: String] {
        now.servers.values.reduce(into: [:]) { $0[$1.name] = $1.host }
    }

    // MARK: The APIs

    func signIn() async throws(APIError) -> APIAnswer {
        state.withLock { state in
            guard !state.isClosed else {
                return State.fault(401, "error", "The request you have made requires authentication.")
            }
            state.given += 1
            state.tokens = ["token-\(state.given)"]
            let endpoints = state.region.map {
                ["interface": "public", "region": $0, "region_id": $0, "url": state.endpoint, "id": "e"]
            }
            let catalog: [[String: Any]] = [
                ["type": "identity", "name": "keystone", "endpoints": [[String: String]]()],
                [
                    "type": "compute", "name": "nova",
                    "endpoints": endpoints + [
                        ["interface": "internal", "region": "RegionOne", "url": "http://10.0.0.1:8774/v2.1"]
                    ],
                ],
            ]
            var answer = State.data(["token": ["methods": ["application_credential"], "catalog": catalog]], 201)
            answer.headers = ["x-subject-token": "token-\(state.given)"]
            return answer
        }
    }

    func send(_ request: NovaRequest, at endpoint: String, token: String) async throws(APIError) -> APIAnswer {
        let (answer, isLost) = state.withLock { state -> (APIAnswer, Bool) in
            guard endpoint == "https://nova.example:8774/v2.1" else {
                return (State.fault(404, "itemNotFound", "elsewhere"), false)
            }
            guard state.tokens.contains(token) else {
                return (State.fault(401, "error", "The request you have made requires authentication."), false)
            }
            if let last = state.tokenLasts, state.asked.count % last == last - 1 { state.tokens = [] }
            state.asked.append(request)
            let path = request.path.joined(separator: "/")
            if request.method != .get {
                state.acts.append("\(request.method.rawValue) \(path) \(request.body ?? "")")
            }
            if let answer = state.answers[path] { return (answer, false) }
            return (state.answer(request), request.method != .get && state.losesAnswers)
        }
        guard !isLost else { throw APIError(.timeout, "no answer in time", nothingRan: false) }
        return answer
    }
}
