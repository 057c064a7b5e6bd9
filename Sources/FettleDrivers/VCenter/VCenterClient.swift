import FettleModel
internal import Foundation
import Synchronization

/// One vCenter, in a session of its own.
final class VCenterClient: Sendable {
    private let transport: any VITransport
    private let known = Mutex(Known())
    private let end: ContinuousClock.Instant?

    private struct Known: Sendable {
        var services: Services?
        var session: Session?
        var inventory: [VIReference: VCenterView.Place]?
        var rules: [VIReference: ClusterRules] = [:]
    }

    /// Of `ServiceContent`, as far as it is needed.
    struct Services: Sendable {
        var rootFolder: VIReference
        var collector: VIReference
        var sessions: VIReference
        var authorization: VIReference
        var checker: VIReference
    }

    struct Session: Sendable {
        var id: String
        /// By which privileges are asked for.
        var key: String
    }

    /// A list with more pages than this is not read.
    static let mostPages = 400
    private static let longestSession = 4_096

    /// - Parameter limit: for all that is asked together; nil: whoever asks has a limit of its own.
    init(_ transport: any VITransport, within limit: Duration? = nil) {
        self.transport = transport
        end = limit.map { .now + $0 }
    }

    /// - Throws: `garbage` for an answer that is none.
    func call(_ request: VIRequest) async throws(APIError) -> VIValue {
        let answer = try await send(request)
        guard !answer.body.isEmpty else { return .null }
        return try Self.decode(answer, request)
    }

    /// - Returns: the task that does it; nil: the answer is not as the documentation says, and what came of it the next look tells.
    func begin(_ request: VIRequest) async throws(APIError) -> VIReference? {
        let answer = try await send(request)
        guard let task = (try? Self.decode(answer, request))?.reference, task.type == "Task" else { return nil }
        return task
    }

    /// Of all objects that a query finds, to the last page.
    func retrieve(_ query: VIQuery) async throws(APIError) -> [VIObject] {
        let collector = try await services().collector
        var objects: [VIObject] = []
        var request = VIRequest.retrieve(query, from: collector)
        for _ in 0..<Self.mostPages {
            let page = try await call(request)
            for entry in page["objects"]?.list ?? [] {
                if let object = try VIObject(entry) { objects.append(object) }
            }
            guard let token = page["token"]?.text else { return objects }
            guard token.utf8.count <= 1_024 else { throw .garbage("the token of a page is none") }
            request = .retrieve(after: token, from: collector)
        }
        throw .garbage("its list has more than \(Self.mostPages) pages")
    }

    /// Which of these the account does not have on an object; sorted.
    func missingPrivileges(_ names: [String], on entity: VIReference) async throws(APIError) -> [String] {
        let services = try await services()
        var key = try await session().key
        var answer = try await call(.privileges(names, on: entity, ofSession: key, from: services.authorization))
        // The session that was asked about had ended: nobody has any right in it.
        let now = try await session().key
        if now != key {
            key = now
            answer = try await call(.privileges(names, on: entity, ofSession: key, from: services.authorization))
        }
        let granted = (answer.list ?? []).flatMap { $0["privAvailability"]?.list ?? [] }
            .filter { $0["isGranted"]?.flag == true }.compactMap { $0["privId"]?.text }
        return names.filter { !granted.contains($0) }.sorted()
    }

    /// A session that nobody ends stands for half an hour, and vCenter has only so many.
    func signOut() async {
        let (services, session) = known.withLock { known in
            defer { known.session = nil }
            return (known.services, known.session)
        }
        guard let services, let session else { return }
        _ = try? await transport.send(.signOut(services.sessions), session: session.id)
    }

    // MARK: What stays the same

    func services() async throws(APIError) -> Services {
        if let services = known.withLock({ $0.services }) { return services }
        guard let instance = VIReference("ServiceInstance", "ServiceInstance") else {
            throw .garbage("it has no service")
        }
        let request = VIRequest.content(of: instance)
        try requireTime()
        let answer = try Self.required(try await transport.send(request, session: nil))
        let content = try Self.decode(answer, request)
        // A single ESXi host speaks nearly the same.
        guard content["about"]?["apiType"]?.text == "VirtualCenter" else {
            throw APIError(.refused, "what answers there is no vCenter", nothingRan: true)
        }
        func service(_ name: String) throws(APIError) -> VIReference {
            guard let found = content[name]?.reference else { throw .garbage("it does not name its \(name)") }
            return found
        }
        let services = Services(
            rootFolder: try service("rootFolder"), collector: try service("propertyCollector"),
            sessions: try service("sessionManager"), authorization: try service("authorizationManager"),
            checker: try service("vmProvisioningChecker"))
        known.withLock { $0.services = services }
        return services
    }

    /// Where each host of the inventory is, asked for once.
    func inventory() async throws(APIError) -> [VIReference: VCenterView.Place] {
        if let inventory = known.withLock({ $0.inventory }) { return inventory }
        let inventory = try await readInventory()
        known.withLock { $0.inventory = inventory }
        return inventory
    }

