import FettleDriverKit
import FettleDrivers
import FettleModel
import Foundation
import Testing

/// The lab of hypervisors as its tests see it. It is another lab than the one that all other tests use: `lab up vm`, named by
/// `FETTLE_VM_LAB_RUN`, and the tests run on its network (`lab in`). Everything is judged from outside of Fettle: by libvirt itself, and by what the machines answer.
enum HypervisorLab {
    static let run = ProcessInfo.processInfo.environment["FETTLE_VM_LAB_RUN"]
    static var isUp: Bool { run != nil }
    static let hypervisors = ["hv-1", "hv-2"]
    /// Where each machine is at first.
    static let homes = ["vm-1": "hv-1", "vm-2": "hv-1", "vm-3": "hv-2"]

    /// What a run may take, in seconds, on a machine that emulates everything and does other things beside: only what hangs is cut off.
    static let longest = 1_200

    /// Runs `Lab/lab` for this lab with these words; its output.
    @discardableResult
    static func lab(_ words: String..., within seconds: Int = 600) async throws -> String {
        let result = try await attempt(words, within: seconds)
        try #require(result.succeeded, "lab \(words.joined(separator: " ")): \(result.errorText)")
        return result.outputText
    }

    static func attempt(_ words: [String], within seconds: Int = 600) async throws -> CommandResult {
        let run = try #require(run)
        let program = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../Lab/lab").standardizedFileURL
        // Its name is in the folder's: `run-NAME`.
        let name = String(URL(fileURLWithPath: run).lastPathComponent.dropFirst("run-".count))
        let directory = URL(fileURLWithPath: run).deletingLastPathComponent().path
        let settings = ["/usr/bin/env", "FETTLE_LAB_NAME=\(name)", "FETTLE_LAB_DIR=\(directory)"]
        let command = try shellQuoted(settings + [program.path] + words)
        let channel = try await LocalConnection().channel(to: .local)
        return try await channel.run(RemoteCommand(script: command, timeout: .seconds(seconds)))
    }

    @discardableResult
    static func inside(_ script: String, on host: String) async throws -> String {
        try await lab("exec", host, "sh", "-c", script)
    }

    /// What is asked for: `list --name` and further words of virsh.
    static func virsh(_ words: String, on hypervisor: String) async throws -> String {
        try await inside("virsh --quiet --connect qemu:///system \(words)", on: hypervisor)
    }

    /// Every machine at home, running, on hypervisors that have the version 1.0 of everything, with 1.1 on offer.
    static func renew() async throws {
        for daemon in ["load"] { _ = try await attempt([daemon, "stop"]) }
        try await lab("boot", "hv-1", "hv-2")
        if try await !isAsNew() {
            // Machines that are elsewhere, down or changed begin anew with the disks of their hypervisors.
            try await lab("reset", "hv-1", "hv-2")
            // What was made anew lies beside, on what the hypervisors share.
            _ = try await inside("rm -rf /srv/guests/*.run-*.qcow2 /srv/guests/images", on: "hv-1")
            try await lab("up", "vm")
        }
        for hypervisor in hypervisors {
            try await inside(
                "export DEBIAN_FRONTEND=noninteractive; apt-get -qq -y --allow-downgrades install orders=1.0 >/dev/null 2>&1; :",
                on: hypervisor)
        }
        try await lab("offer", "lab-good", "hv-*")
    }

    /// Whether a test before this one, also one that was cut off, has left everything as it was: each machine at home, with its one
    /// disk, and none that starts with its hypervisor.
    private static func isAsNew() async throws -> Bool {
        guard try await places() == homes else { return false }
        for (machine, hypervisor) in homes.sorted(by: { $0.key < $1.key }) {
            let disks = try await virsh("domblklist \(machine)", on: hypervisor).split(separator: "\n")
            if disks.filter({ $0.contains("/") }).map({ $0.hasSuffix(" /srv/guests/\(machine).qcow2") }) != [true] {
                return false
            }
        }
        for hypervisor in hypervisors {
            if try await !virsh("list --all --name --autostart", on: hypervisor).isBlank { return false }
        }
        for machine in homes.keys.sorted() where try await !attempt(asking(machine, tries: 20)).succeeded {
            return false
        }
        return true
    }

