import FettleDriverKit
import FettleModel
import Foundation
import Testing

@testable import FettleDrivers

/// Livepatches, as the vendors' documentation and programs write of them. No real product has been asked yet.
@Suite struct LivepatchTests {
    private static let klp = """
        livepatch_6_150400_2_2
            active: 1
            RPM: kernel-livepatch-5_14_21-150400_24_33-default-6-150400.2.2.x86_64
            CVE: CVE-2023-26545 CVE-2023-1652 CVE-2022-43945
            bug fixes and enhancements: (none)
        livepatch_1_5_3_2
            active: 0
            RPM: kernel-livepatch-5_3_18-24_34-default-1-5.3.2.x86_64
            CVE: (none - this is an initial kernel live patch)
            bug fixes and enhancements: (none)

        """
    private static let kpatch = """
        Loaded patch modules:
        kpatch_5_14_0_284_11_1_1_1 [enabled]
        livepatch_CVE_2019_20096 [disabled]

        Installed patch modules:
        kpatch_5_14_0_284_11_1_1_2 (5.14.0-284.11.1.el9_2.x86_64)

        """
    private static let canonical = """
        {"Client-Version": "10.2.3", "Architecture": "x86_64", "Status": [
          {"Kernel": "5.15.0-25.25-generic", "Running": true, "Supported": "supported", "Livepatch": {
            "CheckState": "checked", "State": "applied", "Version": "103.1", "Fixes": [
              {"Name": "cve-2024-1086", "Description": "use after free", "Bug": "", "Patched": true},
              {"Name": "cve-2024-0001", "Description": "", "Bug": "", "Patched": false}]}},
          {"Kernel": "5.15.0-20.20-generic", "Running": false, "Livepatch": {"State": "applied", "Version": "99.1",
            "Fixes": [{"Name": "cve-2020-1111", "Patched": true}]}}], "tier": "stable"}

        """
    private static let kernelCare = """
        OS: ubuntu-focal
        kernel: 5.4.0-125.141
        time: 2024-04-25 10:12:22
        uname: 5.4.0-177.197

        kpatch-name: focal/5.4.0-125.141/CVE-2022-33655.patch
        kpatch-description: a fix
        kpatch-cve: CVE-2022-33655
        kpatch-cvss: 7.8
        kpatch-cve-url: https://ubuntu.com/security/CVE-2022-33655

        kpatch-name: focal/symlink-protection.patch
        kpatch-cve: N/A

        """

    /// A host whose programs answer as these texts do, asked by the script itself in each shell.
    private func patches(
        _ programs: [String: String], shell: [String] = ["/bin/sh"]
    ) async throws -> Observed<[KernelLivepatch]> {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fettle-live-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, script) in programs {
            let path = folder.appendingPathComponent(name)
            try Data("#!/bin/sh\n\(script)\n".utf8).write(to: path)
            try Program.enable(path.path)
        }
        var runner = ShellRunner(shell: shell)
        runner.environment["PATH"] = "\(folder.path):\(runner.environment["PATH"] ?? "")"
        let facts = await ShellHostInspector(channels: runner).inspect("here", at: .local, parts: .kernels)
        return try #require(facts.livepatches)
    }

    private func saying(_ text: String) -> String { "cat <<'END'\n\(text)END" }

    @Test(arguments: ShellRunner.shells) func everyToolIsUnderstood(shell: [String]) async throws {
        let found = try await patches(
            [
                "kpatch": saying(Self.kpatch), "klp": saying(Self.klp), "canonical-livepatch": saying(Self.canonical),
                "kcarectl": "case $1 in --uname) echo 5.4.0-177.197 ;; *) \(saying(Self.kernelCare))\nesac",
            ], shell: shell)
        #expect(
            try #require(found.value).filter { $0.reporter != .kernel } == [
                KernelLivepatch(
                    reporter: .canonicalLivepatch, name: "103.1", isActive: true, fixes: ["CVE-2024-1086"]),
                KernelLivepatch(
                    reporter: .kernelCare, name: "5.4.0-177.197", isActive: true, fixes: ["CVE-2022-33655"],
                    kernel: "5.4.0-177.197"),
                KernelLivepatch(reporter: .klp, name: "livepatch_1_5_3_2", isActive: false),
                KernelLivepatch(
                    reporter: .klp, name: "livepatch_6_150400_2_2", isActive: true,
                    fixes: ["CVE-2022-43945", "CVE-2023-1652", "CVE-2023-26545"]),
                KernelLivepatch(reporter: .kpatch, name: "kpatch_5_14_0_284_11_1_1_1", isActive: true),
                KernelLivepatch(reporter: .kpatch, name: "livepatch_CVE_2019_20096", isActive: false),
            ])
    }

    @Test func aHostWithoutLivepatchesHasNone() async throws {
        let found = try await patches([:])
        #expect(found.value?.filter { $0.reporter != .kernel } == [])
    }

    @Test func aToolThatFailsHangsOnOrPrintsTooMuchFixesNothingAndIsTold() async throws {
        let found = try await patches([
            "klp": "\(saying(Self.klp))\nexit 1", "canonical-livepatch": "echo '{\"Status\": 7}'",
            "kpatch": "yes 'Loaded patch modules: x [enabled]'",
        ])
        let told = try #require(found.value).filter { $0.reporter != .kernel }
        #expect(told.map(\.reporter) == [.canonicalLivepatch, .klp, .kpatch])
        #expect(told.allSatisfy { !$0.isActive && $0.fixes.isEmpty })
        #expect(
            told.map(\.problem) == [
                "its answer is not understood", "it ended with status 1", "it printed more than is read",
            ])
    }

    @Test func theKernelKnowsWhetherATransitionIsUnderWay() {
        let answer = Self.klp.split(separator: "\n").map { "klp \($0)\n" }.joined() + "klp ended 0\n"
        func active(_ line: String) -> [Bool] {
            LivepatchParser.patches(line + answer).filter { $0.name == "livepatch_6_150400_2_2" }.map(\.isActive)
        }
        #expect(active("kernel 1 0 livepatch_6_150400_2_2\n") == [true, true])
        #expect(active("kernel 1 1 livepatch_6_150400_2_2\n") == [false, false])
        #expect(active("kernel 0 0 livepatch_6_150400_2_2\n") == [false, false])
        #expect(active("") == [true])
    }

    @Test func onlyWholeNumbersOfWeaknessesCount() {
        for word in [
            "CVE-2024-1", "CVE-24-10000", "CVE-2024-1000;reboot", "$(CVE-2024-1000)", "CVE-2024-1000\u{301}",
            "-2024-1000",
            "CVE-2024-", "CVE-2024-" + String(repeating: "1", count: 90), "XCVE-2024-1000", "N/A", "",
        ] { #expect(LivepatchParser.weakness(word) == nil, "\(word)") }
        #expect(LivepatchParser.weakness("cve-2024-1086") == "CVE-2024-1086")
    }

    @Test func whatIsNoNameOfAModuleIsNone() {
        let hostile = """
            kernel 1 0 -rf
            kernel 1 0 a b
            kernel 1 0 a;b
            kernel yes no name
            klp  leading
            klp ended 0
            kpatch Loaded patch modules:
            kpatch $(reboot) [enabled]
            kpatch a [enabled][enabled]
            kpatch ended 0
            """
        #expect(
            LivepatchParser.patches(hostile).map { "\($0.reporter.rawValue) \($0.name) \($0.isActive)" } == [
                "kernel -rf true", "kernel name false", "kpatch a false",
            ])
    }
}
