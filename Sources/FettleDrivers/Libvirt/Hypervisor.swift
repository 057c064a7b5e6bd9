import FettleDriverKit
import FettleModel

/// One hypervisor as a step reaches it: libvirt's client on the machine itself, over the access channel.
struct Hypervisor: Sendable {
    let id: ResourceID
    let address: ResourceAddress
    let channels: any ChannelProvider

    /// How often it is asked again about machines that changed meanwhile, a second apart.
    private static let looks = 20

    /// Asked anew each time: nothing here is older than the call.
    func view() async throws(StepFailure) -> LibvirtView {
        var left = Self.looks
        while true {
            left -= 1
            switch try await look() {
            case .success(let view): return view
            case .failure(let error):
                if error == LibvirtView.changed, left > 0, (try? await Task.sleep(for: .seconds(1))) != nil { continue }
                // Among these: libvirtd is being restarted.
                throw StepFailure(code: .unreachable, message: "\(id): \(error)")
            }
        }
    }

    /// The same where what could not be made sense of is worth another look.
    func look() async throws(StepFailure) -> Result<LibvirtView, FactError> {
        let script: SectionedScript
        let result: CommandResult
        do {
            script = SectionedScript(sections: [try LibvirtSection.make()])
            result = try await channels.channel(to: address).run(
                RemoteCommand(script: script.text, timeout: .seconds(60), outputLimit: script.outputLimit))
        } catch let error as AccessError {
            throw StepFailure(error)
        } catch {
            throw StepFailure(code: .unreachable, message: "\(id): \(error)")
        }
        let transcript = Transcript(
            standardOutput: result.standardOutput, standardError: result.standardError, nonce: script.nonce)
        do {
            let text = try transcript.requiredOutput(of: LibvirtSection.name)
            return .success(try LibvirtView(parsing: text, nonce: script.nonce))
        } catch {
            return .failure(error)
        }
    }

    func act(_ command: RootCommand, timeout: Duration = .seconds(60)) async throws(StepFailure) {
        let result: CommandResult
        do {
            result = try await channels.channel(to: address).run(RemoteCommand(root: command, timeout: timeout))
        } catch {
            throw StepFailure(error)
        }
        guard result.succeeded else {
            let words = SafeText.lastLines(of: result.errorText) ?? "it said nothing"
            throw StepFailure(code: .internal, message: "\(id): virsh: \(words)", output: HostText.tail(result))
        }
    }

    /// Whether the guest agent in a machine gives an answer. One that hangs is not waited for: libvirt itself gives up after 5 s.
    func answers(_ uuid: String) async throws(StepFailure) -> Bool {
        do {
            return try await channels.channel(to: address).run(
                RemoteCommand(root: VirshCommand.time(uuid), timeout: .seconds(20), outputLimit: 4_096)
            ).succeeded
        } catch { throw StepFailure(error) }
    }

    /// A program beside virsh, as root.
    func run(_ command: RootCommand, timeout: Duration = .seconds(60)) async throws(StepFailure) {
        _ = try await require(RemoteCommand(root: command, timeout: timeout))
    }

    /// What a program answers.
    func output(_ command: RootCommand) async throws(StepFailure) -> String {
        try await require(RemoteCommand(root: command, timeout: .seconds(30), outputLimit: 65_536)).outputText
    }

    func ask(
        _ command: RootCommand, input: String, timeout: Duration = .seconds(60)
    ) async throws(StepFailure) {
        _ = try await require(RemoteCommand(root: command, input: Array(input.utf8), timeout: timeout))
    }

    /// How a machine that may be shut off is described, with what libvirt keeps secret.
    func describe(_ uuid: String) async throws(StepFailure) -> String {
        try await require(
            RemoteCommand(root: VirshCommand.describe(uuid), outputLimit: XMLElement.mostBytes + 1)
        ).outputText
    }

    func define(_ description: String) async throws(StepFailure) {
        try await ask(VirshCommand.define, input: description)
    }

