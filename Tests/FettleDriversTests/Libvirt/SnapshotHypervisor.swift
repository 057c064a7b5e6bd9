import FettleDriverKit
import FettleModel
import Synchronization

@testable import FettleDrivers

/// A hypervisor in memory with one machine of two disks, that knows snapshots as libvirt does: a file beside each disk, merged by a job
/// that takes its time. What the machine writes is a list of words in the topmost file of each disk.
final class SnapshotHypervisor: CommandChannel, ChannelProvider, Sendable {
    struct State: Sendable, Equatable {
        var isActive = true
        /// By device, the file that the machine writes to.
        var disks = ["vda": "/srv/guests/vm-1.qcow2", "vdb": "/srv/data/vm-1.raw"]
        /// By file, what was written to it.
        var written: [String: [String]] = ["/srv/guests/vm-1.qcow2": ["old"], "/srv/data/vm-1.raw": ["old"]]
        /// By overlay, what lies below it.
        var below: [String: String] = [:]
        /// By device, after how many looks what is being merged is ready.
        var merging: [String: Int] = [:]
        var names: Set<String> = []
        var hasAgent = true
        var agentAnswers = true
        var freeMebibytes = 100_000
        var wasFrozen = false
        var boots = 1
        var isPaused = false
        var answers = true
        /// Other parts of its description.
        var devices = ""
        /// The machine has another disk than when it was looked at.
        var extraDisk = false
    }

    private struct Control: Sendable {
        var state = State()
        var acts: [String] = []
        var breaking: (act: Int, isDone: Bool)?
        var now: Int64 = 1_000_000
        /// Acts by their verb that fail.
        var failing: Set<String> = []
    }

    static let uuid = LibvirtFixture.uuid(1)
    private let control: Mutex<Control>

    init(_ prepare: (inout State) -> Void = { _ in }) {
        var control = Control()
        prepare(&control.state)
        self.control = Mutex(control)
    }

    var now: State { control.withLock { $0.state } }
    var acts: [String] { control.withLock { $0.acts } }
    func change(_ body: (inout State) -> Void) { control.withLock { body(&$0.state) } }
    /// Breaks an act off, counted from now: before it has an effect, or after.
    func breakOff(_ act: Int?, isDone: Bool = false) {
        control.withLock { control in control.breaking = act.map { ($0 + control.acts.count, isDone) } }
    }
    func fail(_ verbs: Set<String>) { control.withLock { $0.failing = verbs } }

    /// The machine writes to all its disks.
    func write(_ word: String) {
        change { state in for file in state.disks.values { state.written[file, default: []].append(word) } }
    }

    /// What the machine sees on a disk.
    func seen(_ device: String) -> [String] {
        let state = now
        var (words, next): ([String], String?) = ([], state.disks[device])
        while let file = next {
            words = (state.written[file] ?? []) + words
            next = state.below[file]
        }
        return words
    }

    var clock: DriverClock {
        DriverClock(
            now: { Timestamp(milliseconds: self.control.withLock { $0.now }) },
            sleep: { duration in
                self.control.withLock { $0.now += duration.components.seconds * 1_000 + 200 }
                await Task.yield()
            })
    }

    func channel(to address: ResourceAddress) async throws(AccessError) -> any CommandChannel {
        address.host == "hv-1" ? self : Guest(hypervisor: self)
    }

    func close() async {}

    func run(_ command: RemoteCommand) async throws(AccessError) -> CommandResult {
        switch command.program {
        case .script(let text):
            if text.contains("[ -e ") {
                let isThere = now.written.keys.contains { text.contains("-- '\($0)'") }
                return Self.result(0, isThere ? "there\n" : "gone\n")
            }
            guard let range = text.firstRange(of: "nonce=") else { return Self.result(1) }
            return look(nonce: String(text[range.upperBound...].prefix(32)))
        case .root(let root):
            let words = Self.words(root)
            let (isLost, result): (Bool, CommandResult) = control.withLock { control in
                if ["dumpxml", "snapshot-list", "domblkinfo", "/usr/bin/df", "domtime"].contains(words[0]) {
                    return (false, Self.tell(words, control.state))
                }
                let breaking = control.breaking.flatMap { $0.act == control.acts.count ? $0 : nil }
                control.acts.append(words[0])
                if let breaking, !breaking.isDone { return (true, Self.result(1)) }
                if control.failing.contains(words[0]) { return (false, Self.result(1, "", "it cannot")) }
                return (breaking != nil, Self.act(words, command.input, &control.state))
            }
            if isLost { throw AccessError(.disconnected, "the connection is gone", host: "hv-1") }
            return result
        }
    }

    private static func words(_ root: RootCommand) -> [String] {
        guard root.arguments.first == VirshCommand.program else { return root.arguments }
        return Array(root.arguments.drop { $0 != "qemu:///system" }.dropFirst())
    }

    private static func tell(_ words: [String], _ state: State) -> CommandResult {
        switch words[0] {
        case "dumpxml": result(0, xml(state, isLive: false))
        case "snapshot-list": result(0, state.names.sorted().joined(separator: "\n") + "\n\n")
        case "domblkinfo": result(0, "Capacity:       4294967296\nAllocation:     1024\nPhysical:       1024\n\n")
        case "/usr/bin/df":
            result(0, "  Avail Mounted on\n\(state.freeMebibytes * 1_024) \(words.last ?? "")\n")
        default: result(state.agentAnswers ? 0 : 1, "Time: 1\n")
        }
    }

