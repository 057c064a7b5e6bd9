import FettleDriverKit
import FettleModel
import Testing

@testable import FettleDrivers

/// The pure parts of the steps of rpm packages.
@Suite struct RpmPackagesTests {
    private func change(_ name: String, _ from: String?, _ to: String?, _ architecture: String = "noarch")
        -> PackageChange
    {
        PackageChange(name: name, architecture: architecture, from: from, to: to)
    }

    private func transaction(
        _ changes: [PackageChange], manager: PackageManager = .rpm, conffiles: ConffilePolicy = .keepCurrent
    ) throws -> RpmTransaction {
        try RpmTransaction(
            PackageTransaction(
                manager: manager, purpose: .patch, changes: changes, conffiles: conffiles, downloadBytes: 0))
    }

    private func packages(_ lines: [String]) throws -> RpmPackages {
        try RpmPackages(
            parsing: (["architecture x86_64"] + lines.map { "\($0)\ta-1-1.src.rpm" }).joined(separator: "\n"))
    }

    private func snapshot(_ lines: [String]) throws -> RpmSnapshot {
        RpmSnapshot(
            observedAt: Timestamp(milliseconds: 0), packages: try packages(lines), locks: [], jobs: [:], freeBytes: [:],
            hasSystemd: true, tool: .dnf)
    }

    @Test(arguments: [
        "", "-y", "--setopt=x=y", "--nogpgcheck", "a b", "a;id", "$(id)", "`id`", "a\nb", "../x", "/etc/passwd", "a*",
        "a?", "[a]", "a'b", "a\"b", "a\u{0}b", "libé", "@group", "a=b", "a>b", "a,b", "~a", ".a", "a\\b",
    ])
    func hostileNamesAndVersionsAreRefused(_ text: String) {
        #expect(throws: StepFailure.self) { try transaction([change(text, "1-1", "2-1")]) }
        #expect(throws: StepFailure.self) { try transaction([change("good", "1-1", text)]) }
        #expect(throws: StepFailure.self) { try transaction([change("good", "1-1", "\(text)-1")]) }
        #expect(throws: StepFailure.self) { try transaction([change("good", text, "1-1")]) }
        #expect(throws: StepFailure.self) { try transaction([change("good", "1-1", "2-1", text)]) }
    }

    @Test(arguments: ["1", "1-2-3", "a:1-1", "1:2:3-1", ":1-1", "1:-1", "-1", "1-"])
    func whatIsNoVersionAndReleaseIsRefused(_ version: String) {
        #expect(throws: StepFailure.self) { try transaction([change("good", "1-1", version)]) }
    }

    @Test func whatRpmsCallThemselvesIsTaken() throws {
        let names = [
            "libstdc++", "gtk3", "389-ds-base", "NetworkManager", "python3.11", "kernel-headers", "kernel-tools",
        ]
        for name in names {
            _ = try transaction([change(name, "1:2.3~rc1-1.el9_4.2", "0:2.3^git1+x-10.fc40", "x86_64")])
        }
    }

    @Test func whatTheseDriversCannotDoIsRefused() throws {
        #expect(throws: StepFailure.self) { try transaction([], manager: .dpkg) }
        let conffiles = #expect(throws: StepFailure.self) { try transaction([], conffiles: .takePackaged) }
        #expect(conffiles?.message.contains("takePackaged") == true)
        for name in [
            "kernel", "kernel-core", "kernel-modules-extra", "kernel-default", "kernel-devel", "kernel-uek-core",
        ] {
            let failure = #expect(throws: StepFailure.self) { try transaction([change(name, "1-1", "2-1", "x86_64")]) }
            #expect(failure?.message.contains("kernels") == true, "\(name)")
        }
    }

