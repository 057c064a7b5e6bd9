import FettleModel

/// What one hypervisor tells of itself and its machines at about one moment.
struct LibvirtView: Sendable, Equatable {
    /// libvirt's and QEMU's, such as `libvirt 9.0.0, QEMU 7.2.22`.
    var version: String
    var memoryMebibytes: Int
    var processors: Int
    /// Sorted by name.
    var machines: [Machine]

    struct Machine: Sendable, Equatable {
        var description: DomainDescription
        var state: State
        var startsWithHypervisor: Bool
        var hasSnapshots: Bool
        /// It is known only while it runs.
        var isTransient: Bool
        /// It is shut off, and its memory of that moment lies on the hypervisor: it goes on from there when it is started.
        var hasSavedMemory = false
        /// What libvirt does with it at the moment, such as `Outgoing migration`; nil: nothing.
        var job: String?
        /// Why it is in its state, such as `migrating`; nil: not told.
        var reason: String?

        /// What of a machine that is shut off would stay behind if its description was moved; nil: nothing.
        var leftBehind: String? {
            if hasSavedMemory { return "its memory, which was saved there" }
            return description.hasTPM ? "what its TPM has stored" : nil
        }

        var name: String { description.name }
        var uuid: String { description.uuid }
        var isActive: Bool { state != .off }

        /// Why it cannot be moved while it runs; nil: it can, as far as the hypervisor knows.
        var obstacle: String? {
            if let obstacle = description.obstacle { return obstacle }
            if hasSnapshots { return "it has snapshots, which libvirt does not move" }
            if isTransient { return "it is known only while it runs (transient)" }
            return state == .paused && job == nil ? "it is paused" : nil
        }
    }

    enum State: Sendable, Equatable { case off, running, paused }

    func machine(_ name: String) -> Machine? { machines.first { $0.name == name } }

    /// As facts hold it.
    var facts: HypervisorFacts {
        HypervisorFacts(
            memoryMebibytes: memoryMebibytes, processors: processors,
            residents: machines.map { machine in
                ResidentMachine(
                    name: machine.name, resource: Self.resource(machine.name),
                    memoryMebibytes: machine.description.memoryMebibytes, processors: machine.description.processors,
                    isRunning: machine.isActive, isBoundBecause: machine.obstacle,
                    sharedPaths: machine.description.sharedPaths.isEmpty ? nil : machine.description.sharedPaths,
                    uuid: machine.uuid, writableDisks: machine.description.writableDisks.count,
                    isKeptBecause: NewMachine.obstacle(machine),
                    bootsOutsideKernel: machine.description.bootsOutsideKernel,
                    image: machine.description.mark.map { RunningImage(name: $0.image, version: $0.version) })
            })
    }

    /// A machine is the resource of its name. One that the fleet does not declare is none, and the planner knows which it declares.
    private static func resource(_ name: String) -> ResourceID? { FactText.isName(name) ? ResourceID(name) : nil }
}

extension LibvirtView {
    /// More are not read: what is asked of each costs the hypervisor two processes.
    static let mostMachines = 10_000

    /// - Throws: `FactError` where something is missing or not understood: half of the machines would pass for all.
    init(parsing text: String, nonce: String) throws(FactError) {
        let answers = try Self.answers(text, nonce)
        func lines(_ name: String) throws(FactError) -> [Substring] {
            guard let answer = answers[name] else { throw FactError("libvirt did not tell \(name)") }
            return FactText.lines(String(answer))
        }
        version = Self.version(try lines("version"))
        let node = try lines("node")
        guard let processors = Self.number("CPU(s):", node), let memory = Self.number("Memory size:", node),
            DomainDescription.isSize(kibibytes: memory, processors: processors)
        else {
            throw FactError("what libvirt tells of the hypervisor is not understood")
        }
        self.processors = processors
        memoryMebibytes = memory / 1_024
        let names = try lines("names")
        guard names.count <= Self.mostMachines else { throw FactError("more than \(Self.mostMachines) machines") }
        let active = Set(try lines("active"))
        let (autostart, snapshots) = (Set(try lines("autostart")), Set(try lines("snapshots")))
        let (transient, saved) = (Set(try lines("transient")), Set(try lines("saved")))
        machines = []
        for line in names {
            let uuid = line.prefix(36)
            guard DomainDescription.isUUID(uuid) else { throw FactError.notUnderstood(line, of: "libvirt's list") }
            guard let text = answers["domain \(uuid)"], text.contains("<") else {
                throw Self.changed
            }
            let description = try DomainDescription(try XMLElement.parse(text))
            guard description.uuid == uuid else {
                throw FactError("libvirt told of another machine than was asked for")
            }
            let standing = try Self.standing(answers["reason \(uuid)"], isActive: active.contains(uuid))
            let job = try Self.job(answers["job \(uuid)"], isActive: standing.state != .off)
            machines.append(
                Machine(
                    description: description, state: standing.state, startsWithHypervisor: autostart.contains(uuid),
                    hasSnapshots: snapshots.contains(uuid), isTransient: transient.contains(uuid),
                    hasSavedMemory: saved.contains(uuid), job: job, reason: standing.reason))
        }
        machines.sort { ($0.name, $0.uuid) < ($1.name, $1.uuid) }
    }

