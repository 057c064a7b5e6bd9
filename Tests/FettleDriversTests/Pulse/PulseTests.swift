import FettleDriverKit
import FettleJudgement
import FettleModel
import Foundation
import Testing

@testable import FettleDrivers

/// The pulse of a host: the script on this machine, and hostile answers.
@Suite struct PulseTests {
    private func transcript(_ sections: [(name: String, text: String, status: Int)]) -> Transcript {
        let nonce = "n0nce"
        let text = sections.map { "\n\(nonce) begin \($0.name)\n\($0.text)\n\(nonce) status \($0.status) end\n" }
        return Transcript(standardOutput: Array(text.joined().utf8), standardError: [], nonce: nonce)
    }

    private func pulse(_ sections: [(name: String, text: String, status: Int)]) -> Pulse {
        PulseParser(transcript: transcript(sections)).pulse(at: 1)
    }

    @Test(arguments: ShellRunner.shells.filter { FileManager.default.isExecutableFile(atPath: $0[0]) })
    func theScriptReadsThisMachine(shell: [String]) async throws {
        let taker = PulseTaker(channels: ShellRunner(shell: shell))
        let target = ProbeTarget(resource: "here", address: .local)
        let pulse = await taker.pulse(of: target, at: 3, since: .now())
        let boot = try String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
        #expect(pulse.at == 3)
        #expect(pulse.bootID == boot.trimmingCharacters(in: .whitespacesAndNewlines), "\(pulse)")
        #expect(try #require(pulse.memoryBytes) > 1 << 26)
        #expect(try #require(pulse.uptimeSeconds) > 0)
        #expect(try #require(pulse.steal).whole > 0)
        #expect(pulse.disks?.contains { $0.mountPoint == "/" && $0.sizeBytes > $0.usedBytes } == true)
        // Without systemd here, nothing is known of services: said, and not an empty list.
        #expect(pulse.services != nil || pulse.unknown["services"] != nil)
    }

    static let processes = """
        /proc/1/cgroup:0::/init.scope
        /proc/42/cgroup:0::/system.slice/orders.service
        /proc/43/cgroup:0::/system.slice/orders.service
        /proc/50/cgroup:0::/system.slice/nginx.service
        /proc/1/status:VmRSS:\t    9000 kB
        /proc/42/status:VmRSS:\t   20000 kB
        /proc/42/status:RssAnon:\t   12000 kB
        /proc/42/status:RssShmem:\t       8 kB
        /proc/42/status:Threads:\t3
        /proc/43/status:VmRSS:\t    2000 kB
        /proc/43/status:RssAnon:\t    1000 kB
        /proc/43/status:Threads:\t1
        /proc/42/limits:Max open files            1024                 524288               files     
        /proc/42/fd:17
        /proc/43/fd:5
        /proc/50/status:Threads:\t2
        /proc/50/fd:0
        /sys/fs/cgroup/system.slice/orders.service/memory.events:oom_kill 2
        """
    static let units = """
        Id=orders.service
        SubState=running
        NRestarts=1
        MainPID=42
        ActiveEnterTimestampMonotonic=5000000
        TasksMax=4915
        MemoryMax=infinity

        Id=nginx.service
        SubState=running
        NRestarts=0
        MainPID=50
        ActiveEnterTimestampMonotonic=6000000
        TasksMax=infinity
        MemoryMax=1073741824

        Id=ssh.service
        SubState=running
        NRestarts=0
        MainPID=9

        Id=apt-daily.service
        SubState=dead
        NRestarts=0
        MainPID=0
        """

    @Test func aServiceHasWhatAllItsProcessesHaveTogether() throws {
        let pulse = pulse([("units", Self.units, 0), ("processes", Self.processes, 0)])
        let services = try #require(pulse.services)
        #expect(services.map(\.unit) == ["nginx.service", "orders.service"], "Fettle's own way in is not watched")
        let orders = services[1]
        #expect(orders.restarts == 1 && orders.mainProcess == 42 && orders.activeSince == 5_000_000)
        #expect(orders.memoryBytes == Int64(12_008 + 1_000) * 1_024)
        #expect(orders.threads == 4)
        #expect(orders.descriptors == 17, "of the process that has the most: the limit is each process's own")
        #expect(orders.descriptorLimit == 1_024 && orders.threadLimit == 4_915 && orders.memoryLimit == nil)
        #expect(orders.outOfMemoryKills == 2)
    }

    /// It runs at hardly any look, and its restarts are what counts.
    @Test func aServiceThatWaitsToBeStartedAnewIsTold() throws {
        let waiting = """


            Id=worker.service
            SubState=auto-restart
            NRestarts=7
            MainPID=0
            ActiveEnterTimestampMonotonic=0
            """
        let pulse = pulse([("units", Self.units + waiting, 0), ("processes", Self.processes, 0)])
        let worker = try #require(pulse.services?.first { $0.unit == "worker.service" })
        #expect(worker.restarts == 7 && worker.mainProcess == 0 && worker.memoryBytes == nil)
    }

    private func orders(_ processes: String) throws -> ServicePulse {
        let groups = (42...44).map { "/proc/\($0)/cgroup:0::/system.slice/orders.service\n" }.joined()
        let pulse = pulse([("units", Self.units, 0), ("processes", groups + processes, 0)])
        return try #require(pulse.services?.first { $0.unit == "orders.service" })
    }