    @Test func whatIsLeftToDoFollowsFromTheHost() throws {
        let wanted = try transaction([
            change("a", "1-1", "2-1"), change("b", "1:1-1", "1:2-1"), change("gone", "1-1", nil),
            change("new", nil, "1-1"),
        ])
        var work = RpmWork(wanted, on: try snapshot(["a\tnoarch\t2-1", "b\tnoarch\t1:1-1", "gone\tnoarch\t1-1"]))
        #expect(work.reached.map(\.name) == ["a"] && work.installs.map(\.name) == ["b", "new"])
        #expect(work.removals.map(\.name) == ["gone"] && work.drifted.isEmpty && work.leftovers.isEmpty)

        work = RpmWork(wanted, on: try snapshot(["a\tnoarch\t0:2-1", "b\tnoarch\t1:2-1", "new\tnoarch\t1-1"]))
        #expect(work.isDone)

        // An interrupted run: both are there. The one of another architecture is another package.
        work = RpmWork(
            wanted,
            on: try snapshot([
                "a\tnoarch\t1-1", "a\tnoarch\t2-1", "b\tnoarch\t1:2-1", "b\tx86_64\t1:1-1", "new\tnoarch\t1-1",
            ]))
        #expect(!work.isDone && work.pending.isEmpty && work.leftovers.map(\.rpmLabel) == ["a-1-1.noarch"])

        work = RpmWork(wanted, on: try snapshot(["a\tnoarch\t1.5-1", "b\tnoarch\t1:2-1", "new\tnoarch\t2-1"]))
        #expect(
            work.drifted == ["a is at 1.5-1, the plan saw 1-1", "new is at 2-1, the plan saw it not installed"])
    }

    @Test func rehearsalIsHeldAgainstThePlan() throws {
        let table = """
            Dependencies resolved.
            ================================================================================
             Package               Architecture  Version          Repository           Size
            ================================================================================
            Upgrading:
             invoice-server        noarch        1:4.1-1          @commandline        6.2 k
             libinvoice            noarch        2.3-2            @commandline        6.1 k

            Transaction Summary
            ================================================================================
            Upgrade  2 Packages

            Total size: 12 k
            DNF will only download packages, install gpg keys, and check the transaction.
            Running transaction test
            Transaction test succeeded.
            Complete!
            """
        let result = CommandResult(
            status: 0, standardOutput: Array(table.utf8), standardError: [], duration: .zero)
        let present = try packages(["invoice-server\tnoarch\t1:4.0-1", "libinvoice\tnoarch\t2.3-1"])
        let planned = [change("invoice-server", "1:4.0-1", "1:4.1-1"), change("libinvoice", "2.3-1", "2.3-2")]
        func judge(_ expected: [PackageChange], _ result: CommandResult) throws(StepFailure) {
            try RpmRehearsal(command: RpmCommand.install([], by: .dnf), expected: expected)
                .judge(result, packages: present)
        }
        try judge(planned, result)
        let more = #expect(throws: StepFailure.self) { try judge([planned[0]], result) }
        #expect(more?.code == .drift && more?.message.contains("beyond the plan libinvoice 2.3-1 -> 2.3-2") == true)
        let less = #expect(throws: StepFailure.self) { try judge(planned + [change("x", nil, "1-1")], result) }
        #expect(less?.code == .drift && less?.message.contains("not x new at 1-1") == true)
        let failed = CommandResult(
            status: 1, standardOutput: Array("Error: Transaction test error:\n  file /x conflicts".utf8),
            standardError: [],
            duration: .zero)
        #expect(throws: StepFailure.self) { try judge(planned, failed) }
    }

    @Test func onlyAWholeAndSignedFileIsTrusted() {
        let kept = RpmFiles.parse(
            """
            a-1-1.noarch.rpm\ta\tnoarch\t1-1\t./a-1-1.noarch.rpm: digests signatures OK
            b-1-1.noarch.rpm\tb\tnoarch\t1-1\t./b-1-1.noarch.rpm: digests OK
            c-1-1.noarch.rpm\tc\tnoarch\t1-1\t./c-1-1.noarch.rpm: digests SIGNATURES NOT OK
            d-1-1.noarch.rpm\td\tnoarch\t1-1\t
            torn.rpm\t
            -x.rpm\ta\tnoarch\t1-1\t./-x.rpm: digests signatures OK
            e-1-1.noarch.rpm\te;id\tnoarch\t1-1\t./e-1-1.noarch.rpm: digests signatures OK
            f-1-1.noarch.rpm\tf\tnoarch\t1-1\tgood: digests signatures OK
            """)
        #expect(kept.map(\.package.name) == ["a", "b", "c", "d", "f"])
        #expect(kept.filter(\.isTrusted).map(\.package.name) == ["a"])
    }

    @Test func scriptsThatFailedAndFilesBesideOthersAreFound() {
        let remarks = RpmRemarks(
            parsing: """
                warning: %post(invoice-hooks-1.1-1.noarch) scriptlet failed, exit status 1
                Error in POSTIN scriptlet in rpm package invoice-hooks
                warning: /etc/a.conf created as /etc/a.conf.rpmnew
                  warning: /etc/b as c.conf saved as /etc/b as c.conf.rpmsave
                """)
        #expect(
            remarks.failedScripts == [
                "%post(invoice-hooks-1.1-1.noarch) scriptlet failed, exit status 1",
                "Error in POSTIN scriptlet in rpm package invoice-hooks",
            ])
        #expect(remarks.leavesNoTrace)
        let before = RpmRemarks(
            parsing: """
                error: %prein(invoice-hooks-1.0-1.noarch) scriptlet failed, exit status 1
                Error in PREIN scriptlet in rpm package invoice-hooks
                """)
        #expect(before.failedScripts.count == 2 && !before.leavesNoTrace)
        #expect(remarks.configuration == ["/etc/a.conf.rpmnew", "c.conf.rpmsave"])
    }

    @Test func failuresAreToldApart() {
        func code(_ status: Int?, _ output: String) -> StepFailure.Code {
            RpmDiagnosis.failure(status: status, output: output, doing: "dnf").code
        }
        #expect(code(200, "Error: Failed to obtain the transaction lock (logged in as: root).") == .locked)
        #expect(code(7, "System management is locked by the application with pid 7 (zypper).") == .locked)
        #expect(code(1, "  At least 5MB more space needed on the / filesystem.") == .noSpace)
        #expect(code(1, "Error: Unable to find a match: x") == .packageManager)
        #expect(code(nil, "") == .packageManager)
        #expect(
            RpmDiagnosis.notFound("Package 'a.noarch=1-1' not found.\nNo provider of 'b.noarch = 2-1' found.")
                == ["a.noarch=1-1", "b.noarch = 2-1"])
    }

    @Test func everyCommandIsPermittedByARuleThatSudoTakes() throws {
        let rules = try RpmRules.rules()
        _ = try SudoersFile(user: "fettle", rules: rules).text()
        let wanted = [
            PackageVersion(name: "libstdc++", architecture: "x86_64", version: "1:11.4.1-3.el9"),
            PackageVersion(name: "389-ds-base", architecture: "noarch", version: "2.3~rc1-1"),
        ]
        let files = ["libstdc++-11.4.1-3.el9.x86_64.rpm", "389-ds-base-2.3~rc1-1.noarch.rpm"]
        func job(_ command: [String], isChange: Bool = true) -> RootCommand {
            DetachedJob(
                name: "fettle-a-rpm-apply-0123456789abcdef", command: command, environment: RpmCommand.environment,
                successStatuses: isChange ? RpmCommand.successStatuses : []
            ).startUnderSystemd
        }
        var commands = [
            RpmCommand.gather, RpmCommand.remove(files), RpmCommand.markAsDependency(["invoice-extra"]),
            RpmCommand.makeDirectory(RpmCommand.files), RpmCommand.makeDirectory(RpmCommand.zypperDownloads),
            job(RpmCommand.eraseLeftovers(wanted)),
        ]
        for cache in RpmCommand.hostCaches { commands.append(RpmCommand.salvage(files[0], from: cache)) }
        for tool in RpmTool.allCases {
            let (install, erase) = (RpmCommand.install(files, by: tool), RpmCommand.erase(wanted, by: tool))
            commands += [job(install), job(erase), job(RpmCommand.reinstall(files, by: tool))]
            commands += [RpmCommand.rehearsal(of: install), RpmCommand.rehearsal(of: erase)]
            for fetching in RpmCommand.Fetching.allCases {
                commands.append(job(RpmCommand.download(wanted, by: tool, fetching), isChange: false))
            }
        }
        for command in commands {
            #expect(rules.contains { $0.permits(command) }, "\(command.commandLine)")
            let words = command.commandLine.joined(separator: " ")
            #expect(
                !words.contains("gpgcheck=0") && !words.contains("no-gpg") && !words.contains("unsigned"), "\(words)")
        }
        for file in ["../../../tmp/x.rpm", "x.rpm;id", "-x.rpm", "x", "a b.rpm"] {
            #expect(!rules.contains { $0.permits(RpmCommand.remove([file])) }, "\(file)")
            #expect(!rules.contains { $0.permits(job(RpmCommand.install([file], by: .dnf))) }, "\(file)")
            #expect(!rules.contains { $0.permits(RpmCommand.salvage(file, from: "/var/cache/dnf")) }, "\(file)")
        }
    }

    @Test func sizesAndSumsOfKeptFilesAreReadByTheLetter() throws {
        let sum = String(repeating: "0a", count: 32)
        let sums = RpmArchiveReader.sums(
            """
            a-1-1.noarch.rpm\t5000000000\t\(sum)
            b-1-1.noarch.rpm\t4\t\(sum.uppercased())
            c-1-1.noarch.rpm\t4\t\(sum)0
            d-1-1.noarch.rpm\t0\t\(sum)
            e-1-1.noarch.rpm\t-4\t\(sum)
            f-1-1.noarch.rpm\t4\t\(sum)\tmore
            g-1-1.noarch.rpm\t4\t\(sum)
            """)
        #expect(sums.keys.sorted() == ["g-1-1.noarch.rpm"])
        #expect(sums["g-1-1.noarch.rpm"]?.bytes == 4)
    }
}
