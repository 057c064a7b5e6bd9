import FettleModel
import Foundation
import Testing

/// Whatever people do, in whatever order: no run without a valid quorum, and nobody without the right changes anything.
@Suite struct ChangePropertyTests {
    private static let people: [Person] = [
        "alice", "alice (signed in as root)", "bob", "bob (signed in as root)", "carol", "dora", "mallory",
    ]
    private static let seeds: UInt64 =
        ProcessInfo.processInfo.environment["FETTLE_TEST_LONG"] == "1" ? 100_000 : 3_000

    /// What an observer writes down of the acts that were taken, and by which it judges by itself.
    private struct Witness {
        var approvals: [String: Digest] = [:]
        var rejected = false
        var withdrawn = false
        var window: TimeWindow?

        mutating func see(_ act: ChangeAct) {
            switch act {
            case .vote(let person, let approves, let digest, _):
                if approves { approvals[person.name] = digest } else { rejected = true }
            case .withdraw: withdrawn = true
            case .schedule(_, let window): self.window = window
            case .submit, .assessed, .begin, .review: break
            }
        }

        /// Written down anew from the rule's words, not from the machine.
        func mayRun(_ change: Change, _ digest: Digest, at time: Timestamp) -> Bool {
            let counted = approvals.filter { person, seen in
                seen == change.plan.digest && (change.rule.requesterMayApprove || person != "alice")
            }
            let demanded = (change.rule.demands ?? []).allSatisfy { demand in
                demand.people.contains { counted[$0] != nil }
                    || (demand.askingAgrees && demand.people.contains("alice"))
            }
            let isInTime = window.map { $0.opensAt <= time && time < $0.closesAt } ?? true
            return counted.count >= change.rule.approvals && demanded && !rejected && !withdrawn && isInTime
                && digest == change.plan.digest && (change.expiresAt.map { time < $0 } ?? true)
        }
    }

    private static func subject(_ random: inout SplitMix) -> Change {
        var change = ChangeMachineTests.change(
            approvals: Int.random(in: 0...3, using: &random),
            requesterMayApprove: Int.random(in: 0..<4, using: &random) == 0)
        if Bool.random(using: &random) {
            change.rule.demands = [
                ApprovalRule.Demand(
                    what: "x", people: [["dora"], ["alice"], ["carol", "dora"]].randomElement(using: &random) ?? [],
                    askingAgrees: Bool.random(using: &random))
            ]
        }
        if Bool.random(using: &random) { change.expiresAt = change.requestedAt.adding(seconds: 50) }
        change.preparation = .new
        return change
    }

    private static func act(_ random: inout SplitMix, at time: Timestamp) -> ChangeAct {
        let person = people.randomElement(using: &random) ?? "mallory"
        let digest =
            Int.random(in: 0..<5, using: &random) == 0 ? ChangeMachineTests.other : ChangeMachineTests.digest
        switch Int.random(in: 0..<12, using: &random) {
        case 0: return .submit
        case 1: return .assessed
        case 2...6:
            return .vote(
                by: person, approves: Int.random(in: 0..<8, using: &random) > 0, digest: digest, note: "\n-x;$(y)")
        case 7: return .withdraw(by: person)
        case 8:
            let opens = time.adding(seconds: Int.random(in: -20...20, using: &random))
            let window = TimeWindow(
                opensAt: opens, closesAt: opens.adding(seconds: Int.random(in: -5...40, using: &random)))
            return .schedule(by: person, window: Bool.random(using: &random) ? window : nil)
        case 9: return .review(by: person, text: "seen")
        default: return .begin(run: RunID("run-\(Int.random(in: 1...2, using: &random))"), digest: digest)
        }
    }

    @Test func noRunWithoutAQuorumAndNobodyWithoutTheRightChangesState() {
        var met: Set<String> = []
        for seed in 1...Self.seeds {
            var random = SplitMix(seed: seed)
            var change = Self.subject(&random)
            var witness = Witness()
            var time = change.requestedAt
            var end: Change.RunEnd?
            for _ in 0..<24 {
                time = time.adding(seconds: Int.random(in: 0...6, using: &random))
                if change.run != nil, end == nil, Int.random(in: 0..<6, using: &random) == 0 {
                    end = Bool.random(using: &random) ? .succeeded : .otherwise
                }
                let act = Self.act(&random, at: time)
                let before = change
                do throws(ChangeRefusal) {
                    try change.apply(act, at: time, runEnd: end)
                } catch {
                    #expect(change == before, "seed \(seed): a refused \(act) left a trace")
                    met.insert("refused \(error.code)")
                    continue
                }
                check(act, before, change, witness, at: time, end, seed: seed)
                witness.see(act)
                met.insert(Self.name(act))
            }
        }
        // Each act was taken, and each kind of refusal met, at least once: otherwise nothing was tried.
        #expect(met.isSuperset(of: ["submit", "assessed", "vote", "withdraw", "schedule", "begin", "review"]))
        #expect(met.isSuperset(of: ["refused blocked", "refused conflict", "refused drift", "refused invalid"]))
    }

    private func check(
        _ act: ChangeAct, _ before: Change, _ after: Change, _ witness: Witness, at time: Timestamp,
        _ end: Change.RunEnd?, seed: UInt64
    ) {
        // Votes are only added, and never altered.
        #expect(Array(after.votes.prefix(before.votes.count)) == before.votes, "seed \(seed)")
        #expect(Set(after.votes.map(\.person.name)).count == after.votes.count, "seed \(seed)")
        switch act {
        case .begin(_, let digest):
            #expect(witness.mayRun(before, digest, at: time), "seed \(seed): \(before) ran")
            #expect(before.preparation == nil, "seed \(seed)")
        case .withdraw(let person), .schedule(let person, _): #expect(person.name == "alice", "seed \(seed)")
        case .review(let person, _):
            #expect(person.name != "alice" && end != nil && before.run != nil, "seed \(seed)")
        case .vote(let person, let approves, let digest, _):
            #expect(digest == before.plan.digest && before.run == nil, "seed \(seed)")
            #expect(!approves || person.name != "alice" || before.rule.requesterMayApprove, "seed \(seed)")
        case .submit, .assessed: break
        }
        if case .begin = act { return }
        #expect(after.run == before.run, "seed \(seed): \(act) made a run")
    }

    private static func name(_ act: ChangeAct) -> String {
        switch act {
        case .submit: "submit"
        case .assessed: "assessed"
        case .vote: "vote"
        case .withdraw: "withdraw"
        case .schedule: "schedule"
        case .begin: "begin"
        case .review: "review"
        }
    }
}
