import FettleDriverKit
import FettleModel
import Foundation
import Testing

@testable import FettleDrivers

/// The script, run on the machine that runs the tests.
@Suite struct ThisMachineTests {
    static let hasDpkg = FileManager.default.fileExists(atPath: "/var/lib/dpkg/status")

    @Test func theScriptTellsTheBootOfThisMachine() async throws {
        let facts = await ShellHostInspector(channels: ShellRunner()).inspect("here", at: .local)
        let expected = try String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(facts.reachability == .reachable)
        #expect(facts.boot.value?.bootID == expected)
        let machine = try? String(contentsOfFile: "/etc/machine-id", encoding: .utf8)
        let id = machine.map { String($0.prefix { !$0.isNewline }) }
        #expect(facts.boot.value?.machineID == id.flatMap { $0.count == 32 ? $0 : nil })
        #expect(facts.platform.value != nil)
        #expect(facts.kernels.value?.running.isEmpty == false)
        #expect(facts.fileSystems.value?.contains { $0.mountPoint == "/" } == true)
    }

    @Test(.enabled(if: hasDpkg)) func packagesAreThoseThatDpkgLists() async throws {
        let facts = await ShellHostInspector(channels: ShellRunner()).inspect("here", at: .local)
        let packages = try #require(facts.packages.value)
        let list = try await ShellRunner().run(RemoteCommand(script: "dpkg -l | grep -c '^.i'")).outputText
        #expect("\(packages.count)" == list.trimmingCharacters(in: .whitespacesAndNewlines))
    }
}
