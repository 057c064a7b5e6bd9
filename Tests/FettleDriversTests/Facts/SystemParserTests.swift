import FettleDriverKit
import FettleModel
import Testing

@testable import FettleDrivers

@Suite struct SystemParserTests {
    @Test(
        arguments: [
            ("/system.slice/nginx.service", "nginx.service"), ("/", ""), (nil, ""), ("/init.scope", "init.scope"),
            ("/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service"),
            ("/system.slice/postgresql.service/worker", "postgresql.service"),
            ("/user.slice/user-0.slice/session-58.scope", nil),
            ("/user.slice/user-0.slice/user@0.service/init.scope", nil), ("/system.slice/docker-0a1b.scope", nil),
            ("/docker/0a1b", nil), ("/machine.slice/machine-web.scope/system.slice/nginx.service", nil),
            ("/lxc.payload.web/system.slice/nginx.service", nil),
        ] as [(String?, String?)]) func unitsAreFoundInControlGroups(group: String?, unit: String?)
    {
        #expect(StaleServiceParser.unit(of: group) == unit)
    }

    @Test func onlyFilesOfPackagesCount() throws {
        let text =
            [
                "/memfd:jit", "/dev/zero", "/SYSV00000000", "/tmp/ffiAAAA", "/usr/bin/nginx", "/run/x", "/[aio]",
                "/opt/a b",
            ]
            .map { "/proc/7/maps:7f00-7f01 r-xp 00000000 fd:01 12      \($0) (deleted)\n" }.joined() + "end\n"
        let services = try StaleServiceParser.services(text + "/proc/7/cgroup:0::/system.slice/nginx.service\n")
        #expect(
            services == [StaleService(unit: "nginx.service", processIDs: [7], files: ["/opt/a b", "/usr/bin/nginx"])])
        // Without the last line nothing was read, whatever the reason.
        #expect(throws: FactError.self) { try StaleServiceParser.services("") }
        #expect(try StaleServiceParser.services("end\n") == [])
    }

    /// Where no pam_systemd gives it a group of its own; Fettle's own session is one of these.
    @Test func aSessionInTheGroupOfTheDaemonThatLetItInIsNotTheDaemon() throws {
        let stale = [7, 8].map {
            "/proc/\($0)/maps:7f00-7f01 r-xp 00000000 fd:01 12  /usr/lib/libcrypto.so.3 (deleted)\n"
        }
        let groups = [7, 8].map { "/proc/\($0)/cgroup:0::/system.slice/ssh.service\n" }
        let text = stale.joined() + "end\n" + groups.joined()
        let files = ["/usr/lib/libcrypto.so.3"]
        #expect(
            try StaleServiceParser.services(text)
                == [StaleService(unit: "ssh.service", processIDs: [7, 8], files: files)])
        #expect(
            try StaleServiceParser.services(text + "/proc/8/session:\n")
                == [StaleService(unit: "ssh.service", processIDs: [7], files: files)])
        #expect(try StaleServiceParser.services(text + "/proc/8/session:\n/proc/7/session:\n") == [])
    }

    @Test func kernelsAreOrderedByTheirNumbersAndToldByFlavour() throws {
        let images = [
            "6.1.0-9-amd64", "6.1.0-18-amd64", "6.1.0-18-cloud-amd64", "6.1.0-10-amd64", "6.1.0-18-amd64", "0-rescue",
        ]
        let text = "running 6.1.0-9-amd64\nmachine x86_64\n" + images.map { "image \($0)\n" }.joined()
        let facts = try KernelAnswer(parsing: text).facts
        #expect(
            facts.installed == [
                "6.1.0-9-amd64", "6.1.0-10-amd64", "6.1.0-18-amd64", "6.1.0-18-cloud-amd64",
            ])
        #expect(facts.newerThanRunning == "6.1.0-18-amd64")
        #expect(KernelFacts(running: "6.1.0-18-amd64", installed: facts.installed).newerThanRunning == nil)
        #expect(KernelFacts(running: "6.18.44", installed: []).newerThanRunning == nil)
        #expect(NaturalOrder.precedes("6.1~rc1", "6.1"))
        #expect(!NaturalOrder.precedes("6.1", "6.1"))
    }

    @Test func deviceNamesAndMountPointsMayHoldSpaces() throws {
        let table = """
            Filesystem     1024-blocks    Used Available Capacity Mounted on
            //nas/my share    1000      10       990       1% /srv/my data
            tmpfs             1000      10       990       1% /run/lock
            /dev/full         1000    1000       -50     100% /
            """
        let found = try DiskParser.fileSystems(table)
        #expect(
            found == [
                FileSystemFacts(mountPoint: "/", totalBytes: 1_024_000, availableBytes: 0),
                FileSystemFacts(mountPoint: "/srv/my data", totalBytes: 1_024_000, availableBytes: 1_013_760),
            ])
    }

    @Test func everyRuleCoversItsCommandAndCanBeWritten() throws {
        let rules = try ShellHostInspector.sudoRules() + PackageListRefresher.sudoRules()
        for command in [ProcessSections.mapsCommand] + PackageListRefresher.commands {
            #expect(rules.contains { $0.permits(command) })
        }
        #expect(try SudoersFile(user: "fettle", rules: rules).text().contains("/usr/bin/find /proc"))
    }
}
