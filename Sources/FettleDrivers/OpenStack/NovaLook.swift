import FettleModel

/// What is asked of Nova for one look.
struct NovaLook: Sendable {
    /// Whose servers are wanted.
    var resources: [ResourceID]
    /// Names of the plan, of machines that are moved: of these it is also asked where they are, and what moves them.
    var moving: [String] = []
    /// Names of the plan, of machines that stay.
    var staying: [String] = []
    /// Names of the plan, of machines that have to run: of these the hypervisor itself is asked.
    var proven: [String] = []
    /// Ids by such names, as they were before anything was done.
    var identities: [String: String] = [:]
}

extension NovaClient {
    func services() async throws(APIError) -> [NovaRecord.Service] {
        struct List: Decodable { var services: [NovaRecord.Service] }
        return try await get(.services, as: List.self).services
    }

    /// - Throws: `refused` for a resource that is no host of Nova's.
    func look(_ look: NovaLook) async throws(APIError) -> NovaView {
        let known = Set(look.moving + look.staying)
        let empty = try NovaView(try await services(), [])
        var records: [NovaRecord.Server] = []
        for resource in look.resources {
            let host = try empty.service(of: resource).host
            // Who may not filter is told of all servers.
            records += try await pages(ServersPage.self) { .servers(on: host, after: $0) }.filter { $0.host == host }
        }
        let found = try NovaView([], records, known: known, identities: look.identities)
        for name in look.moving where found.server(named: name) == nil {
            records += try await elsewhere(name, look.identities[name])
        }
        // Of one host's servers Nova leaves out those of a cell that does not answer, without a word: only its list of services has one.
        // So the services are asked for once more, behind the servers.
        var view = try NovaView(try await services(), records, known: known, identities: look.identities)
        for name in look.moving {
            guard let server = view.server(named: name), server.isMoving else { continue }
            view.servers[server.id]?.migrations = try await migrations(of: server.id)
        }
        for name in look.proven {
            guard let server = view.server(named: name), server.isHeldForRunning,
                view.services.first(where: { $0.host == server.host })?.isUp == true
            else { continue }
            view.servers[server.id]?.isLive = try await isLive(server.id)
        }
        return view
    }

    /// Whether a server runs, by the word of its hypervisor. All else that Nova tells of it is from when it last looked, and may be of
    /// before a restart.
    private func isLive(_ id: String) async throws(APIError) -> Bool {
        do throws(APIError) {
            return try await get(.diagnostics(of: id), as: NovaRecord.Diagnostics.self).state == "running"
        } catch {
            // It does not run (409), is gone (404), or its host has not answered Nova (500): it is not proven, and the next look asks again.
            guard [404, 409, 500].contains(error.status) || error.code == .timeout || error.code == .unreachable else {
                throw error
            }
            return false
        }
    }

    /// Of a machine that is on none of the hosts: somebody has moved it, or it went while they were asked.
    private func elsewhere(_ name: String, _ id: String?) async throws(APIError) -> [NovaRecord.Server] {
        struct One: Decodable { var server: NovaRecord.Server }
        let suffix = String(name.suffix(36))
        guard let id = id ?? (NovaName.isUUID(suffix) ? suffix : nil) else {
            return try await pages(ServersPage.self) { .servers(named: name, after: $0) }.filter { $0.name == name }
        }
        do throws(APIError) {
            return [try await get(.server(id), as: One.self).server]
        } catch {
            guard error.status == 404 else { throw error }
            return []
        }
    }

    /// Those that are under way.
    func migrations(of id: String) async throws(APIError) -> [NovaRecord.Migration] {
        struct List: Decodable { var migrations: [NovaRecord.Migration] }
        do throws(APIError) {
            return try await get(.migrations(of: id), as: List.self).migrations
        } catch {
            // It was removed meanwhile: the next look tells.
            guard error.status == 404 else { throw error }
            return []
        }
    }

    /// What a host has, and what runs on it.
    func room(of host: String, in view: NovaView) async throws(APIError) -> HypervisorFacts {
        let all = try await pages(HypervisorsPage.self) { .hypervisors(after: $0) }
        return try Self.room(of: host, all, residents: view.running(on: host).map { $0.resident() })
    }

    /// - Parameter all: hypervisors of the whole cloud.
    static func room(
        of host: String, _ all: [NovaRecord.Hypervisor], residents: [ResidentMachine]
    ) throws(APIError) -> HypervisorFacts {
        let own = all.filter { $0.service.host == host }
        guard let first = own.first, own.count == 1 else {
            throw .garbage("\(host) has \(own.isEmpty ? "no hypervisor" : "more than one hypervisor")")
        }
        return HypervisorFacts(
            memoryMebibytes: try MachineSize.mebibytes(first.memory, of: host),
            processors: try MachineSize.processors(first.vcpus, of: host), residents: residents)
    }

    /// Why a request came to nothing, in Nova's words; nil: it does not say.
    func outcome(of request: String, _ id: String) async throws(APIError) -> String? {
        struct One: Decodable { var instanceAction: NovaRecord.Action }
        do throws(APIError) {
            let action = try await get(.action(request, of: id), as: One.self).instanceAction
            let failed = (action.events ?? []).first { $0.result == "Error" }
            let said = failed.map { $0.details ?? $0.event } ?? action.message
            return said.flatMap { SafeText.lastLines(of: FactText.decode($0.utf8)) }
        } catch {
            guard error.code == .failed || error.code == .refused || error.code == .garbage else { throw error }
            return nil
        }
    }

    func groups() async throws(APIError) -> [NovaRecord.Group] {
        struct List: Decodable {
            var groups: [NovaRecord.Group]

            enum CodingKeys: String, CodingKey { case groups = "server_groups" }
        }
        var all: [NovaRecord.Group] = []
        for _ in 0..<Self.mostPages {
            let page = try await get(.groups(from: all.count), as: List.self).groups
            all += page
            // Nova gives what it likes, up to what was asked for, and says by nothing else that this was all.
            if page.isEmpty { return all }
        }
        throw .garbage("its list has more than \(Self.mostPages) pages")
    }
}
