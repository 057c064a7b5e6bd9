import FettleDriverKit
import FettleDrivers
import FettleModel
import Foundation
import Testing

extension PackagesLabTests {
    /// What goes wrong while packages are changed.
    @Suite struct Faults {
        let stage = StagePackagesDriver(channels: PackagesLab.connections)
        let driver = ChangePackagesDriver(
            channels: PackagesLab.connections, settings: PackageDriverSettings(lockSeconds: 3))

        @Test func heldLockBlocksAndNamesItsHolder() async throws {
            try await PackagesLab.prepare(["billing=1.0"], offering: ["lab-good"])
            try await PackagesLab.lab("lock", PackagesLab.host, "60")
            let step = LabStep.make(
                .changePackages(transaction: LabStep.transaction([LabStep.change("billing", "1.0", "1.1")])))
            let context = LabStep.context(step)
            let reason = await driver.check(step, in: context).blockedReason
            let failure = await #expect(throws: StepFailure.self) { try await driver.perform(step, in: context) }
            try await PackagesLab.lab("unlock", PackagesLab.host)
            #expect(
                reason?.contains("python3") == true && reason?.contains("/var/lib/dpkg/lock") == true, "\(reason ?? "")"
            )
            #expect(failure?.code == .locked)
            #expect(try await PackagesLab.version(of: "billing") == "ii 1.0")
            try await driver.perform(step, in: context)
            #expect(try await PackagesLab.version(of: "billing") == "ii 1.1")
        }

