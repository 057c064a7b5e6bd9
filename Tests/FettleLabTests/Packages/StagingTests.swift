import FettleDriverKit
import FettleDrivers
import FettleModel
import Synchronization
import Testing

extension PackagesLabTests {
    /// What is done while a host still serves, so that it need not be done when it is out.
    @Suite struct Staging {
        let channels = WatchedChannels(PackagesLab.connections)

        private func drivers(
            _ settings: PackageDriverSettings = PackageDriverSettings(lockSeconds: 3)
        ) -> (stage: StagePackagesDriver, change: ChangePackagesDriver) {
            (
                StagePackagesDriver(channels: channels, settings: settings),
                ChangePackagesDriver(channels: channels, settings: settings)
            )
        }

        private func steps(_ changes: [PackageChange]) -> (stage: Step, change: Step) {
            let transaction = LabStep.transaction(changes)
            return (
                LabStep.make(.stage(transaction: transaction)), LabStep.make(.changePackages(transaction: transaction))
            )
        }

        private func perform(_ driver: any StepDriver, _ step: Step) async throws(StepFailure) {
            try await driver.perform(step, in: LabStep.context(step))
        }

        @Test func aptRehearsesBeforeTheDrainAndNotAgain() async throws {
            try await PackagesLab.prepare(["billing=1.0"], offering: ["lab-good"])
            let (stage, change) = drivers()
            let steps = steps([LabStep.change("billing", "1.0", "1.1")])
            try await perform(stage, steps.stage)
            _ = try await stage.verify(steps.stage, in: LabStep.context(steps.stage))
            #expect(channels.rehearsals == 1)
            #expect(await stage.check(steps.stage, in: LabStep.context(steps.stage)).isDone)
            #expect(await change.check(steps.change, in: LabStep.context(steps.change)).isReady)
            try await perform(change, steps.change)
            #expect(channels.rehearsals == 1)
            #expect(try await PackagesLab.version(of: "billing") == "ii 1.1")
        }