    private func require(_ command: RemoteCommand) async throws(StepFailure) -> CommandResult {
        let result: CommandResult
        do { result = try await channels.channel(to: address).run(command) } catch { throw StepFailure(error) }
        guard result.succeeded else {
            let words = SafeText.lastLines(of: result.errorText) ?? "it said nothing"
            throw StepFailure(
                code: words.contains("No space left") ? .noSpace : .internal, message: "\(id): \(words)",
                output: HostText.tail(result))
        }
        return result
    }

    /// Why the hypervisor cannot give a machine the processor that it needs; nil: it can.
    ///
    /// - Parameter kind: one of `VirshCommand.kinds`.
    func lacks(_ processor: XMLElement, kind: String) async throws(StepFailure) -> String? {
        let result: CommandResult
        do {
            result = try await channels.channel(to: address).run(
                RemoteCommand(
                    root: VirshCommand.comparison(kind), input: Array(processor.written.utf8), timeout: .seconds(30)))
        } catch {
            throw StepFailure(error)
        }
        if result.succeeded { return nil }
        return SafeText.lastLines(of: result.errorText) ?? "libvirt does not say what is missing"
    }
}

/// The two ends of every move of a step, and what the fleet says of moving.
struct MachineRoad: Sendable {
    let rules: MachineRules
    private let hypervisors: [ResourceID: Hypervisor]

    /// - Throws: `refused` where the plan does not say how a hypervisor is reached, or names another driver.
    init(_ step: Step, _ moves: [MachineMove], in context: StepContext, channels: any ChannelProvider)
        throws(StepFailure)
    {
        let pool = step.group.flatMap { context.plan.group($0) }
        rules = pool?.machines ?? MachineRules(driver: EvacuationDriver.name)
        guard rules.driver == EvacuationDriver.name else {
            throw StepFailure(code: .refused, message: "nothing here moves machines by '\(rules.driver)'")
        }
        var hypervisors: [ResourceID: Hypervisor] = [:]
        for id in Set([step.resource] + moves.flatMap { [$0.from, $0.to] }) {
            guard let address = context.plan.target(id)?.address ?? pool?.memberAddresses[id] else {
                throw StepFailure(code: .refused, message: "the plan has no address for \(id)")
            }
            hypervisors[id] = Hypervisor(id: id, address: address, channels: channels)
        }
        self.hypervisors = hypervisors
    }

    func hypervisor(_ id: ResourceID) throws(StepFailure) -> Hypervisor {
        guard let hypervisor = hypervisors[id] else {
            throw StepFailure(code: .internal, message: "\(id) is no end of this step's moves")
        }
        return hypervisor
    }

    /// All of them at one moment, by name.
    func views() async throws(StepFailure) -> [ResourceID: LibvirtView] {
        var views: [ResourceID: LibvirtView] = [:]
        for id in hypervisors.keys.sorted() { views[id] = try await hypervisor(id).view() }
        return views
    }

    /// The same where one that cannot be asked is told as that, but for one that must be.
    func views(requiring id: ResourceID) async throws(StepFailure) -> Looks {
        var looks = Looks()
        for other in hypervisors.keys.sorted() {
            do throws(StepFailure) { looks.views[other] = try await hypervisor(other).view() } catch {
                guard other != id else { throw error }
                looks.failures[other] = error
            }
        }
        return looks
    }

    struct Looks: Sendable {
        var views: [ResourceID: LibvirtView] = [:]
        var failures: [ResourceID: StepFailure] = [:]
    }

    /// How the other hypervisors reach this one's libvirt.
    func destination(_ id: ResourceID) throws(StepFailure) -> String {
        Self.destination(id, try hypervisor(id).address, by: rules)
    }

    static func destination(_ id: ResourceID, _ address: ResourceAddress?, by rules: MachineRules) -> String {
        let host = address.map(\.host) ?? ""
        return rules.destination.replacing("{host}", with: host.isEmpty ? id.rawValue : host)
    }
}
