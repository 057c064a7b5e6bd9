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
            let traffic = try await Traffic.during { try await site.fettle("run", "start", "change-1") }
            #expect(ContinuousClock().now - began > .seconds(9), "nobody waited for the lock")
            #expect(traffic.failed == 0 && traffic.lowest(of: "api") == 3, "of \(traffic.requests)")
            #expect(try await Truth.changes(of: "orders", on: "api-1") == 1)
            try await Balancer.expectAllServe()
        }

        @Test func aLockThatIsHeldForTooLongNamesItsHolderAndNothingIsDrained() async throws {
            try await MainJobLab.renew(.api, offering: "lab-good")
            let site = try Site(Site.Choices(lockWaitSeconds: 3, attempts: 1))
            let plan = try await site.approvedChange(of: "orders", in: .api, on: "api-1")
            try await PackagesLab.lab("lock", "api-1", "600")
            let traffic = try await Traffic.during {
                try await site.fettle("run", "start", "change-1", "--no-verify", ends: 1, 5)
            }
            try await PackagesLab.lab("unlock", "api-1")
            #expect(traffic.failed == 0 && traffic.lowest(of: "api") == 4, "of \(traffic.requests)")
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
            #expect(traffic.failed == 0 && traffic.lowest(of: "api") >= 3, "of \(traffic.requests)")
            let failure = try await site.firstFailure
            #expect(failure?.code == .noSpace, "\(String(describing: failure))")
            #expect(try await !site.touched(plan).contains("api-1"))
            #expect(try await Truth.version(of: "orders", on: ["api-1"]) == ["ii 1.0"])
            try await Balancer.expectAllServe()
        }

        /// The space that was there when the host was looked at is gone when dpkg begins to write.
        @Test func aDiskThatFillsWhenDpkgBeginsIsNoSpaceAndTheHostServesAsBefore() async throws {
            try await MainJobLab.renew(.api, offering: "lab-good")
            let site = try Site(Site.Choices(attempts: 1))
            let plan = try await site.approvedChange(of: "orders", in: .api, on: "api-1", "api-2")
            let traffic = try await Traffic.during {
                try await Self.run(site, fillingTheDiskAt: "Pre-Invoke", ends: 5)
            }
            let failure = try await site.failure(of: "api-1/patch")
            #expect(failure?.code == .noSpace, "\(String(describing: failure))")
            #expect(traffic.failed == 0 && traffic.lowest(of: "api") == 3, "of \(traffic.requests)")
            #expect(try await site.touched(plan) == ["api-1"])
            try await Balancer.expectAllServe()
            try await PackagesLab.lab("unfill", "api-1")
            #expect(try await Truth.version(of: "orders", on: ["api-1", "api-2"]) == ["ii 1.0", "ii 1.0"])
            #expect(try await Truth.isWhole("api-1"))
        }

        /// The patch is bad, and the way back has no room: the host stays out, in the ledger, until there is some.
        @Test func aWayBackWithoutRoomOnTheDiskKeepsTheHostOutUntilThereIsRoomAgain() async throws {
            try await MainJobLab.renew(.api, offering: "lab-unhealthy")
            let site = try Site(Site.Choices(attempts: 1))
            let plan = try await site.approvedChange(of: "orders", in: .api, on: "api-1", "api-2")
            let traffic = try await Traffic.during {
                try await Self.run(site, fillingTheDiskAt: "Post-Invoke", ends: 1)
            }
            #expect(traffic.failed == 0 && traffic.lowest(of: "api") == 3, "of \(traffic.requests)")
            #expect(try await site.touched(plan) == ["api-1"])
            let failure = try await site.failure(of: "api-1/rollback/return")
            #expect(failure?.code == .noSpace, "\(String(describing: failure))")
            #expect(try await site.store.quarantined().map(\.resource) == ["api-1"])
            try await Balancer.expectAllServe(except: ["api-1"])
            try await PackagesLab.lab("unfill", "api-1")
            // Nothing but the bad version is left there: what leads back is a plan of its own.
            try await site.fettle("quarantine", "settle", "api-1", "--note", "there is room again", as: "bob", ends: 3)
            try await site.takeBack("run-1", "--host", "api-1")
            #expect(try await Truth.version(of: "orders", on: ["api-1", "api-2"]) == ["ii 1.0", "ii 1.0"])
            #expect(try await Truth.isWhole("api-1"))
            #expect(try await site.store.quarantined().isEmpty)
            try await Balancer.expectAllServe()
        }

        /// Carries change-1 out, and the disk of api-1 is filled before or after the first time that dpkg works there.
        private static func run(_ site: Site, fillingTheDiskAt moment: String, ends code: Int32) async throws {
            let (began, go) = ("/run/lab-began", "/run/lab-go")
            let wait =
                "[ -e \(began) ] || { touch \(began); n=0; until [ -e \(go) ] || [ $n -gt 600 ]; do sleep .1; n=$((n+1)); done; }"
            let hook = "printf 'DPkg::\(moment) {\"%s\";};\\n' '\(wait)' >/etc/apt/apt.conf.d/99lab"
            try await PackagesLab.inside(hook, on: "api-1")
            let process = try site.launch("run", "start", "change-1")
            defer { process.killAtOnce() }
            try await PackagesLab.inside(
                "n=0; until [ -e \(began) ] || [ $n -gt 900 ]; do sleep .1; n=$((n+1)); done", on: "api-1")
            try await PackagesLab.lab("fill", "api-1")
            try await PackagesLab.inside("touch \(go)", on: "api-1")
            #expect(try await process.end() == code, "\(process.output)")
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
            #expect(traffic.failed == 0 && traffic.lowest(of: "api") == 3, "of \(traffic.requests)")
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