        /// As a plan has them: apt has answered for them and rehearsed them.
        private func plannedSteps(of package: String, _ version: String) async throws -> (stage: Step, change: Step) {
            let resolution = try await ShellUpdateResolver(channels: PackagesLab.connections).resolve(
                [PackageVersion(name: package, architecture: "all", version: version)], manager: .dpkg,
                on: ResourceID(PackagesLab.host), at: .ssh(PackagesLab.host))
            var transaction = LabStep.transaction(resolution.changes)
            transaction.rehearsedOn = .some(try #require(resolution.rehearsedOn))
            return (
                LabStep.make(.stage(transaction: transaction)), LabStep.make(.changePackages(transaction: transaction))
            )
        }

        @Test func whatWasRehearsedForThePlanIsNotRehearsedAgain() async throws {
            try await PackagesLab.prepare(["billing=1.0"], offering: ["lab-good"])
            let steps = try await plannedSteps(of: "billing", "1.1")
            // Downloads, another process, and what is done elsewhere on the host change nothing of it.
            try await perform(drivers().stage, steps.stage)
            try await PackagesLab.inside("apt-get check >/dev/null; apt-cache gencaches >/dev/null; date >/tmp/other")
            try await perform(drivers().change, steps.change)
            #expect(channels.rehearsals == 0)
            #expect(try await PackagesLab.version(of: "billing") == "ii 1.1")
        }

        @Test func thePlansRehearsalEndsWithWhatAptDecidesBy() async throws {
            try await PackagesLab.prepare(["billing=1.0"], offering: ["lab-good"])
            let steps = try await plannedSteps(of: "billing", "1.1")
            try await PackagesLab.inside("apt-mark hold billing >/dev/null")
            let failure = await #expect(throws: StepFailure.self) { try await perform(drivers().stage, steps.stage) }
            try await PackagesLab.inside("apt-mark unhold billing >/dev/null")
            #expect(failure?.message.contains("rehearsal") == true)
            #expect(channels.rehearsals == 1)
        }

        @Test(
            "Whatever apt decides by has changed since: it is asked again",
            arguments: [
                "echo 'APT::Get::Show-User-Simulation-Note \"0\";' >/etc/apt/apt.conf.d/99fettle-test",
                "printf 'Package: nothing\\nPin: version 1\\nPin-Priority: 1\\n' >/etc/apt/preferences.d/fettle-test",
                "apt-mark manual libledger >/dev/null; apt-mark auto libledger >/dev/null",
                "apt-get -qq -y install banner=1.0 >/dev/null 2>&1; dpkg --purge banner >/dev/null 2>&1",
                "rm -f /var/lib/apt/lists/*lab-good*; apt-get -qq update",
            ])
        func aChangedHostIsRehearsedAgain(_ script: String) async throws {
            try await PackagesLab.prepare(["billing=1.0", "libledger=1.0"], offering: ["lab-good", "lab-conffile"])
            let (stage, change) = drivers()
            let steps = steps([LabStep.change("billing", "1.0", "1.1")])
            try await perform(stage, steps.stage)
            try await PackagesLab.inside(script)
            let result = await Result.of { try await perform(change, steps.change) }
            try await PackagesLab.inside("rm -f /etc/apt/apt.conf.d/99fettle-test /etc/apt/preferences.d/fettle-test")
            try result.get()
            #expect(channels.rehearsals == 2)
            #expect(try await PackagesLab.version(of: "billing") == "ii 1.1")
        }

        @Test func whatSomebodyHasForbiddenSinceIsNotDone() async throws {
            try await PackagesLab.prepare(["billing=1.0"], offering: ["lab-good"])
            let (stage, change) = drivers()
            let steps = steps([LabStep.change("billing", "1.0", "1.1")])
            try await perform(stage, steps.stage)
            try await PackagesLab.inside("apt-mark hold billing >/dev/null")
            await #expect(throws: StepFailure.self) { try await perform(change, steps.change) }
            try await PackagesLab.inside("apt-mark unhold billing >/dev/null")
            #expect(try await PackagesLab.version(of: "billing") == "ii 1.0")
        }

        @Test func anotherProcessKnowsOfNoRehearsal() async throws {
            try await PackagesLab.prepare(["billing=1.0"], offering: ["lab-good"])
            let steps = steps([LabStep.change("billing", "1.0", "1.1")])
            try await perform(drivers().stage, steps.stage)
            try await perform(drivers().change, steps.change)
            #expect(channels.rehearsals == 2)
        }

        @Test func whatThePlanDidNotForeseeIsToldBeforeTheDrain() async throws {
            try await PackagesLab.prepare(["libledger=1.0", "ledger-core=1.0"], offering: ["lab-dependent"])
            let steps = steps([LabStep.change("ledger-core", "1.0", "2.0")])
            let failure = await #expect(throws: StepFailure.self) { try await perform(drivers().stage, steps.stage) }
            #expect(failure?.code == .drift && failure?.message.contains("libledger to 2.0") == true)
        }

        /// A plan that makes the changes one after the other, with a reboot between that is not of interest here.
        private func parts(_ parts: [PackageChange]...) -> (stages: [Step], changes: [Step], plan: Plan) {
            let transactions = parts.map { LabStep.transaction($0) }
            let stages = transactions.enumerated().map { number, transaction in
                LabStep.make(.stage(transaction: transaction), id: "\(PackagesLab.host)/stage-\(number + 1)")
            }
            let changes = transactions.enumerated().map { number, transaction in
                LabStep.make(.changePackages(transaction: transaction), id: "\(PackagesLab.host)/patch-\(number + 1)")
            }
            var plan = LabStep.context(stages[0]).plan
            plan.steps = stages + changes
            return (stages, changes, plan)
        }

        /// The second part can't be had without the first.
        @Test func aPartIsRehearsedWithThoseBeforeItAndAloneWhenTheyAreMade() async throws {
            try await PackagesLab.prepare(["libledger=1.0", "ledger-core=1.0"], offering: ["lab-dependent"])
            let (stage, change) = drivers()
            let (stages, changes, plan) = parts(
                [LabStep.change("libledger", "1.0", "2.0")], [LabStep.change("ledger-core", "1.0", "2.0")])
            for step in stages {
                try await stage.perform(step, in: LabStep.context(step, plan: plan))
                #expect(await stage.check(step, in: LabStep.context(step, plan: plan)).isDone)
            }
            #expect(channels.rehearsals == 2)
            try await change.perform(changes[0], in: LabStep.context(changes[0], plan: plan))
            #expect(channels.rehearsals == 2, "the first part is what was rehearsed before the second was fetched")
            #expect(try await PackagesLab.version(of: "ledger-core") == "ii 1.0")
            try await change.perform(changes[1], in: LabStep.context(changes[1], plan: plan))
            #expect(channels.rehearsals == 3)
            #expect(try await PackagesLab.version(of: "libledger") == "ii 2.0")
            #expect(try await PackagesLab.version(of: "ledger-core") == "ii 2.0")
        }

        @Test func whatALaterPartNeedsBeyondThePlanIsToldBeforeTheDrain() async throws {
            try await PackagesLab.prepare(
                ["libledger=1.0", "ledger-core=1.0", "billing=1.0"], offering: ["lab-dependent", "lab-good"])
            let (stages, _, plan) = parts(
                [LabStep.change("billing", "1.0", "1.1")], [LabStep.change("ledger-core", "1.0", "2.0")])
            let stage = drivers().stage
            try await stage.perform(stages[0], in: LabStep.context(stages[0], plan: plan))
            let failure = await #expect(throws: StepFailure.self) {
                try await stage.perform(stages[1], in: LabStep.context(stages[1], plan: plan))
            }
            #expect(failure?.code == .drift && failure?.message.contains("libledger to 2.0") == true)
        }

