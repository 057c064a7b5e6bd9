import FettleDriverKit
import FettleModel

/// The hosts of a step's moves, the vCenter that has them, and what the fleet says of moving.
struct VCenterPool: Sendable {
    let rules: MachineRules
    let client: VCenterClient
    /// The one that the step is about.
    let own: ResourceID
    let clock: DriverClock
    /// Whether this run has put the host into maintenance, or is going to: nobody else's is ended.
    let isOurs: Bool
    /// Whether the step brings machines home, or away.
    let isHomeward: Bool
    private let ends: [ResourceID]
    private let known: Set<String>
    private let privileges: [String]
    private let identities: [String: String]

    /// How often it is looked again where a machine is on no host that is told of, a second apart.
    private static let looks = 5

    /// - Throws: `refused` where the plan does not say how vCenter is asked.
    init(
        _ step: Step, _ moves: [MachineMove], staying: [String] = [], isHomeward: Bool, in context: StepContext,
        _ clock: DriverClock, _ connect: VIConnect
    ) throws(StepFailure) {
        guard let pool = step.group.flatMap({ context.plan.group($0) }), let rules = pool.machines,
            rules.driver == VCenterEvacuationDriver.name, let api = rules.api
        else {
            throw StepFailure(code: .refused, message: "the plan does not say how vCenter is asked")
        }
        self.rules = rules
        self.clock = clock
        self.isHomeward = isHomeward
        own = step.resource
        isOurs = MachineMemory.isCordoned(context.prior)
        ends = Set([step.resource] + moves.flatMap { [$0.from, $0.to] }).sorted()
        known = Set(moves.map(\.machine) + staying)
        privileges = VCenterClient.privileges(stays: !staying.isEmpty)
        identities = MachineMemory.identities(context.prior)
        client = VCenterClient(try connect(api))
    }

    /// Everything that the step's hosts and their cluster have, asked anew, with the step's hosts by their names here.
    func look() async throws(StepFailure) -> VCenterSight {
        do throws(APIError) {
            let cluster = try await client.cluster(of: ends)
            let inventory = try await client.inventory()
            let view = try await client.look(at: cluster, known: known, identities: identities)
            var hosts: [ResourceID: VCenterView.Host] = [:]
            for end in ends {
                guard let host = view.hosts[try VCenterView.host(of: end, in: inventory).id] else {
                    throw APIError(.unreachable, "it tells nothing of \(end)", nothingRan: true)
                }
                hosts[end] = host
            }
            return VCenterSight(view: view, hosts: hosts)
        } catch {
            throw StepFailure(vcenter: error)
        }
    }

    /// As `look`, when each machine is somewhere, by an account that may do what the step does.
    ///
    /// - Throws: `unreachable` where vCenter does not reach one of `required`.
    func sight(of moves: [MachineMove], requiring required: [ResourceID]) async throws(StepFailure) -> VCenterSight {
        do throws(APIError) { try await client.requireRights(privileges, on: client.cluster(of: ends)) } catch {
            throw StepFailure(vcenter: error)
        }
        var sight = try await look()
        for _ in 1..<Self.looks where !Task.isCancelled {
            guard try isAnyMissing(moves, sight) else { break }
            await clock.sleep(.seconds(1))
            sight = try await look()
        }
        for id in required { try sight.require(id) }
        return sight
    }

    private func isAnyMissing(_ moves: [MachineMove], _ sight: VCenterSight) throws(StepFailure) -> Bool {
        for move in moves {
            if try standing(move, in: sight) == .missing { return true }
        }
        return false
    }

    func standing(_ move: MachineMove, in sight: VCenterSight) throws(StepFailure) -> VCenterStanding {
        VCenterStanding(
            move.machine, from: try sight.host(move.from).id, to: try sight.host(move.to).id,
            own: try sight.host(own).id, isHomeward: isHomeward, sight.view)
    }

    func moved(_ moves: [MachineMove], in sight: VCenterSight) throws(StepFailure) -> [MovedMachine] {
        try moves.map { move throws(StepFailure) in MovedMachine(move: move, place: try place(of: move, in: sight)) }
    }

    private func place(of move: MachineMove, in sight: VCenterSight) throws(StepFailure) -> MovedMachine.Place {
        switch try standing(move, in: sight) {
        case .moved: .there
        case .off: .off
        case .offThere: .offThere
        case .trouble(let failure): .trouble(failure)
        case .here, .underWay: .onItsWay
        case .missing:
            .trouble(
                StepFailure(
                    code: .drift,
                    message: "vCenter tells of no machine \(move.machine) in the cluster: it is gone, or has another "
                        + "name now"))
        }
    }

    // MARK: Maintenance

