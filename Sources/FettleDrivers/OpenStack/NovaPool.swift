import FettleDriverKit
import FettleModel

/// The hosts of a step's moves, the cloud that they are in, and what the fleet says of moving.
struct NovaPool: Sendable {
    let rules: MachineRules
    let client: NovaClient
    /// The one that the step is about.
    let own: ResourceID
    let clock: DriverClock
    /// What the step has to look at.
    let wanted: NovaLook
    private let run: RunID
    /// The run whose place this one has taken, with this host as it was; nil: none.
    private let replaced: RunID?

    /// How often it is looked again where something is between two states, a second apart.
    private static let looks = 20

    /// - Parameter proven: machines that have to run.
    /// - Throws: `refused` where the plan does not say how the cloud is asked.
    init(
        _ step: Step, _ moves: [MachineMove], staying: [String] = [], proven: [String] = [], in context: StepContext,
        _ clock: DriverClock, _ connect: CloudConnect
    ) throws(StepFailure) {
        guard let pool = step.group.flatMap({ context.plan.group($0) }), let rules = pool.machines,
            rules.driver == NovaEvacuationDriver.name, let api = rules.api
        else {
            throw StepFailure(code: .refused, message: "the plan does not say how OpenStack is asked")
        }
        self.rules = rules
        self.clock = clock
        own = step.resource
        run = context.run
        replaced = context.plan.run(replacedOn: step.resource)
        // Where a server comes from is asked first: one that goes meanwhile is then on two lists, and not on none.
        var resources: [ResourceID] = []
        for id in moves.map(\.from) + [step.resource] + moves.map(\.to) where !resources.contains(id) {
            resources.append(id)
        }
        wanted = NovaLook(
            resources: resources, moving: moves.map(\.machine), staying: staying, proven: proven,
            identities: MachineMemory.identities(context.prior))
        client = NovaClient(try connect(api))
    }

    func standing(_ move: MachineMove, in view: NovaView) throws(StepFailure) -> ServerStanding {
        ServerStanding(move.machine, from: try service(move.from, view).host, to: try service(move.to, view).host, view)
    }

    func moved(_ moves: [MachineMove], in view: NovaView) throws(StepFailure) -> [MovedMachine] {
        try moves.map { move throws(StepFailure) in MovedMachine(move: move, place: try place(of: move, in: view)) }
    }

    private func place(of move: MachineMove, in view: NovaView) throws(StepFailure) -> MovedMachine.Place {
        switch try standing(move, in: view) {
        case .moved: .there
        case .off: .off
        case .offThere: .offThere
        case .trouble(let failure): .trouble(failure)
        case .here, .underWay, .unclear: .onItsWay
        }
    }

    func service(_ id: ResourceID, _ view: NovaView) throws(StepFailure) -> NovaView.Service {
        do throws(APIError) { return try view.service(of: id) } catch { throw StepFailure(nova: error) }
    }

    /// What runs where the step is about, by name.
    func running(_ view: NovaView) throws(StepFailure) -> [String] {
        view.running(on: try service(own, view).host).map(\.name)
    }

    /// What Nova can be asked to start again if it goes down with the host, by name: nothing that was paused, or not yet built.
    func active(_ view: NovaView) throws(StepFailure) -> [String] {
        view.servers(on: try service(own, view).host).filter { $0.vmState == "active" }.map(\.name)
    }

    /// Everything that the step's hosts have, asked anew, when nothing of it is between two states.
    ///
    /// - Throws: `unreachable` where the service of one of `required` does not report to Nova.
    func view(_ moves: [MachineMove], requiring required: [ResourceID]) async throws(StepFailure) -> NovaView {
        for attempt in 0..<Self.looks where !Task.isCancelled {
            if attempt > 0 { await clock.sleep(.seconds(1)) }
            let view = try await look()
            guard try isClear(moves, view) else { continue }
            for id in required {
                guard try service(id, view).isUp else {
                    throw StepFailure(
                        code: .unreachable, message: "the compute service of \(id) does not report to Nova")
                }
            }
            return view
        }
        throw StepFailure(code: .unreachable, message: "Nova holds for active what does not run")
    }

    func look() async throws(StepFailure) -> NovaView {
        do throws(APIError) { return try await client.look(wanted) } catch { throw StepFailure(nova: error) }
    }

    private func isClear(_ moves: [MachineMove], _ view: NovaView) throws(StepFailure) -> Bool {
        for move in moves {
            if try standing(move, in: view) == .unclear { return false }
        }
        return true
    }

    // MARK: The compute service

    /// What a service that a run has disabled begins its reason with.
    private static func mark(_ run: RunID) -> String { "Fettle run \(run.rawValue.prefix(200)):" }

    /// Nova keeps 255 signs of it.
    private var reason: String { String("\(Self.mark(run)) \(own) is emptied to be patched".prefix(255)) }

    /// Whether the scheduler gives a host nothing, and who has seen to that.
    enum Cordon: Sendable, Equatable {
        case off
        case ours
        /// By the run whose place this one has taken: nobody but this run ends it.
        case inherited
        /// By a person, or a run that answers for itself: theirs to end.
        case foreign

        var isOn: Bool { self != .off }
        /// Whether this run ends it.
        var isOwed: Bool { self == .ours || self == .inherited }
    }

    func cordon(_ view: NovaView) throws(StepFailure) -> Cordon {
        let service = try service(own, view)
        guard !service.isEnabled else { return .off }
        func begins(with run: RunID) -> Bool { service.reason?.hasPrefix(Self.mark(run)) == true }
        if begins(with: run) { return .ours }
        return replaced.map(begins) == true ? .inherited : .foreign
    }

    func disable(_ view: NovaView) async throws(StepFailure) {
        try await act(.disable(service: try service(own, view).id, because: reason))
    }

    func enable(_ view: NovaView) async throws(StepFailure) {
        try await act(.enable(service: try service(own, view).id))
    }

    /// Returns once Nova says that it is so.
    func settle(isOn: Bool, until deadline: Timestamp) async throws(StepFailure) {
        while true {
            if try cordon(try await look()).isOn == isOn { return }
            guard clock.now() < deadline, !Task.isCancelled else {
                throw StepFailure(
                    code: .timeout,
                    message: "the compute service of \(own) is \(isOn ? "not disabled" : "still disabled")")
            }
            await clock.sleep(.seconds(2))
        }
    }

    /// What came of it the next look tells.
    private func act(_ request: NovaRequest) async throws(StepFailure) {
        do throws(APIError) { try await client.act(request) } catch {
            guard !error.nothingRan, error.code == .timeout || error.code == .unreachable else {
                throw StepFailure(nova: error)
            }
        }
    }
}
