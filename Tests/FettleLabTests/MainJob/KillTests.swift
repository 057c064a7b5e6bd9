import FettleDatabase
import FettleModel
import FettleTestSupport
import Foundation
import Testing

extension MainJobTests {
    /// Fettle is killed after every event of its journal, seen from outside: nothing in it helps with that.
    @Suite struct Kills {
        /// Events after which a run of its own is killed once: `first`, and each `stride`-th from there to the end.
        struct Share: Sendable, CustomTestStringConvertible {
            var first: Int
            var stride: Int
            var testDescription: String { "event \(first) and every \(stride)th" }

            static let all =
                TestScale.isLong ? (1...8).map { Share(first: $0, stride: 8) } : [Share(first: 16, stride: 1_000)]
        }

        /// One run that dies as often as its journal tells something new, and goes on each time from the journal alone.
        /// Recovery ran live work again: dbos-transact-java#491. Cordoned for ever after a failure: kured#63.
        @Test func oneRunThatIsKilledAfterEachOfItsEventsEndsAsIfNothingHadHappened() async throws {
            try await MainJobLab.renew(.web, offering: "lab-good")
            let site = try Site()
            let plan = try await site.approvedChange(of: "orders", in: .web, on: "web-1", "web-2")
            let before = try await HostState.of("web-1", "web-2")
            var deaths = Deaths()
            let traffic = try await Traffic.during { deaths = try await site.dieAfterEachEvent() }
            #expect(deaths.missed.count <= 4 && deaths.count > plan.steps.count, "not after \(deaths.missed)")
            try await expectTheEnd(of: site, before, traffic)
        }

        /// The same with a run of its own for each event, so that no death follows another.
        @Test(arguments: Share.all) func aRunThatIsKilledOnceEndsAsIfNothingHadHappened(_ share: Share) async throws {
            var number = share.first
            while true {
                try await MainJobLab.renew(.web, offering: "lab-good")
                let site = try Site()
                _ = try await site.approvedChange(of: "orders", in: .web, on: "web-1", "web-2")
                let before = try await HostState.of("web-1", "web-2")
                var isPastTheEnd = false
                let traffic = try await Traffic.during {
                    let process = try await site.carryOn()
                    isPastTheEnd = try await !process.dies(atFirst: { $0.sequence >= number }, of: site)
                    if isPastTheEnd {
                        #expect(try await process.end() == 0, "\(process.output)")
                    } else {
                        let second = try await site.carryOn()
                        #expect(try await second.end() == 0, "killed after event \(number): \(second.output)")
                    }
                }
                try await expectTheEnd(of: site, before, traffic)
                number += share.stride
                if isPastTheEnd || share.stride >= 1_000 { return }
            }
        }

        /// By HAProxy, dpkg, apt and systemd themselves; and that Fettle's own books are closed.
        private func expectTheEnd(of site: Site, _ before: [String: HostState], _ traffic: Traffic) async throws {
            #expect(try await site.outcome == .succeeded)
            #expect(traffic.failed == 0 && traffic.requests > 1_000, "\(traffic.failed) of \(traffic.requests)")
            #expect(traffic.lowest(of: "web") == 3)
            for (host, after) in try await HostState.of("web-1", "web-2").sorted(by: { $0.key < $1.key }) {
                let earlier = try #require(before[host])
                #expect(after.versions == earlier.versions.replacing("orders 1.0", with: "orders 1.1"), "\(host)")
                #expect(after.automatic == earlier.automatic, "\(host)")
                #expect(
                    after.work.dropFirst(earlier.work.count) == ["upgrade orders:all 1.0", "configure orders:all 1.1"],
                    "\(host)")
                #expect(after.jobs == "", "\(host)")
            }
            #expect(try await site.store.reservations().isEmpty)
            #expect(try await site.store.quarantined().isEmpty)
            #expect(try await site.fettle("run", "obligations", "run-1").contains("owes nothing"))
            try await Balancer.expectAllServe()
        }
    }
}

/// What a change can have left behind on a host, asked without ssh and without Fettle.
private struct HostState {
    /// Of all packages, a line each.
    var versions: String
    /// What apt treats as a dependency.
    var automatic: String
    /// dpkg's own log: what it did to which package, the oldest first.
    var work: [String]
    /// Fettle's units, ended ones too.
    var jobs: String

    static func of(_ hosts: String...) async throws -> [String: HostState] {
        var states: [String: HostState] = [:]
        for host in hosts {
            states[host] = HostState(
                versions: try await PackagesLab.inside(
                    "dpkg-query -W -f='${db:Status-Abbrev}${Package} ${Version}\\n'", on: host),
                automatic: try await PackagesLab.inside("apt-mark showauto", on: host),
                work: try await PackagesLab.inside(
                    "awk '$3 ~ /^(install|upgrade|configure|remove|purge)$/ { print $3, $4, $5 }' /var/log/dpkg.log",
                    on: host
                ).split(separator: "\n").map(String.init),
                jobs: try await PackagesLab.inside(
                    "systemctl list-units --all --plain --no-legend 'fettle-*'; ls -d /run/fettle/*.job 2>/dev/null || :",
                    on: host))
        }
        return states
    }
}
