import FettleDatabase
import FettleModel
import Foundation
import Testing

extension MainJobTests {
    /// Locks, disks and sshd of hosts.
    @Suite struct HostTrouble {
        /// A ghost holds the lock for ever: kured#137; a lock that is taken away breaks the other's work: kube-hetzner#1182.
        @Test func aLockOfAnotherProcessIsWaitedFor() async throws {
            try await MainJobLab.renew(.api, offering: "lab-good")
            let site = try Site()
            _ = try await site.approvedChange(of: "orders", in: .api, on: "api-1")
            try await PackagesLab.lab("lock", "api-1", "12")
            let began = ContinuousClock().now
            try await site.fettle("run", "start", "change-1")
            #expect(ContinuousClock().now - began > .seconds(9), "nobody waited for the lock")
            #expect(try await Truth.changes(of: "orders", on: "api-1") == 1)
            try await Balancer.expectAllServe()
        }

        @Test func aLockThatIsHeldForTooLongNamesItsHolderAndNothingIsDrained() async throws {
            try await MainJobLab.renew(.api, offering: "lab-good")
            let site = try Site(Site.Choices(lockWaitSeconds: 3, attempts: 1))
            let plan = try await site.approvedChange(of: "orders", in: .api, on: "api-1")
            try await PackagesLab.lab("lock", "api-1", "600")
            try await site.fettle("run", "start", "change-1", "--no-verify", ends: 1, 5)
            try await PackagesLab.lab("unlock", "api-1")
            let failure = try #require(try await site.firstFailure)
            #expect(failure.code == .locked && failure.message.contains("python3"), "\(failure)")
            #expect(try await site.touched(plan).isEmpty)
            #expect(try await Truth.version(of: "orders", on: ["api-1"]) == ["ii 1.0"])
            try await Balancer.expectAllServe()
        }

        /// One bad host aborts everything, and a retry is awkward: ansible#7019. Here it costs nobody their place in the pool.
        @Test func aFullDiskIsSeenBeforeAnythingIsDrained() async throws {
            try await MainJobLab.renew(.api, offering: "lab-good")
            let site = try Site()
            let plan = try await site.approvedChange(of: "orders", in: .api, on: "api-1", "api-2")
            try await PackagesLab.lab("fill", "api-1")
            let traffic = try await Traffic.during {
                try await site.fettle("run", "start", "change-1", ends: 1, 5)
            }
            try await PackagesLab.lab("unfill", "api-1")
            #expect(traffic.failed == 0, "of \(traffic.requests)")
            let failure = try await site.firstFailure
            #expect(failure?.code == .noSpace, "\(String(describing: failure))")
            #expect(try await !site.touched(plan).contains("api-1"))
            #expect(try await Truth.version(of: "orders", on: ["api-1"]) == ["ii 1.0"])
            try await Balancer.expectAllServe()
        }

        /// Automatic restart killed sshd: needrestart#340.
        @Test func sshdThatDiesInTheMiddleOfAPatchCostsNothingWhenItIsBack() async throws {
            try await MainJobLab.renew(.api, offering: "lab-good")
            let site = try Site()
            _ = try await site.approvedChange(of: "orders", in: .api, on: "api-1", "api-2")
            let traffic = try await Traffic.during {
                let process = try site.launch("run", "start", "change-1")
                defer { process.killAtOnce() }
                try await site.waitForIntent("api-1/patch")
                try await PackagesLab.lab("kill-sshd", "api-1")
                try await Task.sleep(for: .seconds(4))
                try await PackagesLab.lab("exec", "api-1", "systemctl", "start", "ssh")
                #expect(try await process.end() == 0, "\(process.output)")
            }
            #expect(traffic.failed == 0, "of \(traffic.requests)")
            #expect(try await Truth.version(of: "orders", on: ["api-1", "api-2"]) == ["ii 1.1", "ii 1.1"])
            #expect(try await Truth.changes(of: "orders", on: "api-1") == 1)
            try await Balancer.expectAllServe()
        }

        /// A patch that cuts the way to its host: failed and quarantined, never "done" (ansible#56265).
        @Test func aPatchAfterWhichTheHostIsNotReachedIsQuarantined() async throws {
            try await MainJobLab.renew(.api, offering: "lab-nosshd")
            let site = try Site(Site.Choices(attempts: 1))
            let plan = try await site.approvedChange(of: "access-hardening", in: .api, on: "api-1", "api-2")
            try await site.fettle("run", "start", "change-1", ends: 1)
            #expect(try await site.touched(plan) == ["api-1"])
            #expect(try await site.store.quarantined().map(\.resource) == ["api-1"])
            try await Balancer.expectAllServe(except: ["api-1"])
            try await PackagesLab.lab("exec", "api-1", "systemctl", "start", "ssh")
            try await site.fettle("quarantine", "settle", "api-1", "--note", "sshd started by hand", as: "bob")
            try await Balancer.expectAllServe()
        }
    }
}
