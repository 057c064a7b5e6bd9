import FettleModel
import FettleStore
import FettleTestSupport
import Synchronization
import Testing

@testable import FettleExecution

/// How a run ends, and what it leaves behind.
@Suite struct ProvenEndTests {
    private typealias Setup = ExecutorTests.Setup

    private static func asked(_ count: borrowing Mutex<Int>) -> Int { count.withLock { $0 } }

    /// Completed by the task's word while the field was stale: cubecos#583.
    @Test func aRunThatIsSeenOtherwiseAfterAllItsStepsHasNotSucceeded() async throws {
        let setup = try await Setup()
        let executor = setup.executor { $0.proves = { .fails(["on web-1 orders is at 1.0 instead of 1.1"]) } }
        let result = try await executor.execute(start: ExecutorTests.start)
        let reason = "looked at again: on web-1 orders is at 1.0 instead of 1.1"
        #expect(result == .ended(.failed(reason: reason)))
        let records = try await setup.store.records(of: "run-1", after: 0)
        #expect(records.last?.event == .ended(outcome: .failed(reason: reason)))
        // The same once more, from the journal alone.
        #expect(try await setup.executor("two").execute() == result)
    }

    /// Not known is not well (I6): a person has it looked at once more, when the store and the feeds are there again.
    @Test func aRunWhoseHostsCannotBeLookedAtWaitsForAPerson() async throws {
        let setup = try await Setup()
        func executor(_ name: String, _ proof: RunProof) -> RunExecutor {
            setup.executor(name) {
                $0.awaiting = .leaves
                $0.proves = { proof }
            }
        }
        let away = RunProof.unknown("the feeds are away")
        let reason = "all is done, and the hosts could not be looked at again: "
        let first = try await executor("one", away).execute(start: ExecutorTests.start)
        #expect(first == .awaitingHuman(reason: reason + "the feeds are away"))
        #expect(try await setup.store.reservations() == [])
        #expect(try await executor("two", away).execute() == first)
        // The journal tells why now, and not why before.
        let other = try await executor("three", .unknown("the policy is no YAML")).execute()
        #expect(other == .awaitingHuman(reason: reason + "the policy is no YAML"))
        #expect(try await setup.state.awaitingHuman == reason + "the policy is no YAML")
        #expect(try await executor("four", .holds).execute() == .ended(.succeeded))
        #expect(setup.world.now.performed.allSatisfy { $0.value == 1 })
    }

    @Test func onlyWhatWouldHaveSucceededIsLookedAtAgain() async throws {
        let asked = Mutex(0)
        let bad = try await Setup { $0.badOn = ["web-1"] }
        let result = try await bad.executor {
            $0.proves = {
                asked.withLock { $0 += 1 }
                return .fails(["never"])
            }
        }.execute(start: ExecutorTests.start)
        guard case .ended(.rolledBack) = result else { throw Unexpected(result: "\(result)") }
        #expect(Self.asked(asked) == 0)
        let good = try await Setup()
        let other = good.executor {
            $0.proves = {
                asked.withLock { $0 += 1 }
                return .holds
            }
        }
        #expect(try await other.execute(start: ExecutorTests.start) == .ended(.succeeded))
        #expect(Self.asked(asked) == 1)
    }

    private struct Unexpected: Error { var result: String }

    /// Whoever is back in traffic does not hold up other runs because this one is left there and then.
    @Test func anExecutorThatIsToldToStopGivesBackWhatNobodyNeeds() async throws {
        let setup = try await Setup(delay: .milliseconds(20))
        let work = Mutex<Task<RunExecutionResult, any Error>?>(nil)
        let executor = setup.executor {
            $0.progress = { record, _ in
                if case .stepDone("web-1/restore", _, _) = record.event { work.withLock { $0?.cancel() } }
            }
        }
        let gate = AsyncStream<Void>.makeStream()
        let task = Task {
            for await _ in gate.stream { break }
            return try await executor.execute(start: ExecutorTests.start)
        }
        work.withLock { $0 = task }
        gate.continuation.yield()
        await #expect(throws: (any Error).self) { try await task.value }
        let held = try await setup.store.inner.reservations().map(\.resource)
        #expect(!held.contains("web-1"), "\(held)")
        #expect(try await setup.store.inner.summary(of: "run-1")?.executor == nil)
        #expect(try await setup.executor("two").execute() == .ended(.succeeded))
        #expect(setup.world.now.violations == [])
    }

    /// A link that is away for a moment must not use the attempts up that lead back.
    @Test func onTheWayBackAHostThatDoesNotAnswerIsLookedForAgain() async throws {
        let setup = try await Setup { $0.badOn = ["web-1"] }
        let tries = Mutex(0)
        let world = setup.world
        let executor = setup.executor {
            $0.pace = RunPace(blockedSeconds: 1, backOffSeconds: 0, wayBackPatienceSeconds: 30)
            $0.progress = { record, _ in
                if case .rollbackRequested = record.event { world.change { $0.gone = ["web-1"] } }
            }
            $0.sleep = { milliseconds in
                // The host is there again after some looks.
                if world.now.gone.contains("web-1"), milliseconds == 1_000 {
                    let count = tries.withLock { tries in
                        tries += 1
                        return tries
                    }
                    if count == 5 { world.change { $0.gone = [] } }
                }
                try await Task.sleep(for: .milliseconds(min(milliseconds, 5)))
            }
        }
        let result = try await executor.execute(start: ExecutorTests.start)
        guard case .ended(.rolledBack) = result else { throw Unexpected(result: "\(result)") }
        #expect(tries.withLock { $0 } >= 5)
        #expect(setup.world.now.violations == [])
    }

    @Test func whatIsWaitedForForAWhileIsToldOnce() async throws {
        let setup = try await Setup { $0.faults["web-1/patch"] = .blocks(times: 6) }
        let told = Mutex<[String]>([])
        let executor = setup.executor {
            $0.pace = RunPace(blockedSeconds: 0, backOffSeconds: 0, silentSeconds: 0)
            $0.waits = { step, reason in told.withLock { $0.append("\(step): \(reason)") } }
        }
        #expect(try await executor.execute(start: ExecutorTests.start) == .ended(.succeeded))
        #expect(told.withLock { $0 } == ["web-1/patch: somebody holds the lock"])
    }
}
