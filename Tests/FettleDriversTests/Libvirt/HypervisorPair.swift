import FettleDriverKit
import FettleModel
import Synchronization

@testable import FettleDrivers

/// Two hypervisors in memory, asked and told in virsh's words, in virtual time.
final class HypervisorPair: CommandChannel, ChannelProvider, Sendable {
    struct Machine: Sendable {
        var number: Int
        /// As `virsh domstate --reason` tells it.
        var state = "running (booted)"
        var job: String?
        var startsWithHypervisor = false
        var hasAgent = false

        var name: String { "vm-\(number)" }
        var uuid: String { LibvirtFixture.uuid(number) }
        var isActive: Bool { !state.hasPrefix("shut off") }
    }

    struct State: Sendable {
        var machines: [String: [Machine]]
        /// Verb and machine, with the hypervisor before them.
        var acts: [String] = []
        /// Verbs that fail, each after it has been done.
        var failing: Set<String> = []
        /// Verbs that do nothing.
        var idle: Set<String> = []
        /// Moves come to their end; otherwise each is refused.
        var moves = false
        /// Hypervisors and machines, such as `hv-2 vm-1`: guest agents that do not answer.
        var silent: Set<String> = []
        /// Looks that tell nothing of what machines do.
        var unclearLooks = 0
        var now: Int64 = 1_000_000
    }

    private let host: String
    private let shared: Shared

    private final class Shared: Sendable {
        let state: Mutex<State>
        init(_ state: State) { self.state = Mutex(state) }
    }

    private init(host: String, _ shared: Shared) {
        self.host = host
        self.shared = shared
    }

    convenience init(_ machines: [String: [Machine]], prepare: (inout State) -> Void = { _ in }) {
        var state = State(machines: machines)
        prepare(&state)
        self.init(host: "", Shared(state))
    }

    var now: State { shared.state.withLock { $0 } }
    func change(_ body: (inout State) -> Void) { shared.state.withLock { body(&$0) } }

    var clock: DriverClock {
        let shared = shared
        return DriverClock(
            now: { Timestamp(milliseconds: shared.state.withLock { $0.now }) },
            sleep: { duration in
                shared.state.withLock { $0.now += duration.components.seconds * 1_000 + 200 }
                await Task.yield()
            })
    }

    func channel(to address: ResourceAddress) async throws(AccessError) -> any CommandChannel {
        HypervisorPair(host: address.host, shared)
    }

    func close() async {}

    func run(_ command: RemoteCommand) async throws(AccessError) -> CommandResult {
        switch command.program {
        case .script(let text):
            guard let range = text.firstRange(of: "nonce=") else {
                return shared.state.withLock { Self.result(Self.move(text, host, &$0) ? 0 : 1) }
            }
            return look(nonce: String(text[range.upperBound...].prefix(32)))
        case .root(let root):
            let words = root.arguments.drop { $0 != "qemu:///system" }.dropFirst()
            guard let verb = words.first, let uuid = words.last else { return Self.result(1) }
            return shared.state.withLock { state in
                state.acts.append("\(host) \(verb) vm-\(uuid.suffix(1))")
                if verb == "domtime" {
                    return Self.result(state.silent.contains("\(host) vm-\(uuid.suffix(1))") ? 1 : 0)
                }
                if !state.idle.contains(verb) { Self.act(verb, uuid, host, &state) }
                return Self.result(state.failing.contains(verb) ? 1 : 0)
            }
        }
    }

    private static func act(_ verb: String, _ uuid: String, _ host: String, _ state: inout State) {
        guard let place = state.machines[host]?.firstIndex(where: { $0.uuid == uuid }) else { return }
        switch verb {
        case "start", "resume": state.machines[host]?[place].state = "running (booted)"
        case "autostart": state.machines[host]?[place].startsWithHypervisor = true
        case "destroy": state.machines[host]?[place].state = "shut off (destroyed)"
        case "undefine": state.machines[host]?.remove(at: place)
        default: break
        }
    }

    private static func move(_ script: String, _ host: String, _ state: inout State) -> Bool {
        guard state.moves, script.contains("'migrate' '--live'"),
            let place = state.machines[host]?.firstIndex(where: { script.contains($0.uuid) }),
            let other = state.machines.keys.first(where: { script.contains("//\($0)/") }),
            let machine = state.machines[host]?.remove(at: place)
        else { return false }
        state.machines[other, default: []].append(machine)
        return true
    }

    private func look(nonce: String) -> CommandResult {
        shared.state.withLock { state in
            let machines = state.machines[host] ?? []
            var text = LibvirtFixture.answer(
                machines.map { machine in
                    let devices = machine.hasAgent ? LibvirtFixture.agent : ""
                    return (
                        machine.uuid, machine.name,
                        LibvirtFixture.domain(machine.name, uuid: machine.uuid, devices: devices)
                    )
                },
                active: machines.filter(\.isActive).map(\.uuid),
                jobs: Dictionary(
                    machines.compactMap { machine in machine.job.map { (machine.uuid, $0) } },
                    uniquingKeysWith: { first, _ in first }),
                reasons: Dictionary(machines.map { ($0.uuid, $0.state) }, uniquingKeysWith: { first, _ in first }),
                autostart: machines.filter(\.startsWithHypervisor).map(\.uuid), nonce: nonce)
            if state.unclearLooks > 0 {
                state.unclearLooks -= 1
                text = text.replacing("Job type:", with: "error:")
            }
            return Self.result(0, "\n\(nonce) begin libvirt\n\(text)\n\(nonce) status 0 end\n")
        }
    }

    private static func result(_ status: Int32, _ text: String = "") -> CommandResult {
        CommandResult(status: status, standardOutput: Array(text.utf8), standardError: [], duration: .zero)
    }
}

extension HypervisorPair {
    static let machines = (1...2).map { number in
        MachineMove(
            machine: "vm-\(number)", resource: nil, from: "hv-1", to: "hv-2", memoryMebibytes: 320, processors: 1)
    }

    static func step(_ action: StepAction, seconds: Int = 600) -> Step {
        Step(
            id: StepID("hv-1/\(action.name)"), resource: "hv-1", group: "compute", wave: 0, action: action, after: [],
            availability: .requiresOut, rollbackClass: .nothingToUndo,
            estimate: DurationEstimate(medianSeconds: 5, p95Seconds: 60), timeoutSeconds: seconds)
    }

    static func context(_ step: Step, rules: MachineRules, staying: [String] = [], prior: PriorState? = nil)
        -> StepContext
    {
        let addresses: [ResourceID: ResourceAddress] = ["hv-1": .ssh("hv-1"), "hv-2": .ssh("hv-2")]
        let plan = Plan(
            id: "plan-1", title: "a test",
            selection: StageReference(id: "s", digest: Digest(rawValue: String(repeating: "0", count: 64))),
            createdAt: Timestamp(milliseconds: 0), environments: ["production"],
            targets: [
                PlanTarget(
                    resource: "hv-1", address: .ssh("hv-1"), environment: "production",
                    interrupts: staying.map {
                        InterruptedMachine(machine: $0, resource: nil, host: "hv-1", because: "a test")
                    })
            ],
            groups: [
                PlannedGroup(
                    id: "compute", members: ["hv-1", "hv-2"], minimumAvailable: 1, maximumOut: 1, traffic: nil,
                    probes: [], memberAddresses: addresses, machines: rules)
            ], steps: [step], rollback: [], order: [], rooms: [], limits: PlanLimits())
        return StepContext(
            run: "run-1", plan: plan, attempt: 1, intendedAt: Timestamp(milliseconds: 0), prior: prior)
    }
}