    private static func act(_ words: [String], _ input: [UInt8], _ state: inout State) -> CommandResult {
        let isFitting: Bool
        switch words[0] {
        case "snapshot-create": isFitting = create(words, String(decoding: input, as: UTF8.self), &state)
        case "blockcommit":
            guard state.isActive, words.contains("--shallow"), words.contains("--active"),
                let file = state.disks[words[2]], state.below[file] != nil, state.merging[words[2]] == nil
            else { return result(1) }
            state.merging[words[2]] = 2
            isFitting = true
        case "blockjob":
            guard let file = state.disks[words[2]], let base = state.below[file], state.merging[words[2]] == 0 else {
                return result(1)
            }
            state.written[base, default: []] += state.written[file] ?? []
            state.disks[words[2]] = base
            state.merging[words[2]] = nil
            state.below[file] = nil
            isFitting = true
        case "snapshot-delete": isFitting = words.contains("--metadata") && state.names.remove(words[2]) != nil
        case DiskCommand.removal:
            let path = words.last ?? ""
            isFitting = !state.disks.values.contains(path)
            if isFitting { (state.written[path], state.below[path]) = (nil, nil) }
        case "destroy":
            isFitting = state.isActive
            state.isActive = false
            state.merging = [:]
        case "start":
            isFitting = !state.isActive && state.disks.values.allSatisfy { state.written[$0] != nil }
            if isFitting { (state.isActive, state.boots) = (true, state.boots + 1) }
        case "define": isFitting = !state.isActive && define(String(decoding: input, as: UTF8.self), &state)
        default: isFitting = false
        }
        return result(isFitting ? 0 : 1)
    }

    private static func create(_ words: [String], _ text: String, _ state: inout State) -> Bool {
        guard words.contains("--atomic"), words.contains("--disk-only"), state.isActive,
            !words.contains("--quiesce") || state.agentAnswers, let request = try? XMLElement.parse(text[...]),
            let name = request.first("name")?.text, state.names.insert(name).inserted
        else { return false }
        for disk in request.first("disks")?.children ?? [] {
            guard let device = disk.attributes["name"], let base = state.disks[device] else { continue }
            guard disk.attributes["snapshot"] == "external", let file = disk.first("source")?.attributes["file"],
                state.written[file] == nil
            else { return false }
            (state.written[file], state.below[file], state.disks[device]) = ([], base, file)
        }
        state.wasFrozen = words.contains("--quiesce")
        return true
    }

    private static func define(_ text: String, _ state: inout State) -> Bool {
        guard let domain = try? XMLElement.parse(text[...]), domain.first("uuid")?.text == uuid else { return false }
        for disk in domain.first("devices")?.children(named: "disk") ?? [] {
            guard let device = disk.first("target")?.attributes["dev"], state.disks[device] != nil,
                let file = disk.first("source")?.attributes["file"]
            else { continue }
            guard disk.first("driver")?.attributes["type"] == (file.hasSuffix("raw") ? "raw" : "qcow2") else {
                return false
            }
            state.disks[device] = file
        }
        return true
    }

    private static func xml(_ state: State, isLive: Bool) -> String {
        let disks = state.disks.sorted { $0.key < $1.key }.map { device, file in
            let mirror = state.merging[device].map { left in
                "<mirror type='file' job='active-commit'\(left == 0 ? " ready='yes'" : "")>"
                    + "<source file='\(state.below[file] ?? "")'/></mirror>"
            }
            let below = state.below[file].map { "<backingStore type='file'><source file='\($0)'/></backingStore>" }
            return """
                <disk type='file' device='disk'>
                  <driver name='qemu' type='\(file.hasSuffix("raw") ? "raw" : "qcow2")' cache='none'/>
                  <source file='\(file)'/>\(isLive ? (below ?? "") + (mirror ?? "") : "")<target dev='\(device)' bus='virtio'/>
                </disk>
                """
        }
        let extra =
            state.extraDisk
            ? "<disk type='file' device='disk'><driver type='raw'/><source file='/x/y.raw'/><target dev='vdc'/></disk>"
            : ""
        let media = "<disk type='file' device='cdrom'><target dev='sda'/><readonly/></disk>"
        let agent = state.hasAgent && state.isActive ? LibvirtFixture.agent : ""
        return LibvirtFixture.domain(disk: disks.joined() + extra + media, devices: agent + state.devices)
    }

    private func look(nonce: String) -> CommandResult {
        control.withLock { control in
            let state = control.state
            for (device, left) in state.merging where left > 0 { control.state.merging[device] = left - 1 }
            let reason =
                state.isPaused ? "paused (I/O error)" : state.isActive ? "running (booted)" : "shut off (destroyed)"
            let text = LibvirtFixture.answer(
                [(Self.uuid, "vm-1", Self.xml(state, isLive: state.isActive))],
                active: state.isActive ? [Self.uuid] : [], reasons: [Self.uuid: reason],
                snapshots: state.names.isEmpty ? [] : [Self.uuid], nonce: nonce)
            return Self.result(0, "\n\(nonce) begin libvirt\n\(text)\n\(nonce) status 0 end\n")
        }
    }

    private static func result(_ status: Int32, _ text: String = "", _ error: String = "") -> CommandResult {
        CommandResult(
            status: status, standardOutput: Array(text.utf8), standardError: Array(error.utf8), duration: .zero)
    }

    /// The machine as it is reached itself.
    private struct Guest: CommandChannel {
        let hypervisor: SnapshotHypervisor

        func run(_ command: RemoteCommand) async throws(AccessError) -> CommandResult {
            guard hypervisor.now.isActive, hypervisor.now.answers else {
                throw AccessError(.unreachable, "no route", host: "vm-1")
            }
            return SnapshotHypervisor.result(0, "running\n")
        }

        func close() async {}
    }
}
