import FettleModel
import Foundation
import Testing

@testable import FettlePlanning

@Suite("What steps took says what to expect of them")
struct DurationHistoryTests {
    private let now = Timestamp("2026-11-23T09:30:00Z") ?? Timestamp(milliseconds: 0)
    private let host = Resource(id: "web-1", kind: .virtualMachine, address: .ssh("web-1"), environment: "dev")
    private let priors = DurationPriors.documented

    @Test func withoutHistoryTheTableIsKept() {
        let other = sample("verify", seconds: 500, of: 2)
        for history in [DurationHistory.empty, DurationHistory([other])] {
            for (action, prior) in actions() {
                guard action.name != "verify" else { continue }
                #expect(history.estimate(of: action, on: host, groups: ["web"], prior: prior) == prior)
                var table = priors
                table.history = history
                #expect(
                    table.learned(step(action, prior), on: host, groups: ["web"], isTimeGiven: false)
                        == step(action, prior))
            }
        }
    }

    /// The quantiles move to the measured ones and never past them, whatever the shape of what was measured.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func theMoreIsMeasuredTheNearerItIsToWhatWasMeasured(_ seed: UInt64) {
        var random = SplitMix(seed: seed)
        let prior = priors.restartServices
        let shape = Int.random(in: 0...2, using: &random)
        let seconds = (0..<20).map { _ in
            switch shape {
            case 0: Double(Int.random(in: 1...400, using: &random))
            // Two modes: most are quick, some wait for a database.
            case 1: Bool.random(using: &random) ? 2.0 : 240.0
            default: exp(Double.random(in: 0...6, using: &random)).rounded()
            }
        }
        let sorted = seconds.sorted()
        let (median, p95) = (Int(sorted[9]), Int(sorted[18]))
        var last = prior
        for times in 1...25 {
            let samples = (0..<times).flatMap { _ in seconds.map { sample("restart services", seconds: $0, of: 5) } }
            let estimate = DurationHistory(samples).estimate(
                of: .restartServices(except: []), on: host, groups: [], prior: prior)
            #expect(isBetween(estimate.medianSeconds, last.medianSeconds, median))
            #expect(isBetween(estimate.p95Seconds, last.p95Seconds, p95))
            #expect(estimate.p95Seconds >= estimate.medianSeconds)
            last = estimate
        }
        // With 500 of them a 50th is left to the table.
        let within = { (share: Double) in Int(sorted[min(19, Int((share * 20).rounded(.up)) - 1)]) }
        #expect((within(0.48)...within(0.52)).contains(last.medianSeconds))
        #expect((within(0.93)...max(within(0.98), prior.p95Seconds)).contains(last.p95Seconds))
    }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func theNinetyFifthIsNeverBelowTheMedianAndEveryStepKeepsItsTime(_ seed: UInt64) {
        var random = SplitMix(seed: seed)
        var table = priors
        let groups: [GroupID] = ["web", "db"]
        table.history = DurationHistory(
            (0..<Int.random(in: 1...60, using: &random)).map { _ in
                let (action, prior) = actions().randomElement(using: &random) ?? (.takeOut, priors.takeOut)
                return DurationSample(
                    action: action.name, resource: Bool.random(using: &random) ? host.id : "web-2",
                    groups: [groups.randomElement(using: &random) ?? "web"], packages: ["nginx"],
                    seconds: Double.random(in: 0...5_000, using: &random),
                    expectedSeconds: Double(prior.medianSeconds), at: now)
            })
        for (action, prior) in actions() {
            for given in [nil, prior.p95Seconds, prior.p95Seconds + 40] {
                var step = step(action, prior)
                if let given { step.timeoutSeconds = given }
                let learned = table.learned(step, on: host, groups: groups, isTimeGiven: given != nil)
                #expect(learned.estimate.medianSeconds <= learned.estimate.p95Seconds)
                #expect(learned.estimate.p95Seconds <= learned.timeoutSeconds)
                if given == nil { #expect(learned.timeoutSeconds >= step.timeoutSeconds) }
                if case .preflight = action { continue }
                if given != nil { #expect(learned.timeoutSeconds == step.timeoutSeconds) }
            }
        }
    }

    /// One of thirty hung until its time was over: the 95% figure stays where the others are and the table was.
    @Test func anOutlierMovesNothingByMoreThanItsShare() {
        let usual = (0..<300).map { sample("restart services", seconds: 4 + Double($0 % 3), of: 5) }
        let outliers = (0..<10).map { _ in sample("restart services", seconds: 180, of: 5) }
        let without = estimate(usual)
        let with = estimate(usual + outliers)
        #expect(with.medianSeconds == without.medianSeconds)
        #expect(with.p95Seconds <= priors.restartServices.p95Seconds)
    }

    @Test func aPackageThatIsSlowHereMakesItsTransactionsSlow() {
        let quick = (0..<100).map { _ in sample("patch", seconds: 7, of: 7, packages: ["curl"]) }
        let slow = (0..<20).map { _ in sample("patch", seconds: 140, of: 7, packages: ["linux-image"]) }
        let history = DurationHistory(quick + slow)
        let expect = { (names: [String]) in
            let transaction = self.transaction(names)
            return history.estimate(
                of: .changePackages(transaction: transaction), on: self.host, groups: [],
                prior: self.priors.change(transaction))
        }
        #expect(expect(["curl"]).medianSeconds < 10)
        #expect(expect(["linux-image"]).medianSeconds >= 140)
        #expect(expect(["curl", "linux-image"]).p95Seconds >= expect(["linux-image"]).p95Seconds)
        // A package of which nothing is known takes what the fleet's patches take.
        #expect(expect(["bash"]).p95Seconds <= expect(["linux-image"]).p95Seconds)
    }

    @Test func aGroupThatIsSlowSaysSoForItsOwnMembers() {
        let samples = (0..<30).flatMap { _ in
            [
                sample("restart services", seconds: 5, of: 5, groups: ["web"]),
                sample("restart services", seconds: 55, of: 5, groups: ["db"]),
            ]
        }
        let history = DurationHistory(samples)
        let median = { (groups: [GroupID]) in
            history.estimate(
                of: .restartServices(except: []), on: self.host, groups: groups, prior: self.priors.restartServices
            ).medianSeconds
        }
        #expect(median(["web"]) == 5)
        #expect(median(["db"]) == 55)
        #expect(median(["web", "db"]) == 55)
    }

    // MARK: Reboots

    @Test func aHostsRebootIsExpectedFromItsOwnPast() {
        let own = sample("reboot", seconds: 400, of: 90)
        let others = (0..<50).map { _ in sample("reboot", seconds: 30, of: 90, on: "web-2") }
        var table = priors
        table.history = DurationHistory(others + [own])
        let slow = table.learned(
            step(.reboot(condition: .always), priors.reboot), on: host, groups: [], isTimeGiven: false)
        #expect(slow.estimate.medianSeconds == 400)
        let other = Resource(id: "web-2", address: .ssh("web-2"), environment: "dev")
        let quick = table.learned(
            step(.reboot(condition: .always), priors.reboot), on: other, groups: [], isTimeGiven: false)
        #expect(quick.estimate.medianSeconds == 30)
        #expect(quick.estimate.p95Seconds < priors.reboot.p95Seconds)
        // It is not cut off earlier for that.
        #expect(quick.timeoutSeconds == priors.timeout(priors.reboot))
    }

    @Test func aRebootThatIsNotExpectedIsAllowedForInFull() {
        var table = priors
        table.history = DurationHistory([sample("reboot", seconds: 400, of: 90)])
        let learned = table.learned(
            step(.reboot(condition: .ifRequired), priors.reboot(isExpected: false)), on: host, groups: [],
            isTimeGiven: false)
        #expect(learned.estimate.medianSeconds == priors.rebootQuestionSeconds)
        #expect(learned.estimate.p95Seconds >= 400)
    }

    @Test func machinesWithFirmwareAreAllowedMore() {
        let reboot = { (resource: Resource, history: DurationHistory) in
            var table = self.priors
            table.history = history
            return table.learned(
                self.step(.reboot(condition: .always), self.priors.reboot), on: resource, groups: [], isTimeGiven: false
            ).estimate
        }
        var metal = host
        metal.kind = .host
        #expect(reboot(metal, .empty) == priors.reboot)
        metal.serviceModel = .bareMetal
        #expect(reboot(metal, .empty) == priors.serverReboot)
        metal.kind = .storage
        #expect(reboot(metal, .empty) == priors.deviceReboot)
        // What other hypervisors took says more of a hypervisor than what machines on them took.
        let fleet = Fleet(
            environments: [],
            resources: ["hv-1", "hv-2", "vm-1"].map { id in
                Resource(
                    id: id, kind: id == "vm-1" ? .virtualMachine : .hypervisor, address: .ssh("x"), environment: "dev")
            }, groups: [])
        let history = DurationHistory(
            (0..<40).flatMap { _ in
                [sample("reboot", seconds: 420, of: 90, on: "hv-1"), sample("reboot", seconds: 20, of: 90, on: "vm-1")]
            }, fleet: fleet)
        #expect(reboot(fleet.resources[1], history).medianSeconds == 420)
        #expect(reboot(fleet.resources[2], history).medianSeconds == 20)
    }

    @Test func noRebootIsExpectedToTakeLongerThanPolicyGivesIt() {
        var table = priors
        table.history = DurationHistory([sample("reboot", seconds: 400, of: 90)])
        var step = step(.reboot(condition: .always), DurationEstimate(medianSeconds: 60, p95Seconds: 60))
        step.timeoutSeconds = 60
        let learned = table.learned(step, on: host, groups: [], isTimeGiven: true)
        #expect(learned.timeoutSeconds == 60)
        #expect(learned.estimate == DurationEstimate(medianSeconds: 60, p95Seconds: 60))
    }

    @Test func aPreflightWaitsForALockAsLongAsBefore() {
        var table = priors
        table.history = DurationHistory((0..<40).map { _ in sample("preflight", seconds: 1, of: 2) })
        var step = step(.preflight(expectation: HostExpectation(packages: []), probes: []), priors.preflight)
        step.timeoutSeconds = 90 + priors.preflight.p95Seconds
        let learned = table.learned(step, on: host, groups: [], isTimeGiven: true)
        #expect(learned.estimate.p95Seconds < priors.preflight.p95Seconds)
        #expect(learned.timeoutSeconds - learned.estimate.p95Seconds == 90)
    }

    @Test func theOrderOfRunsDoesNotMatterAndTheNewestAreKept() {
        let old = (0..<700).map { sample("verify", seconds: 40, of: 2, daysAgo: 100 + $0) }
        let new = (0..<500).map { sample("verify", seconds: Double($0 % 5), of: 2, daysAgo: $0 / 10) }
        var random = SplitMix(seed: 3)
        #expect(DurationHistory((old + new).shuffled(using: &random)) == DurationHistory(new))
    }

    @Test(arguments: [Double.nan, .infinity, -1, 1e300])
    func damagedSamplesDoNoHarm(_ seconds: Double) {
        let history = DurationHistory([sample("verify", seconds: seconds, of: 2), sample("verify", seconds: 3, of: 0)])
        let estimate = history.estimate(
            of: .verify(expectation: HostExpectation(packages: [])), on: host, groups: [], prior: priors.verify)
        #expect((0...1_000_000_000).contains(estimate.p95Seconds) && estimate.medianSeconds <= estimate.p95Seconds)
    }

    /// docs/windows.md shows the numbers.
    @Test func thePageShowsTheNumbersThatAreUsed() throws {
        let root = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let page = try String(contentsOf: root.appending(path: "docs/windows.md"), encoding: .utf8)
        typealias Weights = DurationHistory.Weights
        for (row, weight) in [
            ("| the fleet's steps of that kind | all |", Weights.table), ("| patch, return |", Weights.fleet),
            ("| all others but reboot |", Weights.fleet),
            ("| reboots of that kind of machine | reboot |", Weights.fleet),
            ("| reboots of that very host | reboot |", Weights.others),
        ] {
            #expect(page.contains("\(row) \(Int(weight)) |"), "\(row)")
        }
        for (row, reboot) in [
            ("nothing else is said", priors.reboot), ("`serviceModel: bareMetal`", priors.serverReboot),
            ("storage, switches, appliances", priors.deviceReboot),
        ] {
            let figures = "\(reboot.medianSeconds) s | \(reboot.p95Seconds) s |"
            #expect(page.replacing(",200", with: "200").contains("\(row) | \(figures)"), "\(row)")
        }
        #expect(page.contains("newest \(DurationHistory.mostKept) are kept"))
    }

    // MARK: Helpers

    private func estimate(_ samples: [DurationSample]) -> DurationEstimate {
        DurationHistory(samples).estimate(
            of: .restartServices(except: []), on: host, groups: [], prior: priors.restartServices)
    }

    private func isBetween(_ value: Int, _ from: Int, _ to: Int) -> Bool {
        (min(from, to)...max(from, to)).contains(value)
    }

    private func sample(
        _ action: String, seconds: Double, of expected: Double, on resource: ResourceID = "web-1",
        groups: [GroupID] = [],
        packages: [String] = [], daysAgo: Int = 0
    ) -> DurationSample {
        DurationSample(
            action: action, resource: resource, groups: groups, packages: packages, seconds: seconds,
            expectedSeconds: expected, at: now.adding(seconds: -daysAgo * 86_400))
    }

    private func transaction(_ names: [String]) -> PackageTransaction {
        PackageTransaction(
            manager: .dpkg, purpose: .patch,
            changes: names.map { PackageChange(name: $0, architecture: "amd64", from: "1", to: "2") },
            conffiles: .keepCurrent, downloadBytes: 1_000_000)
    }

    private func actions() -> [(StepAction, DurationEstimate)] {
        let probes = [Probe(name: "port", check: .tcp(port: 80))]
        let expectation = HostExpectation(packages: [])
        let traffic = TrafficBinding(driver: "haproxy", via: "lb-1", endpoint: "/run/x", backend: "web")
        return [
            (.preflight(expectation: expectation, probes: probes), priors.preflight.adding(priors.gate(probes))),
            (.stage(transaction: transaction(["nginx"])), priors.stage(transaction(["nginx"]))),
            (.drain(traffic: traffic), priors.drain(traffic)), (.takeOut, priors.takeOut), (.bringBack, priors.takeOut),
            (
                .changePackages(transaction: transaction(["nginx", "curl"])),
                priors.change(transaction(["nginx", "curl"]))
            ),
            (.restartServices(except: []), priors.restartServices),
            (.reboot(condition: .always), priors.reboot(isExpected: true)),
            (.reboot(condition: .ifRequired), priors.reboot(isExpected: false)),
            (.gate(probes: probes), priors.gate(probes)),
            (.restore(traffic: traffic), priors.restore), (.verify(expectation: expectation), priors.verify),
        ]
    }

    private func step(_ action: StepAction, _ estimate: DurationEstimate) -> Step {
        Step(
            id: "x", resource: host.id, wave: 0, action: action, after: [], availability: .none,
            rollbackClass: .nothingToUndo, estimate: estimate, timeoutSeconds: priors.timeout(estimate))
    }
}
