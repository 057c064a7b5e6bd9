import FettleDriverKit
import FettleModel
import Synchronization

@testable import FettleDrivers

/// A hypervisor in memory with machines, descriptions and files, which is told in virsh's words and keeps its rules: a machine that
/// runs is not renamed, a name is had once, what is defined has a disk that is there. Its machines answer when they run.
final class ReplacementHypervisor: CommandChannel, ChannelProvider, Sendable {
    struct Machine: Sendable, Equatable {
        var name: String
        var uuid: String
        /// As it was defined, whatever its name is by now.
        var xml: String
        var isActive = true
        var startsWithHypervisor = false
    }

    struct State: Sendable {
        var machines: [Machine]
        var files: Set<String>
        /// Acts that were taken, in order.
        var acts: [String] = []
        /// Of the next acts, which is broken off; and whether it has been done by then.
        var breaking: (act: Int, isDone: Bool)?
        var now: Int64 = 1_000_000
        var ignoresShutdown = false
        /// What is to be shut down, ended or started has done so by itself a moment before.
        var isAhead = false
        var digest = NewMachineTests.digest
        /// Of a machine that was told to shut down: so many times it answers that it does, and then it is off.
        var stopping = 0
        /// Machines by name that somebody has moved to another hypervisor.
        var elsewhere: Set<String> = []
        /// Machines by name that run and never answer.
        var silent: Set<String> = []
        /// What is on hv-2; nil: it cannot be asked.
        var others: [Machine]? = []
        /// Machines by UUID that are paused, or have snapshots.
        var paused: Set<String> = []
        var snapshots: Set<String> = []
        /// Of the kernel and the first RAM disk beside the image.
        var kernel = NewMachineTests.kernel
        /// How often the image was read.
        var readings = 0
    }

    private let state: Mutex<State>

    init(_ machines: [Machine], files: Set<String>, prepare: (inout State) -> Void = { _ in }) {
        var state = State(machines: machines, files: files)
        prepare(&state)
        self.state = Mutex(state)
    }

    var now: State { state.withLock { $0 } }
    func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

    var clock: DriverClock {
        DriverClock(
            now: { Timestamp(milliseconds: self.state.withLock { $0.now }) },
            sleep: { duration in
                self.state.withLock { $0.now += duration.components.seconds * 1_000 + 200 }
                await Task.yield()
            })
    }

    func channel(to address: ResourceAddress) async throws(AccessError) -> any CommandChannel {
        switch address.host {
        case "hv-1": self
        case "hv-2": Neighbour(hypervisor: self)
        default: Guest(hypervisor: self, name: address.host)
        }
    }

    func close() async {}

    func run(_ command: RemoteCommand) async throws(AccessError) -> CommandResult {
        switch command.program {
        case .script(let text):
            if text.contains("sha256sum") {
                return state.withLock { state in
                    state.readings += 1
                    return Self.result(0, "raw\n\(state.digest)\n\(state.kernel)\n\(NewMachineTests.initrd)\n")
                }
            }
            if text.contains("[ -e ") {
                return state.withLock { state in
                    Self.result(0, state.files.contains { text.contains("-- '\($0)'") } ? "there\n" : "gone\n")
                }
            }
            guard let range = text.firstRange(of: "nonce=") else { return Self.result(1) }
            return look(nonce: String(text[range.upperBound...].prefix(32)))
        case .root(let root):
            let (isLost, result): (Bool, CommandResult) = state.withLock { state in
                let words = Self.words(root)
                guard words.first != "dumpxml" else { return (false, Self.act(words, command.input, &state)) }
                let breaking = state.breaking.flatMap { $0.act == state.acts.count ? $0 : nil }
                state.acts.append(words.prefix(2).joined(separator: " "))
                if let breaking, !breaking.isDone { return (true, Self.result(1)) }
                let result = Self.act(words, command.input, &state)
                return (breaking != nil, result)
            }
            if isLost { throw AccessError(.disconnected, "the connection is gone", host: "hv-1") }
            return result
        }
    }

    private static func words(_ root: RootCommand) -> [String] {
        guard root.arguments.first == VirshCommand.program else { return root.arguments }
        return Array(root.arguments.drop { $0 != "qemu:///system" }.dropFirst())
    }

