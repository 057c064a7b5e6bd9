public import FettleModel

/// What runs on the hypervisors of a pool, asked of Nova: one look for all of them.
public struct NovaFacts: Sendable {
    private let connect: CloudConnect
    /// For the whole of it: a cloud that answers late answers late to each of many questions.
    private let limit: Duration

    /// - Parameter secrets: reads what lets one in.
    public init(secrets: @escaping SecretReading) { self.init(connect: CurlCloud.connect(secrets)) }

    init(connect: @escaping CloudConnect, limit: Duration = .seconds(300)) {
        self.connect = connect
        self.limit = limit
    }

    /// - Parameters:
    ///   - group: a pool of hypervisors.
    ///   - asked: members of which it is wanted.
    /// - Returns: of each of these; empty where another driver moves the pool's machines. What went wrong is the reason why nothing was
    ///   observed, and never an empty hypervisor.
    public func machines(
        of group: ResourceGroup, asked: Set<ResourceID>
    ) async -> [ResourceID: Observed<HypervisorFacts>] {
        guard let rules = group.machines, rules.driver == NovaEvacuationDriver.name else { return [:] }
        let members = group.members.filter(asked.contains)
        do throws(StepFailure) {
            guard let api = rules.api else {
                throw StepFailure(code: .refused, message: "the fleet does not say how OpenStack is asked")
            }
            let client = NovaClient(try connect(api), within: limit)
            let seen: Seen
            do throws(APIError) { seen = try await look(client, group.members) } catch {
                throw StepFailure(nova: error)
            }
            return members.reduce(into: [:]) { $0[$1] = seen.facts(of: $1) }
        } catch {
            return members.reduce(into: [:]) { $0[$1] = .notObserved(reason: error.message) }
        }
    }

    private struct Seen {
        var view: NovaView
        var hypervisors: [NovaRecord.Hypervisor]
        var groups: [NovaRecord.Group]

        func facts(of member: ResourceID) -> Observed<HypervisorFacts> {
            do throws(APIError) {
                let service = try view.service(of: member)
                // What Nova tells of its servers is what it last heard.
                guard service.isUp else {
                    return .notObserved(reason: "the compute service of \(member) does not report to Nova")
                }
                let ties = ServerTies(groups, view)
                let residents = view.servers(on: service.host).map { server in
                    server.resident(apartFrom: ties.apart[server.id] ?? [], besides: ties.together[server.id])
                }
                var facts = try NovaClient.room(of: service.host, hypervisors, residents: residents)
                if !service.isEnabled {
                    guard !residents.contains(where: \.isRunning) else {
                        return .notObserved(
                            reason: "the compute service of \(member) is disabled\(service.words): Nova would move "
                                + "nothing back to it")
                    }
                    // It takes nobody's servers either.
                    facts.memoryMebibytes = 0
                    facts.processors = 0
                }
                return .observed(facts)
            } catch {
                return .notObserved(reason: "OpenStack: \(error.message)")
            }
        }
    }

    private func look(_ client: NovaClient, _ members: [ResourceID]) async throws(APIError) -> Seen {
        let services = try NovaView(try await client.services(), [])
        // One that Nova does not know is told of itself alone.
        let known = members.filter { (try? services.service(of: $0)) != nil }
        return Seen(
            view: try await client.look(NovaLook(resources: known)),
            hypervisors: try await client.pages(HypervisorsPage.self) { .hypervisors(after: $0) },
            groups: try await client.groups())
    }
}

/// What groups of servers ask for, of those that are on the pool's hosts.
struct ServerTies: Sendable, Equatable {
    /// By id: names of servers that may not be on one host with it; sorted.
    var apart: [String: [String]] = [:]
    /// By id: why it stays where the others of its group are.
    var together: [String: String] = [:]

    /// Groups that only prefer something (`soft-…`) bind nobody. Of one that allows several on a host the scheduler alone keeps count.
    init(_ groups: [NovaRecord.Group], _ view: NovaView) {
        for group in groups {
            let members = group.members.compactMap { view.servers[$0] }.filter { $0.host != nil }
            for server in members {
                let others = members.filter { $0.id != server.id }.map(\.name)
                guard !others.isEmpty else { continue }
                switch group.policy {
                case "anti-affinity" where (group.rules?.most ?? 1) == 1:
                    apart[server.id] = Set((apart[server.id] ?? []) + others).sorted()
                case "affinity":
                    let name = FactText.excerpt(FactText.decode(group.name.utf8), limit: 60)
                    together[server.id] =
                        "its server group \(name) (affinity) keeps it beside \(PackageWords.list(others.sorted()))"
                default: break
                }
            }
        }
    }
}
