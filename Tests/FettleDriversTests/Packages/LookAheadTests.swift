import FettleDriverKit
import FettleModel
import FettleTestSupport
import Foundation
import Synchronization
import Testing

@testable import FettleDrivers

/// A change of packages that was looked at while its host was being taken out; by the real script, with a `dpkg-query` of the test's own.
@Suite final class LookAheadTests {
    private let directory = FileManager.default.temporaryDirectory.appending(path: "fettle-ahead-\(UUID())")
    private let plan = RollingPlan.plan(size: 2, lanes: 1)

    init() throws {
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let query = directory.appending(path: "dpkg-query")
        try Data("#!/bin/sh\ncat \"\(directory.path)/status\"\n".utf8).write(to: query)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: query.path)
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    private final class Counting: CommandChannel, ChannelProvider {
        private let count = Mutex(0)
        private let inner: ShellRunner
        var commands: Int { count.withLock { $0 } }

        init(_ inner: ShellRunner) { self.inner = inner }

        func channel(to address: ResourceAddress) async throws(AccessError) -> any CommandChannel { self }
        func close() async {}
        func run(_ command: RemoteCommand) async throws(AccessError) -> CommandResult {
            count.withLock { $0 += 1 }
            return try await inner.run(command)
        }
    }

    /// The driver as a run gets it, with all that stands around it.
    private func host(has version: String) throws -> (Counting, any StepDriver) {
        try install(version)
        var runner = ShellRunner()
        runner.environment["PATH"] = directory.path + ":" + (runner.environment["PATH"] ?? "")
        let channels = Counting(runner)
        let drivers = BuiltInDrivers(channels: channels, inspector: ShellHostInspector(channels: channels))
        return (channels, try #require(drivers.driver(for: .changePackages(transaction: RollingPlan.transaction))))
    }

    private func install(_ version: String) throws {
        try Data("install ok installed\topenssl\tamd64\t\(version)\n".utf8)
            .write(to: directory.appending(path: "status"))
    }

    private func patch() throws -> (Step, StepContext) {
        let step = try #require(plan.steps.first { $0.id == "web-1/patch" })
        let moment = Timestamp(milliseconds: 0)
        return (step, StepContext(run: "run-1", plan: plan, attempt: 1, intendedAt: moment, prior: nil))
    }

    private func isReady(_ answer: StepReadiness) -> Bool { if case .ready = answer { true } else { false } }

    @Test func theCheckAsksTheHostNothingMore() async throws {
        let (channels, driver) = try host(has: "1")
        let (step, context) = try patch()
        // On a busy machine a look can be too old when it is wanted: then there is nothing to be seen, and the next one counts.
        for _ in 0..<50 {
            let began = (at: ContinuousClock.now, commands: channels.commands)
            await driver.lookAhead(at: step, in: context)
            let asked = channels.commands
            #expect(isReady(await driver.check(step, in: context)))
            let answered = channels.commands
            guard began.at.duration(to: .now) < RecentLooks<PackageSnapshot>.freshness else { continue }
            #expect(asked == began.commands + 1 && answered == asked)
            // It is good for one check: the next one looks itself.
            #expect(isReady(await driver.check(step, in: context)))
            #expect(channels.commands == answered + 1)
            return
        }
        Issue.record("no look was fresh")
    }

    /// That it is done, that it cannot be done and that the host is not as planned are never told by what was seen before.
    @Test(arguments: ["2", "7"]) func onlyThatItCanBeginIsToldByIt(version: String) async throws {
        let (channels, driver) = try host(has: version)
        let (step, context) = try patch()
        await driver.lookAhead(at: step, in: context)
        try install("1")
        #expect(isReady(await driver.check(step, in: context)))
        #expect(channels.commands == 2)
    }

    @Test func anotherStepIsNotToldByIt() async throws {
        let (channels, driver) = try host(has: "1")
        let (step, context) = try patch()
        let other = try #require(plan.steps.first { $0.id == "web-2/patch" })
        await driver.lookAhead(at: other, in: context)
        #expect(isReady(await driver.check(step, in: context)))
        #expect(channels.commands == 2)
    }
}
