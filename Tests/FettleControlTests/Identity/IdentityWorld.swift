import FettleControl
import FettleEvidence
import FettleModel
import FettleStore
import FettleTestSupport
import Synchronization

/// A store with users, a clock that tests set, and randomness that is none.
final class IdentityWorld: Sendable {
    let store = InMemoryStore(chain: .sha256)
    private let time = Mutex(Timestamp(milliseconds: 1_000_000_000))
    private let counter = Mutex(UInt8(0))

    var now: Timestamp { time.withLock { $0 } }
    func pass(seconds: Int) { time.withLock { $0 = $0.adding(seconds: seconds) } }

    func users(_ access: Access = .local) -> UserService {
        UserService(store: store, access: access) { self.now }
    }

    func tokens(_ access: Access = .local) -> TokenService {
        TokenService(
            store: store, access: access,
            random: { count in
                let first = self.counter.withLock { counter in
                    counter += 1
                    return counter
                }
                return (0..<count).map { first &+ UInt8(truncatingIfNeeded: $0) }
            }, now: { self.now })
    }

    func changes(_ access: Access = .local) -> ChangeService {
        ChangeService(store: store, access: access) { self.now }
    }

    func trust(_ access: Access = .local) -> TrustService {
        TrustService(store: store, access: access) { self.now }
    }

    /// Accepts a folder, as the first admin.
    @discardableResult
    func accept(
        _ policy: Policy, _ fleet: Fleet, keys: Digest? = nil, by admin: Access
    ) async throws -> TrustService.Comparison {
        try await trust(admin).accept(TrustContent(policy: policy, fleet: fleet, keys: keys), by: "root-admin")
    }

    var tools: Tools {
        let pool = Pool()
        return Tools(
            inspector: NoFacts(), resolver: NoAnswers(), drivers: pool, observer: pool, now: { self.now })
    }

    /// The first admin, let in by the login of this machine.
    func admin(_ name: UserID = "root-admin", _ grants: [Grant] = [Grant(.admin)]) async throws -> Access {
        _ = try await users().add(name, grants: grants, by: "root")
        return try await letIn(name, by: "root", .local)
    }

    /// Their own token, by an enrolment.
    func letIn(
        _ name: UserID, by person: Person, _ access: Access, limits: [Grant]? = nil, days: Int = 90
    ) async throws -> Access {
        let enrolment = try await tokens(access).enrol(name, by: person)
        let made = try await tokens(.token(enrolment.text)).make(title: "", limits: limits, days: days)
        return .token(made.text)
    }

    func add(_ name: UserID, _ grants: Grant..., by admin: Access) async throws -> Access {
        _ = try await users(admin).add(name, grants: grants, by: "root-admin")
        return try await letIn(name, by: "root-admin", admin)
    }

    /// The place and link of the log's newest entry: whatever a service writes moves it.
    func mark() async throws -> LogRecord? { try await store.logHead() }
}