    /// What a cluster keeps to, asked for once.
    func rules(of cluster: VIReference) async throws(APIError) -> ClusterRules {
        if let rules = known.withLock({ $0.rules[cluster] }) { return rules }
        let rules = try await readRules(of: cluster)
        known.withLock { $0.rules[cluster] = rules }
        return rules
    }

    // MARK: Parts

    private func requireTime() throws(APIError) {
        if let end, end < .now { throw APIError(.timeout, "its answers take too long", nothingRan: true) }
    }

    /// A session ends when nobody uses it, and when vCenter is restarted: another is asked for, once.
    private func send(_ request: VIRequest) async throws(APIError) -> APIAnswer {
        try requireTime()
        let first = try await session()
        let answer = try await transport.send(request, session: first.id)
        guard Self.isSignedOut(answer) else { return try Self.required(answer) }
        known.withLock { if $0.session?.id == first.id { $0.session = nil } }
        // What is refused so has begun nothing.
        let second = try await session()
        return try Self.required(try await transport.send(request, session: second.id))
    }

    private static func isSignedOut(_ answer: APIAnswer) -> Bool {
        answer.status == 401 || answer.status == 500 && VIFault(answer).kind == "NotAuthenticated"
    }

    private func session() async throws(APIError) -> Session {
        if let session = known.withLock({ $0.session }) { return session }
        let answer = try await transport.signIn(at: try await services().sessions)
        guard (200..<300).contains(answer.status) else {
            let fault = VIFault(answer)
            guard answer.status < 500 || fault.kind != nil else {
                throw APIError(.unreachable, "it does not let one in: \(fault.words)", nothingRan: true)
            }
            throw APIError(.refused, "it does not let it in: \(fault.words)", nothingRan: true)
        }
        // It becomes a header: one line, without anything that could be a second.
        guard let id = answer.headers["vmware-api-session-id"], !id.isEmpty, id.utf8.count <= Self.longestSession,
            id.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { throw .garbage("it gives no session") }
        let body = try? JSONDecoder().decode(VIValue.self, from: Data(answer.body))
        guard let key = body?["key"]?.text, (1...Self.longestSession).contains(key.utf8.count) else {
            throw .garbage("it does not say whose session that is")
        }
        let session = Session(id: id, key: key)
        known.withLock { $0.session = session }
        return session
    }

    private static func decode(_ answer: APIAnswer, _ request: VIRequest) throws(APIError) -> VIValue {
        guard let value = try? JSONDecoder().decode(VIValue.self, from: Data(answer.body)) else {
            throw .garbage(
                "what it answers to \(request.object.type)/\(request.member) is not as its documentation says")
        }
        return value
    }

    private static func required(_ answer: APIAnswer) throws(APIError) -> APIAnswer {
        guard !(200..<300).contains(answer.status) else { return answer }
        let fault = VIFault(answer)
        func error(_ code: APIError.Code, _ message: String, status: Int? = nil) -> APIError {
            APIError(code, message, nothingRan: false, status: status ?? answer.status)
        }
        switch (answer.status, fault.kind) {
        case (401, _), (500, "NotAuthenticated"?): throw error(.refused, "it does not take the session: \(fault.words)")
        case (403, _), (500, "NoPermission"?): throw error(.refused, "the account may not do that: \(fault.words)")
        case (404, nil):
            throw error(.refused, "it does not know the API \(VIRequest.release) (vCenter 8.0 U1): \(fault.words)")
        case (500, "TaskInProgress"?): throw error(.failed, fault.words, status: 409)
        case (500, "ManagedObjectNotFound"?): throw error(.failed, fault.words, status: 404)
        case (429, _), (502, _), (503, _), (504, _), (500, "HostCommunication"?), (500, "HostNotConnected"?),
            (500, "HostNotReachable"?):
            throw error(.unreachable, fault.words)
        case (400, _): throw error(.refused, "it does not take what was asked: \(fault.words)")
        default: throw error(.failed, fault.words)
        }
    }
}

extension StepFailure {
    init(vcenter error: APIError) { self.init(error, of: "vCenter") }
}

/// An object with the properties that were asked for.
struct VIObject: Sendable {
    var reference: VIReference
    var properties: [String: VIValue]

    subscript(_ path: String) -> VIValue? { properties[path] }

    /// - Returns: nil for one that went while it was asked for.
    /// - Throws: where something of it may not be read: half of it would pass for all.
    init?(_ value: VIValue) throws(APIError) {
        guard let reference = value["obj"]?.reference else { throw .garbage("an object has no id") }
        self.reference = reference
        for missing in value["missingSet"]?.list ?? [] {
            let fault = VIFault(localized: missing["fault"] ?? .null)
            if fault.kind == "ManagedObjectNotFound" { return nil }
            let path = FactText.excerpt(FactText.decode((missing["path"]?.text ?? "?").utf8), limit: 80)
            throw APIError(.refused, "it does not tell \(path) of \(reference): \(fault.words)", nothingRan: true)
        }
        properties = [:]
        for property in value["propSet"]?.list ?? [] {
            guard let name = property["name"]?.text, let value = property["val"] else {
                throw .garbage("a property of \(reference) has no name or no value")
            }
            properties[name] = value
        }
    }
}
