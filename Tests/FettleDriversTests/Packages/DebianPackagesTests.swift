import FettleDriverKit
import FettleModel
import Testing

@testable import FettleDrivers

/// The pure parts of the package steps.
@Suite struct DebianPackagesTests {
    private func change(_ name: String, _ from: String?, _ to: String?, _ architecture: String = "amd64")
        -> PackageChange
    {
        PackageChange(name: name, architecture: architecture, from: from, to: to)
    }

    private func transaction(
        _ changes: [PackageChange], _ purpose: PackageTransaction.Purpose = .patch
    ) throws -> DebianTransaction {
        try DebianTransaction(
            PackageTransaction(
                manager: .dpkg, purpose: purpose, changes: changes, conffiles: .keepCurrent, downloadBytes: 0))
    }

    private func snapshot(
        _ entries: [DpkgEntry], automatic: [String: Set<String>] = [:]
    ) -> PackageSnapshot {
        PackageSnapshot(
            observedAt: Timestamp(milliseconds: 0), entries: entries, automatic: automatic, locks: [], jobs: [:],
            freeBytes: [:], hasSystemd: true, fingerprint: nil)
    }

    private func entry(
        _ name: String, _ version: String, _ state: String = "installed", _ architecture: String = "amd64"
    )
        -> DpkgEntry
    {
        DpkgEntry(
            name: name, architecture: architecture, version: version, state: state, needsReinstallation: false)
    }

