import FettleModel
import Synchronization

/// Does beside a run's work what somebody would wait for later: opens the ways to load balancers before the first member is drained,
/// and asks hosts on which the run is done what the look at its end takes longest for. It proves nothing, and nothing waits for it:
/// what it could not do is done when its time comes.
final class Forerunner: Sendable {
    private struct State {
        /// Verified, and not asked yet.
        var waiting: [PlanTarget] = []
        /// Steps that verify and have not been done.
        var unverified: Set<StepID> = []
    }

    private let ways: Set<ResourceAddress>
    private let verified: [StepID: PlanTarget]
    private let patches: Set<StepID>
    private let tools: Tools
    private let state: Mutex<State>
    private let (errands, post) = AsyncStream.makeStream(of: PlanTarget.self)

    init(_ plan: Plan, _ tools: Tools, looksAfterwards: Bool) {
        var (ways, verified, patches): (Set<ResourceAddress>, [StepID: PlanTarget], Set<StepID>) = ([], [:], [])
        for step in plan.steps {
            switch step.action {
            case .drain(let traffic): ways.insert(traffic.address)
            case .verify: verified[step.id] = plan.target(step.resource)
            case .changePackages: patches.insert(step.id)
            default: break
            }
        }
        self.ways = ways
        self.verified = looksAfterwards && tools.foresee != nil ? verified : [:]
        self.patches = patches
        self.tools = tools
        state = Mutex(State(unverified: Set(self.verified.keys)))
    }

    /// Runs `work`, and what is to be done beside it. What is under way when the work has ended is awaited, since the look that
    /// comes then would ask for the same; after a failure it is not.
    func runs<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [self] in await openWays() }
            group.addTask { [self] in await runErrands() }
            let value: Value
            do { value = try await work() } catch {
                group.cancelAll()
                post.finish()
                throw error
            }
            post.finish()
            try await group.waitForAll()
            return value
        }
    }

    /// A host is asked while another is being patched, when nothing else wants to know anything of it: never while its group is
    /// asked whether the next member may go.
    func follow(_ record: JournalRecord) {
        for target in due(after: record.event) { post.yield(target) }
    }

    /// Who is to be asked now.
    func due(after event: RunEvent) -> [PlanTarget] {
        state.withLock { state in
            switch event {
            case .stepDone(let step, _, _):
                guard let target = verified[step], state.unverified.remove(step) != nil else { return [] }
                state.waiting.append(target)
                guard state.unverified.isEmpty else { return [] }
            case .stepIntended(let step, _, _) where patches.contains(step): break
            default: return []
            }
            defer { state.waiting = [] }
            return state.waiting
        }
    }

    private func openWays() async {
        guard let reach = tools.reach else { return }
        await withTaskGroup(of: Void.self) { group in
            for address in ways { group.addTask { await reach(address) } }
        }
    }

    private func runErrands() async {
        guard let foresee = tools.foresee else { return }
        await withTaskGroup(of: Void.self) { group in
            var underWay = 0
            for await target in errands {
                if underWay >= max(1, tools.parallel) {
                    _ = await group.next()
                    underWay -= 1
                }
                underWay += 1
                group.addTask { await foresee(target.resource, target.address) }
            }
        }
    }
}