    private static func act(_ words: [String], _ input: [UInt8], _ state: inout State) -> CommandResult {
        guard let verb = words.first else { return result(1) }
        switch verb {
        case DiskCommand.image:
            state.files.insert(words.last ?? "")
            return result(0)
        case DiskCommand.removal:
            let path = words.last ?? ""
            guard !state.machines.contains(where: { $0.isActive && $0.xml.contains("'\(path)'") }) else {
                return result(1, "removed the disk of a machine that runs")
            }
            state.files.remove(path)
            return result(0)
        case "define": return define(String(decoding: input, as: UTF8.self), &state)
        default: break
        }
        guard let place = state.machines.firstIndex(where: { words.contains($0.uuid) }) else { return result(1) }
        switch verb {
        case "dumpxml": return result(0, state.machines[place].xml)
        case "shutdown":
            guard state.machines[place].isActive else { return result(1) }
            if state.isAhead {
                state.machines[place].isActive = false
                return result(1)
            }
            if !state.ignoresShutdown { state.machines[place].isActive = false }
        case "destroy":
            guard state.machines[place].isActive else { return result(1) }
            state.machines[place].isActive = false
            if state.isAhead { return result(1) }
        case "start":
            guard !state.machines[place].isActive else { return result(1) }
            state.machines[place].isActive = true
            if state.isAhead { return result(1) }
        case "autostart": state.machines[place].startsWithHypervisor = !words.contains("--disable")
        case "domrename":
            guard !state.machines[place].isActive, let name = words.last,
                !state.machines.contains(where: { $0.name == name })
            else { return result(1) }
            state.machines[place].name = name
        case "undefine":
            guard !state.machines[place].isActive,
                words.contains("--snapshots-metadata") || !state.snapshots.contains(state.machines[place].uuid)
            else { return result(1) }
            state.machines.remove(at: place)
        default: return result(1)
        }
        return result(0)
    }

    private static func define(_ xml: String, _ state: inout State) -> CommandResult {
        guard let domain = try? XMLElement.parse(xml[...]), let name = domain.first("name")?.text,
            let uuid = domain.first("uuid")?.text,
            !state.machines.contains(where: { $0.name == name || $0.uuid == uuid }),
            let disk = domain.first("devices")?.first("disk")?.first("source")?.attributes["file"],
            state.files.contains(disk)
        else { return result(1) }
        state.machines.append(Machine(name: name, uuid: uuid, xml: xml, isActive: false))
        return result(0)
    }

    fileprivate func look(nonce: String, elsewhere: Bool = false) -> CommandResult {
        state.withLock { state in
            let machines = elsewhere ? state.others ?? [] : state.machines
            func reason(_ machine: Machine) -> String {
                if state.paused.contains(machine.uuid) { return "paused (I/O error)" }
                return machine.isActive ? "running (booted)" : "shut off (shutdown)"
            }
            let text = LibvirtFixture.answer(
                machines.map { machine in
                    let named = machine.xml.replacing(#/<name>[^<]*</name>/#, with: "<name>\(machine.name)</name>")
                    return (machine.uuid, machine.name, named)
                }, active: machines.filter(\.isActive).map(\.uuid),
                reasons: Dictionary(
                    machines.map { ($0.uuid, reason($0)) },
                    uniquingKeysWith: { first, _ in first }),
                autostart: machines.filter(\.startsWithHypervisor).map(\.uuid),
                snapshots: machines.map(\.uuid).filter(state.snapshots.contains), nonce: nonce)
            return Self.result(0, "\n\(nonce) begin libvirt\n\(text)\n\(nonce) status 0 end\n")
        }
    }

    private static func result(_ status: Int32, _ text: String = "") -> CommandResult {
        CommandResult(status: status, standardOutput: Array(text.utf8), standardError: [], duration: .zero)
    }

    /// The other hypervisor of the pool.
    private struct Neighbour: CommandChannel {
        let hypervisor: ReplacementHypervisor

        func run(_ command: RemoteCommand) async throws(AccessError) -> CommandResult {
            guard hypervisor.now.others != nil else { throw AccessError(.unreachable, "no route", host: "hv-2") }
            guard case .script(let text) = command.program, let range = text.firstRange(of: "nonce=") else {
                return ReplacementHypervisor.result(1)
            }
            return hypervisor.look(nonce: String(text[range.upperBound...].prefix(32)), elsewhere: true)
        }

        func close() async {}
    }

    /// A machine as it is reached itself.
    private struct Guest: CommandChannel {
        let hypervisor: ReplacementHypervisor
        let name: String

        func run(_ command: RemoteCommand) async throws(AccessError) -> CommandResult {
            let state = hypervisor.now
            if state.elsewhere.contains(name) { return ReplacementHypervisor.result(0, "running\n") }
            guard state.machines.contains(where: { $0.name == name && $0.isActive }), !state.silent.contains(name)
            else { throw AccessError(.unreachable, "no route", host: name) }
            guard state.stopping > 0 else { return ReplacementHypervisor.result(0, "running\n") }
            hypervisor.change { state in
                state.stopping -= 1
                guard state.stopping == 0 else { return }
                for place in state.machines.indices where state.machines[place].name == name {
                    state.machines[place].isActive = false
                }
            }
            return ReplacementHypervisor.result(0, "stopping\n")
        }

        func close() async {}
    }
}
