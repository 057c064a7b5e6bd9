import FettleDriverKit
import FettleModel

/// Keeps the HA manager from giving a node anything while it is out. There is no such request in the API: the node's own
/// `ha-manager` is run on it.
///
/// Source: https://pve.proxmox.com/pve-docs/ha-manager.1.html, `crm-command node-maintenance`.
struct NodeMaintenance: Sendable {
    let channels: any ChannelProvider

    static let program = "/usr/sbin/ha-manager"

    static func command(_ node: String, isOn: Bool) -> RootCommand {
        RootCommand([program, "crm-command", "node-maintenance", isOn ? "enable" : "disable", node])
    }

    /// Asks for it. The manager gets to it within its turn, of about ten seconds.
    func set(_ isOn: Bool, _ node: String, at address: ResourceAddress) async throws(StepFailure) {
        let result: CommandResult
        do {
            result = try await channels.channel(to: address).run(
                RemoteCommand(root: Self.command(node, isOn: isOn), timeout: .seconds(60)))
        } catch {
            throw StepFailure(error)
        }
        guard result.succeeded else {
            let words = SafeText.lastLines(of: result.errorText) ?? "it said nothing"
            throw StepFailure(code: .internal, message: "\(node): ha-manager: \(words)", output: HostText.tail(result))
        }
    }

    /// Returns once the manager says that it is so.
    func wait(for isOn: Bool, of pool: ProxmoxPool, until deadline: Timestamp) async throws(StepFailure) {
        while true {
            if let view = try await pool.look([]), view.isMaintained(pool.own) == isOn { return }
            guard pool.clock.now() < deadline, !Task.isCancelled else {
                throw StepFailure(
                    code: .timeout,
                    message:
                        "the HA manager does not \(isOn ? "take \(pool.own) out" : "take \(pool.own) back") in time")
            }
            await pool.clock.sleep(.seconds(2))
        }
    }

    /// What a user who is not root needs in `sudoers` on a node.
    ///
    /// - Throws: `SudoRuleError` for a name that is none of a node.
    static func rules(node: String) throws(SudoRuleError) -> [SudoRule] {
        guard ProxmoxName.isNode(node) else { throw SudoRuleError("\(node) is no name of a node of Proxmox VE") }
        var rules: [SudoRule] = []
        for (isOn, reason) in [
            (true, "Have the HA manager give this node nothing while it is out"),
            (false, "Have the HA manager use this node again"),
        ] {
            let arguments = command(node, isOn: isOn).arguments.dropFirst()
            rules.append(try SudoRule(program: program, arguments: arguments.map { .exact($0) }, reason: reason))
        }
        return rules
    }
}
