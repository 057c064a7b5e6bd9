import FettleDriverKit
import FettleModel
import Testing

@testable import FettleDrivers

/// Every command that is ever run as root is covered by a rule, and a rule covers nothing else.
@Suite struct VirshRulesTests {
    private static let uuid = LibvirtFixture.uuid(1)
    private static let destination = "qemu+tls://hv-2/system"

    private func commands() -> [RootCommand] {
        var commands = LibvirtSection.commands.map { command, hasMachine in
            RootCommand(command.arguments + (hasMachine ? [Self.uuid] : []))
        }
        for flags in 0..<8 {
            let manner = MigrationManner(
                bandwidthMebibytes: flags * 100, isEncrypted: flags & 1 == 0, mayPostCopy: flags & 2 == 0,
                believesShared: flags & 4 == 0)
            commands.append(VirshCommand.migrate(Self.uuid, to: Self.destination, manner))
        }
        commands += VirshCommand.kinds.map(VirshCommand.comparison)
        commands.append(VirshCommand.migrateOffline(Self.uuid, to: Self.destination))
        return commands
            + [
                VirshCommand.abort, VirshCommand.postCopy, VirshCommand.resume, VirshCommand.start,
                VirshCommand.destroy,
                VirshCommand.undefine, VirshCommand.autostart,
            ].map { $0(Self.uuid) }
    }

    @Test func everyCommandHasARule() throws {
        let rules = try VirshRules.rules(destinations: [Self.destination])
        for command in commands() {
            #expect(rules.contains { $0.permits(command) }, "\(command.arguments.joined(separator: " "))")
        }
        let text = try SudoersFile(user: "fettle", rules: rules).text()
        #expect(text.contains("migrate") && !text.contains("NOPASSWD: ALL"))
    }

    /// What a script asks of virsh as root it asks in one of the forms that have a rule.
    @Test func theScriptRunsNothingThatHasNoRule() throws {
        let known = try LibvirtSection.commands.map { try shellQuoted($0.command.commandLine) }
        let rest = try LibvirtSection.make().body.components(of: VirshCommand.program, without: known)
        #expect(rest == 1, "beside the question whether it is there")
    }

    @Test func aRuleLetsNothingElseThrough() throws {
        let rules = try VirshRules.rules(destinations: [Self.destination])
        for command in commands() {
            for more in ["--unsafe", "/etc/shadow", "x; reboot"] {
                #expect(!rules.contains { $0.permits(RootCommand(command.arguments + [more])) })
            }
            let elsewhere = command.arguments.map { $0 == Self.destination ? "qemu+tls://evil/system" : $0 }
            guard elsewhere != command.arguments else { continue }
            #expect(!rules.contains { $0.permits(RootCommand(elsewhere)) })
        }
        for verb in ["undefine", "destroy", "shutdown", "edit", "qemu-monitor-command"] {
            for name in ["vm-1", "--all", "-c"] {
                #expect(!rules.contains { $0.permits(VirshCommand.act(verb, name)) })
            }
        }
        #expect(try VirshRules.rules(destinations: []).allSatisfy { $0.arguments.contains(.exact("--readonly")) })
    }

    @Test func anAddressThatCouldNotStandInARuleIsRefused() {
        for address in ["", "qemu+tls://h*/system", "a b", "x\ny"] {
            #expect(throws: SudoRuleError.self) { try VirshRules.rules(destinations: [address]) }
        }
    }
}

extension String {
    /// How often a word is in here, once all of these texts are taken out, the longest first.
    fileprivate func components(of word: String, without texts: [String]) -> Int {
        let rest = texts.sorted { $0.utf8.count > $1.utf8.count }.reduce(self) { $0.replacing($1, with: "") }
        return rest.ranges(of: word).count
    }
}
