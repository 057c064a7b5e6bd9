import FettleDriverKit
import FettleDrivers
import FettleModel
import Foundation
import Testing

extension PackagesLabTests {
    /// Changes of packages on a real host.
    @Suite struct ChangePackages {
        let stage = StagePackagesDriver(channels: PackagesLab.connections)
        let driver = ChangePackagesDriver(
            channels: PackagesLab.connections, settings: PackageDriverSettings(lockSeconds: 3))

        @Test func exactVersionsGoOnAndComeBackWithoutTheNetwork() async throws {
            try await PackagesLab.prepare(["libledger=1.0", "ledger-core=1.0"], offering: ["lab-good"])
            try await PackagesLab.inside("apt-mark auto libledger")
            let changes = [LabStep.change("ledger-core", "1.0", "1.1"), LabStep.change("libledger", "1.0", "1.1")]
            let staging = LabStep.make(.stage(transaction: LabStep.transaction(changes)))
            let stageContext = LabStep.context(staging)
            #expect(await stage.check(staging, in: stageContext).isReady)
            try await stage.perform(staging, in: stageContext)
            #expect(try await stage.verify(staging, in: stageContext).verdict == .pass)
            #expect(await stage.check(staging, in: stageContext).isDone)
            #expect(try await PackagesLab.version(of: "libledger") == "ii 1.0")

            let patch = LabStep.make(.changePackages(transaction: LabStep.transaction(changes)))
            var context = LabStep.context(patch)
            let readiness = await driver.check(patch, in: context)
            context.prior = .some(try #require(readiness.prior, "\(readiness)"))
            try await driver.perform(patch, in: context)
            let observation = try await driver.verify(patch, in: context)
            #expect(observation.verdict == .pass && observation.observedAt >= context.intendedAt)
            #expect(await driver.check(patch, in: context).isDone)
            #expect(try await PackagesLab.version(of: "ledger-core") == "ii 1.1")
            #expect(try await PackagesLab.inside("apt-mark showauto libledger") == "libledger\n")

            // Back, while no source can be reached at all.
            try await PackagesLab.inside(
                "mv /etc/apt/sources.list.d /etc/apt/sources.away; rm -rf /var/lib/apt/lists/*")
            let back = LabStep.make(
                .changePackages(transaction: LabStep.transaction(changes.map(\.reversed), .rollback)))
            let backContext = LabStep.context(back)
            let result = await Result.of { try await driver.perform(back, in: backContext) }
            try await PackagesLab.inside("mv /etc/apt/sources.away /etc/apt/sources.list.d; apt-get -qq update")
            try result.get()
            #expect(try await driver.verify(back, in: backContext).verdict == .pass)
            #expect(try await PackagesLab.version(of: "ledger-core") == "ii 1.0")
            #expect(try await PackagesLab.inside("apt-mark showauto libledger") == "libledger\n")
        }

        @Test func brokenPostinstIsToldAndRepairedByGoingBack() async throws {
            try await PackagesLab.prepare(["billing=1.0"], offering: ["lab-broken"])
            let changes = [LabStep.change("billing", "1.0", "2.0")]
            let staging = LabStep.make(.stage(transaction: LabStep.transaction(changes)))
            try await stage.perform(staging, in: LabStep.context(staging))
            let patch = LabStep.make(.changePackages(transaction: LabStep.transaction(changes)))
            let context = LabStep.context(patch)
            let failure = await #expect(throws: StepFailure.self) { try await driver.perform(patch, in: context) }
            #expect(failure?.code == .packageManager)
            #expect(failure?.output.contains("the migration of the invoices failed") == true)
            #expect(try await PackagesLab.version(of: "billing") == "iF 2.0")
            await #expect(throws: StepFailure.self) { try await driver.verify(patch, in: context) }
            // The failed job must not make systemd call the whole host degraded.
            #expect(try await PackagesLab.inside("systemctl is-system-running || true") == "running\n")

            let back = LabStep.make(
                .changePackages(transaction: LabStep.transaction(changes.map(\.reversed), .rollback)))
            let backContext = LabStep.context(back)
            #expect(await driver.check(back, in: backContext).isReady)
            try await driver.perform(back, in: backContext)
            #expect(try await driver.verify(back, in: backContext).verdict == .pass)
            #expect(try await PackagesLab.version(of: "billing") == "ii 1.0")
        }
    }
}

extension Result where Failure == any Error {
    static func of(_ body: () async throws -> Success) async -> Result {
        do { return .success(try await body()) } catch { return .failure(error) }
    }
}
