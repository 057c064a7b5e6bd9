import FettleDriverKit
import FettleDrivers
import FettleModel
import Foundation
import Testing

extension PackagesLabTests {
    /// The real thing: Debian's own security updates, forwards and back.
    @Suite struct SecurityUpdates {
        @Test func everyPendingSecurityUpdateGoesOnRunsAndComesBack() async throws {
            try await PackagesLab.prepare([], offering: [])
            let changes = try await pending()
            try #require(changes.count >= 5, "this lab has hardly any security update pending")
            let channels = PackagesLab.connections
            let inspector = ShellHostInspector(channels: channels)
            let drivers = BuiltInDrivers(channels: channels, inspector: inspector)
            var transaction = LabStep.transaction(changes)
            transaction.downloadBytes = 20_000_000
            let exceptions = ["dbus.service", "systemd-logind.service", "getty@*.service", "user@*.service"]
            let updated = changes.map { version($0, \.to) }
            let earlier = changes.map { version($0, \.from) }
            let back = LabStep.transaction(changes.map(\.reversed), .rollback)
            let steps: [StepAction] = [
                .preflight(expectation: HostExpectation(packages: earlier), probes: []),
                .stage(transaction: transaction), .changePackages(transaction: transaction),
                .restartServices(except: exceptions),
                .verify(expectation: HostExpectation(packages: updated, noStaleServicesExcept: exceptions)),
                .changePackages(transaction: back), .restartServices(except: exceptions),
                .verify(expectation: HostExpectation(packages: earlier, noStaleServicesExcept: exceptions)),
            ]
            let marks = try await PackagesLab.inside("apt-mark showauto | sort")
            for action in steps {
                let began = ContinuousClock.now
                let step = LabStep.make(action, timeoutSeconds: 600)
                var context = LabStep.context(step)
                let driver = try #require(drivers.driver(for: action))
                let readiness = await driver.check(step, in: context)
                #expect(readiness.isReady || readiness.isDone, "\(action.name): \(readiness)")
                context.prior = readiness.prior
                if readiness.isReady { try await driver.perform(step, in: context) }
                let observation = try await driver.verify(step, in: context)
                #expect(observation.verdict == .pass, "\(action.name): \(observation.summary)")
                if ProcessInfo.processInfo.environment["FETTLE_PRINT_TIMES"] != nil {
                    print("\(action.name): \(ContinuousClock.now - began)  \(observation.summary)")
                }
            }
            #expect(try await PackagesLab.inside("apt-mark showauto | sort") == marks)
            #expect(try await pending().count == changes.count)
        }

        /// `Inst libssl3 [3.0.20] (3.0.22 Debian-Security:12/stable-security [amd64])`
        private func pending() async throws -> [PackageChange] {
            let text = try await PackagesLab.inside("apt-get -s -q upgrade | grep '^Inst .*Debian-Security'")
            return try text.split(separator: "\n").map { line in
                let words = line.split(separator: " ")
                let version = try #require(words.first { $0.hasPrefix("(") }).dropFirst()
                let architecture = try #require(words.last { $0.hasSuffix("])") }).dropFirst().dropLast(2)
                return PackageChange(
                    name: String(words[1]), architecture: String(architecture),
                    from: String(words[2].dropFirst().dropLast()),
                    to: String(version))
            }
        }

        private func version(_ change: PackageChange, _ side: KeyPath<PackageChange, String?>) -> PackageVersion {
            PackageVersion(
                name: change.name, architecture: change.architecture, version: change[keyPath: side] ?? "")
        }
    }
}