    /// Whether anything is powered on there or moved there.
    enum Cordon: Sendable, Equatable {
        case off
        /// Nothing is; it is in maintenance once nothing runs on it.
        case entering(VIReference)
        case on
    }

    func cordon(_ sight: VCenterSight) throws(StepFailure) -> Cordon {
        let host = try sight.host(own)
        if host.isMaintained { return .on }
        return host.entering.map { .entering($0.id) } ?? .off
    }

    /// Asks for it, until a moment: one that nobody waits for any more must not go on by itself.
    ///
    /// - Returns: its task; nil: whether it was heard is not known, and the next look tells.
    func enter(_ sight: VCenterSight, until deadline: Timestamp) async throws(StepFailure) -> VIReference? {
        let seconds = max(1, Int((deadline.milliseconds - clock.now().milliseconds) / 1_000))
        return try await begin(.enterMaintenance(try sight.host(own).id, seconds: seconds))
    }

    /// Asks for what ends it, or calls off what was to begin it.
    func exit(_ sight: VCenterSight, until deadline: Timestamp) async throws(StepFailure) -> VIReference? {
        switch try cordon(sight) {
        case .off: return nil
        case .entering(let task):
            do throws(APIError) { _ = try await client.call(.cancel(task)) } catch {
                // It has ended meanwhile, one way or the other.
                guard error.code == .failed || error.code == .timeout || error.code == .unreachable else {
                    throw StepFailure(vcenter: error)
                }
            }
            return nil
        case .on:
            let seconds = max(1, Int((deadline.milliseconds - clock.now().milliseconds) / 1_000))
            return try await begin(.exitMaintenance(try sight.host(own).id, seconds: seconds))
        }
    }

    private func begin(_ request: VIRequest) async throws(StepFailure) -> VIReference? {
        do throws(APIError) { return try await client.begin(request) } catch {
            guard !error.nothingRan, error.code == .timeout || error.code == .unreachable else {
                throw StepFailure(vcenter: error)
            }
            return nil
        }
    }

    /// Why a task came to nothing; nil: it did not, or vCenter does not say.
    ///
    /// - Parameter what: that it was to do, as words go on behind it.
    func failure(of task: VIReference?, _ what: String) async throws(StepFailure) -> StepFailure? {
        guard let task else { return nil }
        do throws(APIError) {
            guard let seen = try await client.task(task), seen.state == "error" else { return nil }
            return seen.failure(what)
        } catch {
            throw StepFailure(vcenter: error)
        }
    }

    /// DRS that moves by itself knows nothing of the fleet's file.
    static func untold(_ one: String, _ other: String) -> String {
        "the fleet keeps \(one) and \(other) apart, and the cluster's DRS, which moves machines by itself, has no rule for "
            + "that: make one in vCenter (\"Separate Virtual Machines\")"
    }
}

/// What was seen at one moment, with the step's hosts.
struct VCenterSight: Sendable {
    var view: VCenterView
    var hosts: [ResourceID: VCenterView.Host]

    func host(_ id: ResourceID) throws(StepFailure) -> VCenterView.Host {
        guard let host = hosts[id] else {
            throw StepFailure(code: .internal, message: "\(id) is no end of this step's moves")
        }
        return host
    }

    func require(_ id: ResourceID) throws(StepFailure) {
        let host = try host(id)
        guard host.isConnected else {
            throw StepFailure(code: .unreachable, message: "vCenter does not reach \(id) (\(host.state))")
        }
    }
}

extension VCenterView.Activity {
    /// What somebody has called off is not begun again behind his back.
    func failure(_ what: String) -> StepFailure {
        guard !isCanceled else { return StepFailure(code: .drift, message: "\(what): somebody has called it off") }
        return StepFailure(code: .unreachable, message: "\(what): \(words ?? "vCenter does not say why")")
    }
}

extension VCenterClient {
    /// What the account needs on the cluster and all below it.
    ///
    /// - Parameter stays: whether machines are shut down with their host, and started with it.
    static func privileges(stays: Bool) -> [String] {
        let power = ["VirtualMachine.Interact.PowerOff", "VirtualMachine.Interact.PowerOn"]
        return ["System.Read", "System.View", "Host.Config.Maintenance", "Resource.HotMigrate"] + (stays ? power : [])
    }

    /// - Throws: `refused` where it lacks one.
    func requireRights(_ privileges: [String], on cluster: VIReference) async throws(APIError) {
        let missing = try await missingPrivileges(privileges, on: cluster)
        guard missing.isEmpty else {
            throw APIError(
                .refused, "the account lacks \(PackageWords.list(missing)) on the cluster", nothingRan: true)
        }
    }
}
