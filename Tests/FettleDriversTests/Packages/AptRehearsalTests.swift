import FettleDriverKit
import FettleModel
import Testing

@testable import FettleDrivers

/// What is rehearsed once, and for what that holds.
@Suite struct AptRehearsalTests {
    private func change(_ name: String, _ from: String?, _ to: String?) -> PackageChange {
        PackageChange(name: name, architecture: "amd64", from: from, to: to)
    }

    private func transaction(
        _ changes: [PackageChange], _ conffiles: ConffilePolicy = .keepCurrent
    ) -> PackageTransaction {
        PackageTransaction(
            manager: .dpkg, purpose: .patch, changes: changes, conffiles: conffiles, downloadBytes: 0)
    }

    /// What was rehearsed for the plan must be what is run: word by word, but for what apt decides nothing by.
    @Test(arguments: [false, true]) func aPlannedRehearsalAsksForWhatIsRun(removes: Bool) async throws {
        var changes = [change("g++", "1", "2:1.0~rc1+b1"), change("dep", nil, "1")]
        if removes { changes.append(change("old", "1", nil)) }
        let planned = AptRehearsal.planned(try DebianTransaction(transaction(changes)))
        #expect(planned.expected == changes)
        for conffiles in ConffilePolicy.allCases {
            let apply = AptApplication(
                transaction: try DebianTransaction(transaction(changes, conffiles)),
                settings: PackageDriverSettings(lockSeconds: 7), session: try unreachableSession())
            let command = try await apply.command(changes)
            func decisive(_ words: [String]) -> [String] {
                words.filter {
                    !$0.hasPrefix("Dpkg::Options::=") && !$0.hasPrefix("DPkg::Lock::Timeout=") && $0 != "-o"
                }
            }
            #expect(decisive(command) == decisive(planned.command))
            #expect(command.contains("--no-remove") == !removes)
        }
    }

    @Test func aPlannedRehearsalHoldsForTheWholePatchOnAHostThatIsTheSame() async throws {
        let changes = [change("a1", "1", "2"), change("b1", "1", "2")]
        let state = Digest(rawValue: String(repeating: "f0", count: 32))
        let other = Digest(rawValue: String(repeating: "a1", count: 32))
        /// Whether apt is asked: here nobody is there to answer.
        func isAsked(
            _ purpose: PackageTransaction.Purpose = .patch, _ pending: [PackageChange]? = nil, planned: Digest?,
            found: PackageFingerprint?
        ) async throws -> Bool {
            var transaction = transaction(changes)
            transaction.purpose = purpose
            transaction.rehearsedOn = planned
            let apply = AptApplication(
                transaction: try DebianTransaction(transaction), settings: PackageDriverSettings(),
                session: try unreachableSession())
            do throws(StepFailure) {
                try await apply.rehearseOnce(["apt-get"], expecting: pending ?? changes, fingerprint: found)
                return false
            } catch {
                #expect(error.code == .unreachable)
                return true
            }
        }
        let found = PackageFingerprint(decisions: state, whole: other)
        #expect(try await !isAsked(planned: state, found: found))
        #expect(try await isAsked(planned: nil, found: found))
        #expect(try await isAsked(planned: other, found: found))
        #expect(try await isAsked(planned: state, found: nil))
        #expect(try await isAsked(.patch, [changes[0]], planned: state, found: found))
        #expect(try await isAsked(.rollback, planned: state, found: found))
    }

    /// A host that nobody answers for.
    private func unreachableSession() throws -> HostSession {
        let step = Step(
            id: "web-1/patch", resource: "web-1", wave: 0, action: .takeOut, after: [], availability: .none,
            rollbackClass: .exactVersions, estimate: DurationEstimate(medianSeconds: 1, p95Seconds: 1),
            timeoutSeconds: 1)
        let plan = Plan(
            id: "plan-1", title: "", selection: StageReference(id: "selection-1", digest: Digest(rawValue: "00")),
            createdAt: Timestamp(milliseconds: 0), environments: ["dev"],
            targets: [PlanTarget(resource: "web-1", address: .ssh("web-1"), environment: "dev")], groups: [],
            steps: [step], rollback: [], limits: PlanLimits())
        let context = StepContext(
            run: "run-1", plan: plan, attempt: 1, intendedAt: Timestamp(milliseconds: 0), prior: nil)
        return try HostSession(step, in: context, channels: NoChannels(), clock: DriverClock())
    }
}