    private static func answers(_ text: String, _ nonce: String) throws(FactError) -> [String: Substring] {
        var answers: [String: Substring] = [:]
        // Split by bytes at the lines that begin with the nonce.
        let marker = nonce + " "
        var isEnded = false
        for part in ("\n" + text).split(separator: "\n" + marker, omittingEmptySubsequences: true).dropFirst(0) {
            let end = part.firstIndex(of: "\n") ?? part.endIndex
            let name = String(part[..<end])
            if name == "end" { isEnded = true }
            guard name != "end", !name.isEmpty else { continue }
            guard answers.updateValue(end == part.endIndex ? "" : part[part.index(after: end)...], forKey: name) == nil
            else { throw FactError("libvirt was asked twice for \(FactText.excerpt(name, limit: 60))") }
        }
        guard isEnded else { throw FactError("what libvirt told was cut") }
        return answers
    }

    private static func version(_ lines: [Substring]) -> String {
        func value(_ label: String) -> String? {
            lines.first { $0.hasPrefix(label) }.map { $0.dropFirst(label.count).trimmed }
        }
        return [value("Using library:"), value("Running hypervisor:")].compactMap { $0 }.map {
            FactText.excerpt($0, limit: 60)
        }.joined(separator: ", ")
    }

    private static func number(_ label: String, _ lines: [Substring]) -> Int? {
        lines.first { $0.hasPrefix(label) }.flatMap { line in
            FactText.words(line.dropFirst(label.count)).first.flatMap { FactText.number($0) }
        }
    }

    /// Worth another look: while a machine moves, libvirt is late to say what is done with it.
    static let changed = FactError("a machine changed or went while libvirt was asked; ask again")

    /// - Throws: `FactError` for a machine that is active, and of which it is not told whether anything is done with it: that would
    ///   pass for "nothing".
    private static func job(_ text: Substring?, isActive: Bool) throws(FactError) -> String? {
        let lines = FactText.lines(String(text ?? ""))
        func value(_ label: String) -> String? {
            lines.first { $0.hasPrefix(label) }.map { $0.dropFirst(label.count).trimmed }
        }
        guard let type = value("Job type:") else {
            guard !isActive else { throw changed }
            return nil
        }
        guard type != "None", type != "Completed" else { return nil }
        return FactText.excerpt(value("Operation:") ?? type, limit: 60)
    }

    /// State and reason of one moment, after that of the job: `running (booted)`.
    ///
    /// - Parameter isActive: whether it was among the active ones some moments before.
    private static func standing(
        _ text: Substring?, isActive: Bool
    ) throws(FactError) -> (state: State, reason: String?) {
        guard let line = FactText.lines(String(text ?? "")).first(where: { !$0.isEmpty }) else {
            guard !isActive else { throw changed }
            return (.off, nil)
        }
        guard let open = line.firstIndex(of: "("), line.last == ")" else {
            throw FactError.notUnderstood(line, of: "what libvirt tells of a machine's state")
        }
        let reason = FactText.excerpt(String(line[line.index(after: open)...].dropLast()), limit: 60)
        switch line[..<open].trimmed {
        case "running", "idle", "in shutdown": return (.running, reason)
        // What sleeps or has crashed holds its memory, and does nothing until a person sees to it.
        case "paused", "pmsuspended", "crashed": return (.paused, reason)
        case "shut off": return (.off, nil)
        default: throw FactError.notUnderstood(line, of: "what libvirt tells of a machine's state")
        }
    }
}

extension Substring {
    fileprivate var trimmed: String {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