    /// Which machine runs where, by libvirt on each hypervisor. One that runs on both is a failure of the test.
    static func places() async throws -> [String: String] {
        var places: [String: String] = [:]
        for hypervisor in hypervisors {
            let names = try await virsh("list --name --state-running", on: hypervisor)
            for name in names.split(separator: "\n").map(String.init) {
                let other = places.updateValue(hypervisor, forKey: name)
                #expect(other == nil, "\(name) runs on \(other ?? "") and on \(hypervisor)")
            }
        }
        return places
    }

    /// Nothing is left paused, and no description of a machine is on two hypervisors.
    static func expectNothingLeft() async throws {
        var known: Set<String> = []
        for hypervisor in hypervisors {
            #expect(try await virsh("list --name --state-paused", on: hypervisor).isBlank, "\(hypervisor)")
            for name in try await virsh("list --all --name", on: hypervisor).split(separator: "\n") {
                #expect(known.insert(String(name)).inserted, "\(name) is known on both")
            }
        }
    }

    /// By the machine itself: the same id means that it has run all the time.
    static func bootIDs() async throws -> [String: String] {
        var ids: [String: String] = [:]
        for name in homes.keys.sorted() { ids[name] = try await bootID(ofMachine: name) }
        return ids
    }

    static func bootID(ofMachine name: String) async throws -> String {
        // One that was just started takes a minute or two to boot.
        let answer = try await attempt(asking(name, tries: 60))
        if !answer.succeeded {
            throw TestFailure("\(name) does not answer: \(answer.errorText)\n\(try await trace(of: name))")
        }
        return answer.outputText.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func asking(_ machine: String, tries: Int) -> [String] {
        [
            "in", "curl", "--silent", "--fail", "--max-time", "20", "--retry", "\(tries)", "--retry-delay", "3",
            "--retry-all-errors", "http://\(machine)/boot-id",
        ]
    }

    /// What is known of a machine that does not answer: nothing else of the lab is left when its tests have ended.
    private static func trace(of machine: String) async throws -> String {
        var lines = try await lab("guests")
        for hypervisor in hypervisors {
            let script = """
                echo "== \(hypervisor)"; virsh -q -c qemu:///system list --all
                virsh -q -c qemu:///system domstate --reason \(machine)
                virsh -q -c qemu:///system qemu-monitor-command --hmp \(machine) 'info registers' | head -n 12
                ip -br link; ip neigh; bridge fdb show br guests
                tail -n 20 /var/log/libvirt/qemu/\(machine).log | cut -c 1-300; journalctl -n 20 -o cat -u libvirtd
                """
            lines += try await attempt(["exec", hypervisor, "sh", "-c", "{ \(script); } 2>&1"]).outputText
        }
        return lines
            + (try await attempt(["exec", "hv-1", "tail", "-n", "40", "/srv/guests/\(machine).console"]).outputText)
    }

    static func bootID(of hypervisor: String) async throws -> String {
        try await inside("cat /proc/sys/kernel/random/boot_id", on: hypervisor)
    }

    static func version(of package: String, on hypervisor: String) async throws -> String {
        try await inside("dpkg-query -W -f='${Version}' \(package)", on: hypervisor)
    }

    /// Waits until libvirt itself says that a machine is on its way from the hypervisor.
    static func waitForMove(from hypervisor: String, within seconds: Int = 600) async throws {
        let script =
            "for id in $(virsh -q -r -c qemu:///system list --uuid); do virsh -q -r -c qemu:///system domjobinfo $id; done"
        let deadline = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < deadline {
            if try await inside(script, on: hypervisor).contains("Outgoing migration") { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw TestFailure("no machine was moved from \(hypervisor) within \(seconds) s")
    }

    /// Sends requests to the machines through the load balancer meanwhile.
    /// - Returns: how many there were, and how many had no good answer.
    static func loaded(_ work: () async throws -> Void) async throws -> (requests: Int, failed: Int) {
        struct Load: Decodable {
            var requests: Int
            var failed: Int
        }
        try await lab("load", "start", "2")
        do { try await work() } catch {
            _ = try? await attempt(["load", "stop"])
            throw error
        }
        let load = try JSONDecoder().decode(Load.self, from: Data(try await lab("load", "stop").utf8))
        return (load.requests, load.failed)
    }
}

extension String {
    fileprivate var isBlank: Bool { allSatisfy(\.isWhitespace) }
}