    /// Shared memory is the same for all that share it: counted once for each of them, a worker more looked like a leak.
    @Test func sharedMemoryIsCountedOnce() throws {
        let orders = try orders(
            """
            /proc/42/status:RssAnon:\t 1000 kB
            /proc/42/status:RssShmem:\t 128000 kB
            /proc/43/status:RssAnon:\t 2000 kB
            /proc/43/status:RssShmem:\t 128004 kB
            /proc/44/status:VmRSS:\t 500 kB
            """)
        #expect(orders.memoryBytes == Int64(1_000 + 2_000 + 500 + 128_004) * 1_024)
    }

    @Test func openFilesAreHeldAgainstTheLimitOfTheProcessThatHasTheMost() throws {
        let counts = "/proc/42/fd:20\n/proc/43/fd:900\n/proc/44/fd:900\n"
        let limits = [(42, 64), (43, 65_536), (44, 1_024)].map { process, limit in
            "/proc/\(process)/limits:Max open files            \(limit)                 524288               files\n"
        }
        let orders = try orders(counts + limits.joined())
        #expect(orders.descriptors == 900 && orders.descriptorLimit == 1_024, "of two with as many, the nearer limit")
        #expect(try self.orders("/proc/42/fd:20\n/proc/43/fd:900\n").descriptors == nil, "one could not be counted")
    }

    @Test func whatCannotBeReadIsNotKnownAndNeverZero() throws {
        let pulse = pulse([("units", Self.units, 0), ("processes", Self.processes, 0)])
        let nginx = try #require(pulse.services?.first)
        #expect(nginx.descriptors == nil, "a count of 0 is a count that was refused")
        #expect(nginx.memoryBytes == nil, "no line of memory")
        #expect(nginx.threads == 2 && nginx.memoryLimit == 1 << 30 && nginx.threadLimit == nil)
        #expect(pulse.bootID == nil && pulse.unknown["host"] != nil)
        #expect(pulse.disks == nil && pulse.unknown["disks"] != nil)
        let refused = self.pulse([("units", "", 1)])
        #expect(refused.services == nil && refused.unknown["services"] != nil)
    }

    @Test func crashesComeDownToWhatTheyHaveInCommon() {
        let dumps = """
            Thu 2026-11-26 04:50:00 UTC 1234 0 0 SIGSEGV present /usr/bin/python3.11 1.2M
            Thu 2026-11-26 04:51:07 UTC 1299 0 0 SIGSEGV present /usr/bin/python3.11 1.2M
            Thu 2026-11-26 04:52:07 UTC 1300 0 0 SIGABRT missing /usr/sbin/nginx -
            """
        let kernel = """
            python3[77]: segfault at 10 ip 00007f sp 00007ff error 4 in libssl.so.3[7f00+1000]
            BUG: unable to handle page fault for address: ffff8800deadbeef
            usb 1-1: new high-speed USB device number 2
            INFO: task kworker/0:1:9 blocked for more than 120 seconds.
            """
        let pulse = pulse([("crashes", dumps, 0), ("kernel", kernel, 0)])
        #expect(
            pulse.crashes == [
                "SIGSEGV in /usr/bin/python3.11": 2, "SIGABRT in /usr/sbin/nginx": 1,
                "segfault of python3 in libssl.so.3": 1,
            ], "\(pulse.crashes ?? [:])")
        #expect(pulse.kernelTroubles?.count == 2, "\(pulse.kernelTroubles ?? [:])")
        #expect(self.pulse([("crashes", "", 0), ("kernel", "", 0)]).crashes == [:], "seen, and there were none")
        let nowhere = self.pulse([("crashes", "", 77), ("kernel", "", 77)])
        #expect(nowhere.crashes == nil && nowhere.unknown["crashes"] != nil && nowhere.kernelTroubles == nil)
    }

    @Test(arguments: [
        "", "\u{1B}[2J", "boot x", "oom_kill -1", "cpu a b c d e f g h i",
        "/proc/1/status:Threads:\t99999999999999999999",
        "Id=\nSubState=running\nMainPID=1", "/proc/../fd:3", "oom_kill 18446744073709551616", "'; rm -rf /; '", "many",
    ])
    func hostileAnswersGiveAPulseWithReasons(word: String) {
        let many = String(repeating: "Id=a.service\nSubState=running\nMainPID=1\n\n", count: 5_000)
        let text = word == "many" ? many : word
        for section in ["host", "units", "processes", "disks", "crashes", "kernel"] {
            let all = ["host", "units", "processes", "disks", "crashes", "kernel"]
            let pulse = pulse(all.map { ($0, $0 == section ? text : "", 0) })
            #expect(pulse.at == 1)
            #expect(pulse.unknown.values.allSatisfy { !$0.contains("\u{1B}") })
            #expect((pulse.crashes?.count ?? 0) <= 65 && (pulse.services?.count ?? 0) <= 4_096)
        }
    }

    @Test func everyCommandThatRunsAsRootIsCoveredByARule() throws {
        let rules = try PulseSections.sudoRules()
        let commands = [
            PulseSections.descriptorsCommand, PulseSections.dumpsCommand(since: 1_764_000_000),
            PulseSections.messagesCommand(since: 0), PulseSections.messagesCommand(since: -5),
        ]
        for command in commands { #expect(rules.contains { $0.permits(command) }, "\(command)") }
        let other = RootCommand(PulseSections.dumpsCommand(since: 1).arguments.dropLast() + ["--since=@1 --file=/x"])
        #expect(!rules.contains { $0.permits(other) })
        #expect(try SudoersFile(user: "fettle", rules: rules).text().contains("coredumpctl"))
    }
}