    @Test(arguments: [
        "", "a", "-y", "--config-file=/tmp/x", "a b", "a;id", "$(id)", "a\nb", "../x", "/etc/passwd", "A", "libé",
        "a'b",
        "x\u{0}y",
    ])
    func hostileNamesAreRefused(_ name: String) {
        #expect(throws: StepFailure.self) { try transaction([change(name, "1", "2")]) }
        #expect(throws: StepFailure.self) {
            try transaction([change("good", "1", name == "A" || name == "a" ? "" : name)])
        }
        #expect(throws: StepFailure.self) { try transaction([change("good", "1", "2", name == "a" ? "" : name)]) }
    }

    @Test func otherManagersAreRefused() {
        let rpm = PackageTransaction(
            manager: .rpm, purpose: .patch, changes: [], conffiles: .keepCurrent, downloadBytes: 0)
        #expect(throws: StepFailure.self) { try DebianTransaction(rpm) }
    }

    @Test func rehearsalIsHeldAgainstThePlan() throws {
        let text = """
            Reading package lists...
            Remv oldlib [1.0]
            Inst libssl3 [3.0.20-1~deb12u2] (3.0.22-1~deb12u2 Debian-Security:12/stable-security [amd64])
            Inst libc6:i386 [2.36] (2.37 Debian:12/stable [i386]) []
            Inst newdep (1:2.0 Debian:12/stable [all])
            Conf libssl3 (3.0.22-1~deb12u2 Debian-Security:12/stable-security [amd64])
            """
        let simulation = try AptSimulation(parsing: text)
        let planned = [
            change("libssl3", "3.0.20-1~deb12u2", "3.0.22-1~deb12u2"), change("libc6", "2.36", "2.37", "i386"),
            change("newdep", nil, "1:2.0", "all"), change("oldlib", "1.0", nil),
        ]
        #expect(simulation.differences(from: planned).unforeseen == [])
        #expect(simulation.differences(from: planned).missing == [])
        let less = simulation.differences(from: Array(planned.dropLast()))
        #expect(less.unforeseen.map(\.summary) == ["removal of oldlib"])
        let other = simulation.differences(from: [change("libssl3", "3.0.20-1~deb12u2", "3.0.21")])
        #expect(other.missing.count == 1 && other.unforeseen.count == 4)
        #expect(throws: FactError.self) { try AptSimulation(parsing: "Inst torn [1.0]") }
    }

    @Test func whatIsLeftToDoFollowsFromTheHost() throws {
        let wanted = try transaction([change("a1", "1", "2"), change("b1", "1", "2"), change("gone", "1", nil)])
        let half = snapshot([entry("a1", "2"), entry("b1", "1"), entry("gone", "1", "config-files")])
        var work = PackageWork(wanted, on: half, automatic: [])
        #expect(work.pending.map(\.name) == ["b1"] && work.drifted == [] && !work.isDone)

        // Half configured at the target: configuring is what is missing. At another version: the target replaces it.
        work = PackageWork(
            wanted, on: snapshot([entry("a1", "2", "half-configured"), entry("b1", "2")]), automatic: [])
        #expect(work.pending.isEmpty && work.unfinished.map(\.name) == ["a1"])
        let back = try transaction([change("a1", "2", "1")], .rollback)
        work = PackageWork(back, on: snapshot([entry("a1", "2", "half-configured")]), automatic: [])
        #expect(work.pending.map(\.name) == ["a1"] && work.unfinished.isEmpty)

        // Half installed at the target has to be unpacked again.
        work = PackageWork(wanted, on: snapshot([entry("a1", "2", "half-installed"), entry("b1", "2")]), automatic: [])
        #expect(work.pending.map(\.name) == ["a1"])

        work = PackageWork(wanted, on: snapshot([entry("a1", "1.5"), entry("b1", "2")]), automatic: [])
        #expect(work.drifted == ["a1 is at 1.5, the plan saw 1"])
    }

    @Test func dependenciesStayDependencies() throws {
        let wanted = try transaction([
            change("lib1", "1", "2", "all"), change("tool", "1", "2"), change("dep", nil, "1"),
        ])
        let before = snapshot(
            [entry("lib1", "1", "installed", "all"), entry("tool", "1")], automatic: ["lib1": ["amd64"]])
        let automatic = PackageWork.automatic(wanted, on: before)
        #expect(automatic == ["lib1", "dep:amd64"])
        let after = snapshot([entry("dep", "1"), entry("lib1", "2", "installed", "all"), entry("tool", "2")])
        #expect(PackageWork(wanted, on: after, automatic: automatic).unmarked == ["dep:amd64", "lib1"])
    }

    @Test func everyCommandIsPermittedByARuleThatSudoTakes() throws {
        let settings = PackageDriverSettings()
        let rules = try PackageRules.rules(settings) + SystemRules.rules()
        _ = try SudoersFile(user: "fettle", rules: rules).text()
        var commands = [
            DetachedJob.prepareDirectory, PackageRules.installDirectory(AptCommand.archives),
            PackageRules.salvage(["openssl_1%3a3.0_amd64.deb"]), AptCommand.remove(["openssl_1%3a3.0_amd64.deb"]),
            AptCommand.markAutomatic(["libssl3:amd64", "g++"]),
            SystemRules.reboot, SystemRules.reexecute, SystemRules.testSecureShell,
            SystemRules.restart(["a@b.service", "c.service"]),
            SystemRules.status("nginx.service"),
        ]
        let name = DetachedJob.name(of: "web-1/patch", in: "run-1", part: "apply")
        commands += DetachedJob.forget(name, .killed, under: true)
        let download = [PackageVersion(name: "g++", architecture: "amd64", version: "4:12.2.0-3~deb12u1")]
        var jobs = [
            DetachedJob(
                name: name, command: AptCommand.download(download, lockSeconds: settings.lockSeconds),
                workingDirectory: AptCommand.archives)
        ]
        for conffiles in ConffilePolicy.allCases {
            let environment = AptCommand.environment(conffiles)
            jobs.append(
                DetachedJob(
                    name: name, command: AptCommand.configure(["libssl3:amd64"], conffiles: conffiles),
                    environment: environment))
            for leadsBack in [false, true] {
                for removes in [false, true] {
                    let options = AptCommand.installOptions(
                        leadsBack: leadsBack, conffiles: conffiles, removes: removes,
                        lockSeconds: settings.lockSeconds)
                    var packages = [AptCommand.argument(change("g++", "1", "2:1.0~rc1+b1"), kept: nil)]
                    if removes { packages.append(AptCommand.argument(change("old", "1", nil), kept: nil)) }
                    if leadsBack {
                        packages.append(AptCommand.argument(change("lib", "2", "1"), kept: "lib_1_amd64.deb"))
                    }
                    jobs.append(
                        DetachedJob(
                            name: name, command: [AptCommand.aptGet] + options + packages, environment: environment))
                }
            }
        }
        commands += jobs.map(\.startUnderSystemd)
        for command in commands {
            #expect(rules.contains { $0.permits(command) }, "no rule for \(command.commandLine.joined(separator: " "))")
        }
    }

    /// systemd hands on what /etc/locale.conf says, also to jobs.
    @Test(arguments: ConffilePolicy.allCases) func theHostsLocaleDecidesNothing(conffiles: ConffilePolicy) {
        let categories = ["LC_COLLATE", "LC_CTYPE", "LC_MESSAGES", "LC_MONETARY", "LC_NUMERIC", "LC_TIME"]
        var environment = Dictionary(uniqueKeysWithValues: categories.map { ($0, "tr_TR.UTF-8") })
        environment.merge(["LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "LANGUAGE": "tr"]) { $1 }
        for variable in AptCommand.environment(conffiles) { environment[variable.name] = variable.value }
        // The order of POSIX: LC_ALL, then the category, then LANG; an empty one counts as none.
        for category in categories {
            let effective = ["LC_ALL", category, "LANG"].compactMap { environment[$0] }.first { !$0.isEmpty }
            #expect(effective == (category == "LC_CTYPE" ? "C.UTF-8" : "C"), "\(category)")
        }
        #expect(environment["LANGUAGE"] == "")
    }

    @Test func oneNameForEachStepOfARun() {
        let name = DetachedJob.name(of: "web-1/patch", in: "run-1", part: "apply")
        #expect(name.hasPrefix("fettle-web-1-patch-apply-"))
        let hostile = DetachedJob.name(of: "x;rm -rf /\n$(id)\u{202E}", in: "run-1", part: "apply")
        #expect(hostile.utf8.allSatisfy { "abcdefghijklmnopqrstuvwxyz0123456789-".utf8.contains($0) })
        #expect(DetachedJob.name(of: "web-1/patch", in: "run-2", part: "apply") != name)
        #expect(DetachedJob.name(of: "web-1-patch", in: "run-1", part: "apply") != name)
    }

    @Test func statesOfJobsAreRead() {
        let text = """
            Id=fettle-a.service
            ActiveState=active
            SubState=running
            ExecMainStartTimestamp=Mon 2026-11-23 15:55:09 UTC
            ExecMainStartTimestampMonotonic=1000000
            ExecMainExitTimestampMonotonic=0

            ExecMainStartTimestampMonotonic=1000000
            ExecMainExitTimestampMonotonic=9712345
            ExecMainCode=1
            ExecMainStatus=100
            Id=fettle-b.service
            SubState=exited

            Id=fettle-c.service
            SubState=failed
            ExecMainCode=2
            ExecMainStatus=9
            ExecMainStartTimestampMonotonic=99999999999999999999
            ExecMainExitTimestampMonotonic=-1

            Id=nginx.service
            SubState=running
            """
        #expect(
            DetachedJob.states(text) == [
                "fettle-a": .running(since: "Mon 2026-11-23 15:55:09 UTC"), "fettle-b": .exited(status: 100),
                "fettle-c": .killed,
            ])
        #expect(DetachedJob.milliseconds(text) == ["fettle-b": 8_712])
    }

    @Test func failuresAreToldByTheirCause() {
        func code(_ output: String) -> StepFailure.Code {
            AptDiagnosis.failure(status: 100, output: output, doing: "apt-get").code
        }
        #expect(
            code("E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 12 (apt-get)") == .locked)
        #expect(code("dpkg: error: cannot write: No space left on device") == .noSpace)
        #expect(code("E: You don't have enough free space in /var/cache/fettle/archives/.") == .noSpace)
        let broken = AptDiagnosis.failure(
            status: 100,
            output: "\u{1B}[31mbad\ndpkg: error processing package x (--configure):\nE: Sub-process failed",
            doing: "apt-get")
        #expect(broken.code == .packageManager && broken.message.contains("error processing package x"))
        #expect(!broken.output.unicodeScalars.contains("\u{1B}"))
        #expect(AptDiagnosis.failure(status: nil, output: "", doing: "apt-get").code == .packageManager)
        let long = AptDiagnosis.failure(
            status: 1, output: String(repeating: "ü\n", count: 100_000), doing: "apt-get")
        #expect(long.output.utf8.count <= 4_096)
    }

    @Test func offersAreReadWithTheirEpoch() {
        let text = """
            'http://m/g%2b%2b_4%253a12_amd64.deb' g++_4%3a12_amd64.deb 1234 SHA256:00
            E: nothing
            'x' ../../etc/x_1_amd64 3 SHA256:00
            """
        let offers = PackageArchives.parseOffers(text)
        #expect(offers.map(\.package) == [PackageVersion(name: "g++", architecture: "amd64", version: "4:12")])
        #expect(offers.first?.bytes == 1_234)
        #expect(
            PackageArchives.parse("../x.deb\tx\tall\t1\n-x.deb\tx\tall\t1\nx_1_all.deb\tx\tall\t1\n").map(\.file) == [
                "x_1_all.deb"
            ])
    }

    @Test func hashesOfTheListsAreRead() {
        let sum = String(repeating: "0a", count: 32)
        let text = """
            'http://m/a' a_1_amd64.deb 1 SHA256:\(sum)
            'http://m/b' b_1_all.deb 2 MD5Sum:\(sum.prefix(32))
            'http://m/c' c_1_all.deb 3 SHA256:\(sum.uppercased())
            """
        #expect(PackageArchives.parseOffers(text).map(\.sum) == [sum, nil, nil])
        #expect(
            PackageArchives.parseSums("\(sum)  a_1_amd64.deb\n\\\(sum)  x\nshort  b.deb\n\(sum) *c.deb\n") == [
                "a_1_amd64.deb": sum, "c.deb": sum,
            ])
    }

    @Test func aRehearsalHoldsForTheSameChangeOnTheSameHostUnchanged() {
        let memory = PackageMemory()
        let changes = [change("a1", "1", "2")]
        memory.rehearsed(["apt-get", "a1=2"], doing: changes, on: .ssh("web-1"), fingerprint: Digest(rawValue: "f"))
        func holds(
            _ command: [String] = ["apt-get", "a1=2"], _ doing: [PackageChange]? = nil, on host: String = "web-1",
            _ fingerprint: String = "f"
        ) -> Bool {
            memory.isRehearsed(
                command, doing: doing ?? changes, on: .ssh(host), fingerprint: Digest(rawValue: fingerprint))
        }
        #expect(holds())
        #expect(!holds(["apt-get", "a1=3"]))
        #expect(!holds(["apt-get", "a1=2"], [change("a1", "1.5", "2")]))
        #expect(!holds(on: "web-2"))
        #expect(!holds(["apt-get", "a1=2"], nil, on: "web-1", "g"))
        // A change may be made in parts; nobody makes one in more than a few.
        func rehearse(_ version: Int) {
            let changes = [change("b1", "1", "\(version)")]
            memory.rehearsed(
                ["apt-get", "b1=\(version)"], doing: changes, on: .ssh("web-1"), fingerprint: Digest(rawValue: "f"))
        }
        for version in 2..<9 { rehearse(version) }
        rehearse(8)
        #expect(holds())
        rehearse(9)
        #expect(!holds())
    }

    @Test func aFingerprintIsTwoHashesAndNothingElse() {
        let (sum, other) = (String(repeating: "f0", count: 32), String(repeating: "a1", count: 32))
        #expect(
            PackageSnapshotParser.fingerprint("\(sum)  -\n\(other)  -\n")
                == PackageFingerprint(decisions: Digest(rawValue: sum), whole: Digest(rawValue: other)))
        for line in ["x", "\(sum)0  -", "\(sum.uppercased())  -", "find: error \(sum)", "\(sum)  -\n\(sum)  -"] {
            #expect(PackageSnapshotParser.fingerprint("\(sum)  -\n\(line)\n") == nil)
            #expect(PackageSnapshotParser.fingerprint("\(line)\n\(sum)  -\n") == nil)
        }
        for text in [nil, "", "\(sum)  -\n"] { #expect(PackageSnapshotParser.fingerprint(text) == nil) }
    }
}