        @Test func fullDiskIsRefusedBeforeAnythingIsDone() async throws {
            try await PackagesLab.prepare(["billing=1.0"], offering: ["lab-good"])
            let transaction = LabStep.transaction([LabStep.change("billing", "1.0", "1.1")])
            let staging = LabStep.make(.stage(transaction: transaction))
            let step = LabStep.make(.changePackages(transaction: transaction))
            try await PackagesLab.lab("fill", PackagesLab.host)
            let result = await Result.of {
                await (
                    #expect(throws: StepFailure.self) {
                        try await stage.perform(staging, in: LabStep.context(staging))
                    },
                    #expect(throws: StepFailure.self) { try await driver.perform(step, in: LabStep.context(step)) }
                )
            }
            try await PackagesLab.lab("unfill", PackagesLab.host)
            let (staged, changed) = try result.get()
            #expect(staged?.code == .noSpace && changed?.code == .noSpace, "\(String(describing: (staged, changed)))")
            #expect(staged?.message.contains("needs 48.0 MiB free on /, which has 0.0 MiB") == true)
            #expect(try await PackagesLab.version(of: "billing") == "ii 1.0")
            #expect(try await PackagesLab.inside("dpkg --audit") == "")
        }

        @Test(arguments: [ConffilePolicy.keepCurrent, .takePackaged])
        func configurationFileFollowsThePolicy(_ policy: ConffilePolicy) async throws {
            try await PackagesLab.prepare(["banner=1.0"], offering: ["lab-conffile"])
            try await PackagesLab.inside("sed -i 's/^text = .*/text = Authorised staff only/' /etc/banner.conf")
            let transaction = LabStep.transaction([LabStep.change("banner", "1.0", "2.0")], conffiles: policy)
            let step = LabStep.make(.changePackages(transaction: transaction))
            try await driver.perform(step, in: LabStep.context(step))
            let text = try await PackagesLab.inside("cat /etc/banner.conf")
            #expect(text.contains("Authorised staff only") == (policy == .keepCurrent))
            let beside = try await PackagesLab.inside("ls /etc/banner.conf.dpkg-* | sed 's/.*dpkg-//'")
            #expect(beside == (policy == .keepCurrent ? "dist\n" : "old\n"))
            try await PackagesLab.inside("rm -f /etc/banner.conf.dpkg-*")
        }

        /// The host's own file is back byte for byte, with owner, mode and time, as a user with nothing but the rules, and what was
        /// edited in between is not lost.
        @Test func onTheWayBackTheHostsOwnConfigurationFileIsThereAgain() async throws {
            try await PackagesLab.prepare(["banner=1.0"], offering: ["lab-conffile"])
            let settings = PackageDriverSettings(lockSeconds: 3)
            try await PackagesLab.Rules.install(settings)
            try await PackagesLab.inside(
                "printf 'text = Authorised staff only\\n\\001 \\047' >/etc/banner.conf; chown 7:8 /etc/banner.conf; "
                    + "chmod 640 /etc/banner.conf; touch -d '2026-01-02 03:04:05' /etc/banner.conf")
            let look = "stat -c '%u %g %a %Y' /etc/banner.conf; sha256sum /etc/banner.conf"
            let before = try await PackagesLab.inside(look)
            let changes = [LabStep.change("banner", "1.0", "2.0")]
            let transaction = LabStep.transaction(changes, conffiles: .takePackaged)
            let channels = PackagesLab.connections
            let (stage, driver) = (
                StagePackagesDriver(channels: channels, settings: settings),
                ChangePackagesDriver(channels: channels, settings: settings)
            )
            let staging = LabStep.make(.stage(transaction: transaction))
            let step = LabStep.make(.changePackages(transaction: transaction))
            var back = LabStep.make(
                .changePackages(
                    transaction: LabStep.transaction(changes.map(\.reversed), .rollback, conffiles: .takePackaged)))
            back.compensates = step.id
            var plan = LabStep.context(step, user: PackagesLab.Rules.user).plan
            plan.steps = [staging, step]
            let run = UUID().uuidString
            var context = LabStep.context(staging, run: run, plan: plan)
            try await stage.perform(staging, in: context)
            let kept = "stat -c '%U %a' /var/cache/fettle/conffiles; ls /var/cache/fettle/conffiles | wc -l"
            #expect(try await PackagesLab.inside(kept) == "root 700\n1\n", "kept while the host serves")

            context = LabStep.context(step, run: run, plan: plan)
            context.prior = .some(try #require(await driver.check(step, in: context).prior))
            try await driver.perform(step, in: context)
            #expect(try await driver.verify(step, in: context).details["conffilesKept"] == "banner")
            #expect(try await PackagesLab.inside(look) != before, "the package's own is there")
            try await PackagesLab.inside("echo 'edited since' >>/etc/banner.conf")

            // The machine hands the patch's note on to the step that takes it back.
            var wayBack = LabStep.context(back, run: run, prior: context.prior, plan: plan)
            wayBack.prior = .some(try #require(await driver.check(back, in: wayBack).prior))
            try await driver.perform(back, in: wayBack)
            #expect(try await driver.verify(back, in: wayBack).details["conffilesBack"] == "banner")
            #expect(try await PackagesLab.version(of: "banner") == "ii 1.0")
            #expect(try await PackagesLab.inside(look) == before)
            #expect(try await PackagesLab.inside("cat /etc/banner.conf.dpkg-bak").hasSuffix("edited since\n"))
            #expect(try await PackagesLab.inside("dpkg --audit") == "")
            try await PackagesLab.inside(
                "rm -f /etc/banner.conf.dpkg-*; chown 0:0 /etc/banner.conf; rm -f /etc/sudoers.d/fettle")
        }

        /// A plan that no longer fits the host is void there, and nothing is done.
        @Test func whatThePlanDidNotForeseeIsNotDone() async throws {
            try await PackagesLab.prepare(["libledger=1.0", "ledger-core=1.0"], offering: ["lab-dependent"])
            // ledger-core 2.0 needs libledger 2.0, which this transaction does not have.
            let incomplete = LabStep.make(
                .changePackages(transaction: LabStep.transaction([LabStep.change("ledger-core", "1.0", "2.0")])))
            let failure = await #expect(throws: StepFailure.self) {
                try await driver.perform(incomplete, in: LabStep.context(incomplete))
            }
            #expect(failure?.code == .drift)
            #expect(failure?.message.contains("libledger to 2.0") == true, "\(failure?.message ?? "")")
            #expect(try await PackagesLab.version(of: "ledger-core") == "ii 1.0")

            let elsewhere = LabStep.make(
                .changePackages(transaction: LabStep.transaction([LabStep.change("libledger", "0.9", "2.0")])))
            #expect(await driver.check(elsewhere, in: LabStep.context(elsewhere)).failure?.code == .drift)

            let gone = LabStep.make(
                .changePackages(transaction: LabStep.transaction([LabStep.change("libledger", "1.0", "3.0")])))
            let missing = await #expect(throws: StepFailure.self) {
                try await driver.perform(gone, in: LabStep.context(gone))
            }
            #expect(missing?.code == .drift && missing?.message.contains("no longer offer") == true)
        }

        /// uyuni#12244: the exact earlier version is no longer in the repository.
        @Test func wayBackThatNobodyOffersIsRefusedWhileStaging() async throws {
            try await PackagesLab.prepare(["billing=1.0"], offering: ["lab-good"])
            try await PackagesLab.inside(
                "mv /etc/apt/sources.list.d/lab.sources /root/; apt-get -qq update; rm -f /var/cache/apt/archives/billing*"
            )
            let staging = LabStep.make(
                .stage(transaction: LabStep.transaction([LabStep.change("billing", "1.0", "1.1")])))
            let failure = await #expect(throws: StepFailure.self) {
                try await stage.perform(staging, in: LabStep.context(staging))
            }
            #expect(failure?.code == .refused && failure?.message.contains("no way back") == true)
            // ... unless the host still has what it downloaded itself.
            try await PackagesLab.inside(
                "mv /root/lab.sources /etc/apt/sources.list.d/; apt-get -qq update; cd /var/cache/apt/archives; "
                    + "apt-get -qq download billing=1.0; mv /etc/apt/sources.list.d/lab.sources /root/; apt-get -qq update"
            )
            let result = await Result.of {
                try await stage.perform(staging, in: LabStep.context(staging))
                return try await stage.verify(staging, in: LabStep.context(staging))
            }
            try await PackagesLab.inside(
                "mv /root/lab.sources /etc/apt/sources.list.d/; apt-get -qq update; rm -f /var/cache/apt/archives/*.deb"
            )
            #expect(try result.get().verdict == .pass)
        }

        /// Fettle is killed while apt runs: apt goes on, and the next Fettle finds it and waits for it.
        @Test func killedControllerLeavesAptRunningAndItIsAdopted() async throws {
            try await PackagesLab.prepare(["billing=1.0"], offering: ["lab-good"])
            try await SlowPackage.install(version: "1.0")
            try await SlowPackage.offer(version: "1.1")
            let step = LabStep.make(
                .changePackages(
                    transaction: LabStep.transaction([LabStep.change(SlowPackage.name, "1.0", "1.1")])))
            let run = UUID().uuidString
            let context = LabStep.context(step, run: run)
            // A connection of its own, which dies with every session of the host's sshd in the middle of apt.
            let connections = SSHConnections(PackagesLab.configuration())
            let first = ChangePackagesDriver(channels: connections)
            let task = Task { try await first.perform(step, in: context) }
            try await SlowPackage.waitUntilItConfigures()
            task.cancel()
            await connections.shutDown()
            try await PackagesLab.inside("pkill -KILL -x sshd; systemctl restart ssh")
            await #expect(throws: StepFailure.self) { try await task.value }

            let readiness = await driver.check(step, in: LabStep.context(step, run: run))
            #expect(readiness.blockedReason?.contains("still runs") == true, "\(readiness)")
            // Performing it waits for the same run of apt instead of starting another.
            try await driver.perform(step, in: LabStep.context(step, run: run))
            #expect(try await PackagesLab.version(of: SlowPackage.name) == "ii 1.1")
            #expect(await driver.check(step, in: LabStep.context(step, run: run)).isDone)
            #expect(try await SlowPackage.configurations() == 1)
            try await SlowPackage.remove()
        }

        /// Somebody pulled the plug between unpacking and configuring: the next run finishes it first.
        @Test func whatWasLeftUnpackedIsFinishedFirst() async throws {
            try await PackagesLab.prepare(["billing=1.0", "libledger=1.0"], offering: ["lab-good"])
            try await PackagesLab.inside(
                "cd /tmp && apt-get -qq download libledger=1.1 && dpkg --unpack libledger_1.1_all.deb >/dev/null")
            #expect(try await PackagesLab.version(of: "libledger") == "iU 1.1")
            let step = LabStep.make(
                .changePackages(transaction: LabStep.transaction([LabStep.change("billing", "1.0", "1.1")])))
            let context = LabStep.context(step)
            try await driver.perform(step, in: context)
            #expect(try await driver.verify(step, in: context).verdict == .pass)
            #expect(try await PackagesLab.version(of: "libledger") == "ii 1.1")
        }
    }
}
