import FettleModel
import Foundation
import Testing

extension MainJobTests {
    /// What stands before the hosts.
    @Suite struct LoadBalancer {
        /// Completed by the task's word while the field was stale: cubecos#583. What was drained at run time is lost by a restart.
        @Test func aRestartOfHAProxyInTheMiddleOfAPatchDoesNotBringTheMemberBack() async throws {
            try await MainJobLab.renew(.api, offering: "lab-good")
            // dpkg starts late, so that the restart surely comes in the middle.
            let slow = "echo 'DPkg::Pre-Invoke {\"sleep 20\";};' >/etc/apt/apt.conf.d/99slow"
            try await PackagesLab.lab("exec", "api-1", "sh", "-c", slow)
            let site = try Site()
            _ = try await site.approvedChange(of: "orders", in: .api, on: "api-1", "api-2")
            // Clients whose requests are in flight through HAProxy when it is restarted see that; what it counts itself begins after it.
            try await PackagesLab.lab("load", "start")
            try await PackagesLab.lab("sample", "start")
            let process = try site.launch("run", "start", "change-1")
            defer { process.killAtOnce() }
            try await site.waitForIntent("api-1/patch")
            try await PackagesLab.lab("haproxy", "restart")
            var drainedAgain = false
            for _ in 0..<170 where !drainedAgain {
                drainedAgain = (try? await Balancer.isTakenOut("api-1")) ?? false
                if !drainedAgain { try await Task.sleep(for: .milliseconds(100)) }
            }
            let drainedAt = Date().timeIntervalSince1970
            #expect(drainedAgain, "the member gets traffic while it is patched: \(process.output)")
            // Other hosts are prepared meanwhile, so that the newest event need not be this step's.
            let hasEnded = try await site.journal.contains { $0.event.isEnd(of: "api-1/patch") }
            #expect(!hasEnded, "the step has ended before")
            #expect(try await process.end() == 0, "\(process.output)")
            let answers = try await Balancer.answers(of: "api")
            #expect(answers.failed == 0 && answers.good > 500, "\(answers)")
            try await PackagesLab.lab("load", "stop")
            let path = try await PackagesLab.lab("sample", "stop").trimmingCharacters(in: .whitespacesAndNewlines)
            let restoredAt = try #require(
                try await site.journal.first { $0.event.isIntent(of: "api-1/restore") }?.at.milliseconds)
            let meanwhile = try Traffic.read(path).filter {
                $0.server == "api-1" && $0.time > drainedAt && $0.time < Double(restoredAt) / 1000
            }
            #expect(!meanwhile.isEmpty && meanwhile.allSatisfy { !$0.serves })
            #expect(try await Truth.version(of: "orders", on: ["api-1", "api-2"]) == ["ii 1.1", "ii 1.1"])
            try await Balancer.expectAllServe()
        }

        /// docs/traffic.md says how HAProxy keeps its drains itself: then not even the moment until Fettle sees the restart is open.
        @Test func aHAProxyThatKeepsItsServersStateSendsNothingToADrainedMemberAfterARestart() async throws {
            try await MainJobLab.renew(.api, offering: "lab-good")
            try await Balancer.keepsItsState(true)
            let slow = "echo 'DPkg::Pre-Invoke {\"sleep 20\";};' >/etc/apt/apt.conf.d/99slow"
            try await PackagesLab.lab("exec", "api-1", "sh", "-c", slow)
            let site = try Site()
            _ = try await site.approvedChange(of: "orders", in: .api, on: "api-1")
            try await PackagesLab.lab("load", "start")
            try await PackagesLab.lab("sample", "start")
            let process = try site.launch("run", "start", "change-1")
            defer { process.killAtOnce() }
            try await site.waitForIntent("api-1/patch")
            try await PackagesLab.lab("haproxy", "restart")
            #expect(try await process.end() == 0, "\(process.output)")
            let answers = try await Balancer.answers(of: "api")
            #expect(answers.failed == 0 && answers.good > 500, "\(answers)")
            try await PackagesLab.lab("load", "stop")
            let path = try await PackagesLab.lab("sample", "stop").trimmingCharacters(in: .whitespacesAndNewlines)
            let journal = try await site.journal
            let drainedAt = try #require(journal.first { $0.event.isEnd(of: "api-1/drain") }?.at.milliseconds)
            let restoredAt = try #require(journal.first { $0.event.isIntent(of: "api-1/restore") }?.at.milliseconds)
            let meanwhile = try Traffic.read(path).filter {
                $0.server == "api-1" && $0.time * 1000 > Double(drainedAt) && $0.time * 1000 < Double(restoredAt)
            }
            #expect(meanwhile.count > 20 && meanwhile.allSatisfy { !$0.serves })
            #expect(try await Truth.version(of: "orders", on: ["api-1"]) == ["ii 1.1"])
            try await Balancer.keepsItsState(false)
            try await Balancer.expectAllServe()
        }
    }
}

extension RunEvent {
    func isEnd(of step: StepID) -> Bool {
        switch self {
        case .stepDone(step, _, _), .stepFailed(step, _, _): true
        default: false
        }
    }

    func isIntent(of step: StepID) -> Bool {
        if case .stepIntended(step, _, _) = self { true } else { false }
    }
}
