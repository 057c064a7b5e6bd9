import FettleDriverKit
import FettleModel
import Foundation
import Testing

@testable import FettleDrivers

extension PackagesLabTests {
    /// Jobs that outlive the connection, as systemd's units and, where there is no systemd, with `setsid`.
    @Suite struct Jobs {
        private func runner(_ hasSystemd: Bool, _ channels: SSHConnections) throws -> DetachedJobRunner {
            let step = LabStep.make(.takeOut)
            let session = try HostSession(
                step, in: LabStep.context(step), channels: channels, clock: DriverClock())
            return DetachedJobRunner(session: session, hasSystemd: hasSystemd)
        }

        private func job(_ seconds: Int) -> DetachedJob {
            DetachedJob(
                name: DetachedJob.name(of: "dev-1/job", in: RunID(UUID().uuidString), part: "test"),
                command: ["/bin/sh", "-c", "pwd; echo \"$WORD\"; sleep \(seconds); echo done; exit 100"],
                environment: [.init(name: "WORD", value: "two words")], workingDirectory: "/var/cache")
        }

        @Test(arguments: [true, false])
        func statusAndOutputComeBack(_ hasSystemd: Bool) async throws {
            let runner = try runner(hasSystemd, PackagesLab.connections)
            let job = job(0)
            let outcome = try await runner.run(job, running: nil, seconds: 20)
            #expect(outcome.status == 100 && outcome.output == "/var/cache\ntwo words\ndone\n")
            #expect((outcome.milliseconds != nil) == hasSystemd)
            #expect(try await runner.session.snapshot().jobs[job.name] == nil)
        }

        @Test(arguments: [true, false])
        func jobOutlivesItsConnectionAndIsFoundAgain(_ hasSystemd: Bool) async throws {
            let job = job(4)
            let connections = SSHConnections(PackagesLab.configuration())
            let lost = try runner(hasSystemd, connections)
            let task = Task { try await lost.run(job, running: nil, seconds: 60) }
            let kept = try runner(hasSystemd, PackagesLab.connections)
            while try await kept.session.snapshot().jobs[job.name] == nil {
                try await Task.sleep(for: .milliseconds(100))
            }
            task.cancel()
            await connections.shutDown()
            await #expect(throws: StepFailure.self) { try await task.value }

            let state = try #require(try await kept.session.snapshot().jobs[job.name])
            guard case .running(let since) = state else {
                Issue.record("the job ended with its connection: \(state)")
                return
            }
            #expect(!since.isEmpty)
            // Under its name no second one can be started.
            let outcome = try await kept.run(job, running: nil, seconds: 30)
            #expect(outcome.status == 100 && outcome.output == "/var/cache\ntwo words\ndone\n")
            #expect((outcome.milliseconds != nil) == hasSystemd)
        }

        @Test func jobThatTakesTooLongGoesOn() async throws {
            let runner = try runner(true, PackagesLab.connections)
            let job = job(3)
            let failure = await #expect(throws: StepFailure.self) {
                try await runner.run(job, running: nil, seconds: 1)
            }
            #expect(failure?.code == .timeout)
            let state = try #require(try await runner.session.snapshot().jobs[job.name])
            #expect(try await runner.run(job, running: state, seconds: 30).status == 100)
        }
    }
}
