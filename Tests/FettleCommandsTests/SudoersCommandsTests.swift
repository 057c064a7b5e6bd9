import Foundation
import Testing

/// `fettle access sudoers`, fitted to a fleet.
@Suite struct SudoersCommandsTests {
    private static let fleet = """
        version: 1
        resources:
          - {id: lb-1, address: patch@10.0.0.9, environment: dev}
          - {id: web-1, address: 10.0.0.1, environment: dev}
          - {id: web-2, address: 10.0.0.2, environment: dev}
          - {id: old-1, address: root@10.0.0.3, environment: dev}
          - {id: hv-1, kind: hypervisor, address: 10.0.1.1, environment: dev}
          - {id: hv-2, kind: hypervisor, address: 10.0.1.2, environment: dev}
        groups:
          - id: web
            members: [web-1, web-2]
            minimumAvailable: 1
            traffic: {driver: haproxy, via: lb-1, endpoint: /run/haproxy/own.sock, backend: web}
          - id: hv
            kind: hypervisorPool
            members: [hv-1, hv-2]
            minimumAvailable: 1
            machines: {driver: libvirt, destination: "qemu+ssh://{host}/system"}
        """

    private static func folder(_ fleet: String = fleet) throws -> TestFolder {
        let folder = try TestFolder()
        try folder.write(fleet, to: "fleet.yaml")
        try folder.write("version: 1\n", to: "policy.yaml")
        return folder
    }

    private static func end(_ words: String, _ folder: TestFolder) async throws -> (status: Int32, Program) {
        let program = try Program(
            ["access", "sudoers"] + words.split(separator: " ").map(String.init), in: folder)
        return (try await program.end(), program)
    }

    @Test func aLoadBalancerGetsTheRulesOfItsOwnSocketForTheUserThatTheFleetNames() async throws {
        let folder = try Self.folder()
        let (status, program) = try await Self.end("--host lb-1", folder)
        #expect(status == 0, "\(program.error)")
        #expect(program.output.contains("/run/haproxy/own.sock") && program.output.contains("\npatch ALL=(root)"))
        #expect(!program.output.contains("virsh"))
        let (_, web) = try await Self.end("--host web-1 --host web-2", folder)
        #expect(!web.output.contains("own.sock") && web.output.contains("\nfettle ALL=(root)"))
        withExtendedLifetime(folder) {}
    }

    @Test func hostsThatNeedDifferentRulesAreNotMixedIntoOneFile() async throws {
        let folder = try Self.folder()
        let (status, program) = try await Self.end("--every-host", folder)
        #expect(status == 2 && program.output.isEmpty)
        #expect(program.error.contains("2: web-1, web-2") && program.error.contains("--to FOLDER"))
        #expect(program.error.contains("signs in as root, and needs no rules: old-1"))
        withExtendedLifetime(folder) {}
    }

    @Test func aFileForEachHostIsWhatVisudoTakes() async throws {
        let folder = try Self.folder()
        let (status, program) = try await Self.end("--every-host --to sudoers.d", folder)
        #expect(status == 0, "\(program.error)")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.file("sudoers.d").path)
        #expect(Set(files) == ["lb-1", "web-1", "web-2", "hv-1", "hv-2"])
        let text = try String(contentsOf: folder.file("sudoers.d/hv-1"), encoding: .utf8)
        #expect(text.contains("qemu+ssh\\://10.0.1.2/system") || text.contains("qemu[+]ssh://10[.]0[.]1[.]2/system"))
        #expect(!text.contains("10[.]0[.]1[.]1/") && !text.contains("own.sock"))
        for file in files {
            let check = Process()
            check.executableURL = URL(fileURLWithPath: "/usr/sbin/visudo")
            check.arguments = ["-cqf", folder.file("sudoers.d/\(file)").path]
            try check.run()
            check.waitUntilExit()
            #expect(check.terminationStatus == 0, "\(file)")
        }
        withExtendedLifetime(folder) {}
    }

    @Test func inJSONHostsThatAreAlikeStandTogether() async throws {
        struct Alike: Decodable {
            var hosts: [String]
            var user: String
            var text: String
        }
        let folder = try Self.folder()
        let (status, program) = try await Self.end("--every-host --user deploy -o json", folder)
        #expect(status == 0, "\(program.error)")
        let files = try JSONDecoder().decode([Alike].self, from: Data(program.output.utf8))
        // Whoever names the user means all: also the one as whom root is meant in the fleet.
        #expect(files.map(\.hosts) == [["hv-1"], ["hv-2"], ["lb-1"], ["old-1", "web-1", "web-2"]])
        #expect(files.allSatisfy { $0.user == "deploy" && $0.text.contains("deploy ALL=") })
        withExtendedLifetime(folder) {}
    }

    @Test func whereDisksAreIsAskedForWhereMachinesArePatchedBehindSnapshots() async throws {
        let folder = try Self.folder(
            Self.fleet.replacing(
                "minimumAvailable: 1\n    traffic",
                with: "minimumAvailable: 1\n    snapshot: {driver: libvirt}\n    traffic"))
        let (status, program) = try await Self.end("--host hv-1", folder)
        #expect(status == 2 && program.error.contains("--disk-directory"), "\(program.error)")
        let (good, told) = try await Self.end("--host hv-1 --disk-directory /srv/guests", folder)
        #expect(good == 0 && told.output.contains("/srv/guests/fettle-"), "\(told.error)")
        withExtendedLifetime(folder) {}
    }

    @Test(arguments: ["--host web-1 --nginx", "--host web-9", "--to out", "-g web --admin-socket /run/x.sock"])
    func whatCannotBeMeantIsRefused(words: String) async throws {
        let folder = try Self.folder()
        let (status, program) = try await Self.end(words, folder)
        #expect(status == 2 && program.output.isEmpty, "\(program.error)")
        #expect(!FileManager.default.fileExists(atPath: folder.file("out").path))
        withExtendedLifetime(folder) {}
    }
}