        @Test(
            "An archive that a power cut has torn is fetched anew",
            arguments: [
                "truncate -s 300 billing_1.0_all.deb", ": >billing_1.1_all.deb",
                "printf x | dd of=billing_1.0_all.deb bs=1 seek=400 conv=notrunc 2>/dev/null",
            ])
        func tornArchivesAreFetchedAnew(_ damage: String) async throws {
            try await PackagesLab.prepare(["billing=1.0"], offering: ["lab-good"])
            let stage = drivers().stage
            let step = steps([LabStep.change("billing", "1.0", "1.1")]).stage
            try await perform(stage, step)
            try await PackagesLab.inside("cd /var/cache/fettle/archives && \(damage)")
            for driver in [stage, drivers().stage] {
                #expect(await driver.check(step, in: LabStep.context(step)).isReady)
            }
            await #expect(throws: StepFailure.self) { try await stage.verify(step, in: LabStep.context(step)) }
            try await perform(stage, step)
            #expect(try await stage.verify(step, in: LabStep.context(step)).verdict == .pass)
        }

        @Test func archivesThatNobodyNeedsAreTakenAway() async throws {
            try await PackagesLab.prepare(["billing=1.0", "libledger=1.0"], offering: ["lab-good"])
            try await PackagesLab.inside(
                """
                mkdir -p /var/cache/fettle/archives && cd /var/cache/fettle/archives
                apt-get -qq download libledger=1.0 libledger=1.1
                : >gone_1%3a2_amd64.deb; : >'odd name.deb'; : >kept.txt
                """)
            let step = steps([LabStep.change("billing", "1.0", "1.1")]).stage
            let list = "cd /var/cache/fettle/archives && ls | sort"
            // In time all of it may be needed to take an earlier change back.
            try await perform(drivers().stage, step)
            #expect(try await PackagesLab.inside(list).contains("gone_1%3a2_amd64.deb"))
            try await perform(drivers(PackageDriverSettings(retentionDays: 0)).stage, step)
            // Afterwards: what is installed, what this change needs, and what Fettle has not put there.
            #expect(
                try await PackagesLab.inside(list).split(separator: "\n") == [
                    "billing_1.0_all.deb", "billing_1.1_all.deb", "kept.txt", "libledger_1.0_all.deb", "odd name.deb",
                ])
        }
    }
}

/// Counts what is asked of hosts.
final class WatchedChannels: ChannelProvider {
    private let inner: any ChannelProvider
    private let scripts = Mutex<[String]>([])

    init(_ inner: any ChannelProvider) { self.inner = inner }

    /// How often apt was asked what an installation would do.
    var rehearsals: Int {
        scripts.withLock { all in all.count { $0.contains("'--simulate'") || $0.contains(" --simulate ") } }
    }

    func channel(to address: ResourceAddress) async throws(AccessError) -> any CommandChannel {
        Watched(inner: try await inner.channel(to: address), note: note)
    }

    private func note(_ text: String) { scripts.withLock { $0.append(text) } }

    private struct Watched: CommandChannel {
        let inner: any CommandChannel
        let note: @Sendable (String) -> Void

        func run(_ command: RemoteCommand) async throws(AccessError) -> CommandResult {
            if case .script(let text) = command.program { note(text) }
            return try await inner.run(command)
        }

        func close() async { await inner.close() }
    }
}
