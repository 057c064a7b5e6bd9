import FettleDriverKit
import FettleModel
import Testing

@testable import FettleDrivers

@Suite struct ReplacementRulesTests {
    private static let uuid = LibvirtFixture.uuid(1)
    private static let stem = "/srv/images/\(NewMachineTests.digest)"
    private static let disk = "/srv/guests/\(NewMachineTests.new().machine.diskName(in: "run-1"))"

    private static var commands: [RootCommand] {
        [
            VirshCommand.describe(uuid), VirshCommand.shutDown(uuid), VirshCommand.destroy(uuid),
            VirshCommand.start(uuid), VirshCommand.autostart(uuid), VirshCommand.noAutostart(uuid),
            VirshCommand.forget(uuid), VirshCommand.rename(uuid, to: NewMachineTests.new().keptName),
            VirshCommand.define, DiskCommand.make(disk, over: stem + ".qcow2", format: "qcow2"),
            DiskCommand.make(disk, over: stem + ".raw", format: "raw"), DiskCommand.remove(disk),
        ]
    }

    @Test func everyCommandHasARuleAndNothingElseHas() throws {
        let rules = try ReplacementRules.rules(images: "/srv/images", disks: ["/srv/guests"])
        for command in Self.commands {
            #expect(rules.contains { $0.permits(command) }, "\(command.arguments.joined(separator: " "))")
            #expect(!rules.contains { $0.permits(RootCommand(command.arguments + ["/etc/shadow"])) })
        }
        let outside = [
            DiskCommand.remove("/srv/guests/../x.qcow2"), DiskCommand.remove("/srv/guests/a/b.qcow2"),
            DiskCommand.remove("/etc/passwd"), DiskCommand.remove("/srv/guests/.qcow2"),
            DiskCommand.make("/etc/x.qcow2", over: Self.stem + ".raw", format: "raw"),
            DiskCommand.make(Self.disk, over: "/etc/shadow", format: "raw"),
            DiskCommand.make(Self.disk, over: Self.stem + ".raw", format: "qcow2"),
            VirshCommand.rename(Self.uuid, to: "--domain"), VirshCommand.destroy("--all"),
        ]
        for command in outside { #expect(!rules.contains { $0.permits(command) }, "\(command.arguments)") }
        #expect(try SudoersFile(user: "fettle", rules: rules).text().contains("domrename"))
    }

    @Test func allRulesOfAHypervisorAreToldOnce() throws {
        let rules = try BuiltInDrivers.sudoRules(
            for: .with {
                $0.hypervisors = ["qemu+tls://hv-2/system"]
                $0.images = ["/srv/images"]
                $0.disks = ["/srv/guests"]
            })
        for command in Self.commands { #expect(rules.contains { $0.permits(command) }) }
    }

    @Test func oneDirectoryWithoutTheOtherIsRefused() {
        #expect(throws: SudoRuleError.self) { try BuiltInDrivers.sudoRules(for: .with { $0.images = ["/srv/images"] }) }
        #expect(throws: SudoRuleError.self) { try BuiltInDrivers.sudoRules(for: .with { $0.disks = ["/srv/guests"] }) }
    }

    @Test func directoriesThatCouldNotStandInARuleAreRefused() {
        for directory in ["", "/", "relative", "/a b", "/a/../b", "/a\nb", "/-x"] {
            #expect(throws: SudoRuleError.self) {
                try ReplacementRules.rules(images: directory, disks: ["/srv/guests"])
            }
            #expect(throws: SudoRuleError.self) {
                try ReplacementRules.rules(images: "/srv/images", disks: [directory])
            }
        }
    }
}
