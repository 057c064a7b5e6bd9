import FettleChecking
import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

@Suite struct StepTests {
    private func sample(_ reboot: Policy.RebootPolicy, expects: [String]? = nil) -> FleetSample {
        var sample = FleetSample.threeWebServers
        sample.policy.reboot = reboot
        if let expects { sample.selection.hosts[0].resolution.reboot = .expected(because: expects) }
        return sample
    }

    private func verification(_ plan: Plan, of host: String) throws -> HostExpectation {
        guard case .verify(let expectation) = plan.step(StepID("\(host)/verify"))?.action else {
            throw StepFailure(code: .internal, message: "\(host) is not verified")
        }
        return expectation
    }

    @Test func whatIsVerifiedAreTheNewVersionsAndThatTheyRun() throws {
        let plan = try sample(.ifRequired).plan()
        let expectation = try verification(plan, of: "web-1")
        #expect(expectation.packages.map(\.version) == [FleetSample.newVersion, FleetSample.newVersion])
        #expect(expectation.noStaleServicesExcept == Policy().neverRestart)
        #expect(expectation.noRebootPending)
        guard case .preflight(let before, let probes) = plan.step("web-1/preflight")?.action else {
            Issue.record("no preflight")
            return
        }
        #expect(before.packages.map(\.version) == [FleetSample.oldVersion, FleetSample.oldVersion])
        #expect(probes == [FleetBuilder.probe])
    }

    @Test func whatItsResolverHasRehearsedIsSaidToThePatchAndNotToTheReturn() throws {
        var sample = sample(.ifRequired)
        sample.selection.hosts[0].resolution.rehearsedOn = Digest(rawValue: "f0")
        let plan = try sample.plan()
        func rehearsed(_ id: StepID) -> Digest?? {
            switch plan.step(id)?.action {
            case .stage(let transaction), .changePackages(let transaction): transaction.rehearsedOn
            default: nil
            }
        }
        #expect(rehearsed("web-1/stage") == .some(Digest(rawValue: "f0")))
        #expect(rehearsed("web-1/patch") == .some(Digest(rawValue: "f0")))
        #expect(rehearsed("web-1/rollback/return") == .some(nil))
        #expect(rehearsed("web-2/patch") == .some(nil))
        #expect(PlanChecker.check(plan).violations == [])
    }

    /// What the preflight itself takes stays to it, however short the wait for others is.
    @Test(arguments: [1, 3_600]) func aPolicySaysHowLongForeignPackageWorkIsWaitedFor(seconds: Int) throws {
        var sample = sample(.ifRequired)
        sample.policy.lockWaitSeconds = seconds
        let plan = try sample.plan()
        let preflight = try #require(plan.step("web-1/preflight"))
        #expect(preflight.timeoutSeconds - preflight.estimate.p95Seconds == seconds)
        #expect(PlanChecker.check(plan).violations == [])
    }

    @Test func withoutRebootsNoneIsPlannedDemandedOrKeptSilent() throws {
        let (plan, report) = try Planner.plan(sample(.never, expects: ["libc6"]).input())
        #expect((plan.steps + plan.rollback).allSatisfy { $0.action.name != "reboot" })
        #expect(try !verification(plan, of: "web-1").noRebootPending)
        #expect(
            report.reboots == [PlanReport.Reboot(resource: "web-1", because: ["libc6"], isPlanned: false)])
        #expect(report.warnings.contains("web-1: a reboot stays pending, because policy forbids reboots"))
    }

    @Test func anExpectedRebootIsAwaitedAndAnUnexpectedOneAllowedFor() throws {
        let (plan, report) = try Planner.plan(sample(.ifRequired, expects: ["linux-image-amd64"]).input())
        #expect(plan.step("web-1/reboot")?.estimate == DurationEstimate(medianSeconds: 90, p95Seconds: 300))
        #expect(plan.step("web-2/reboot")?.estimate == DurationEstimate(medianSeconds: 1, p95Seconds: 300))
        #expect(report.reboots.map(\.resource) == ["web-1"])
    }

    @Test func aHostThatRebootsAnywayIsNotRestartedBefore() throws {
        let plan = try sample(.always).plan()
        #expect(plan.step("web-1/reboot")?.action == .reboot(condition: .always))
        #expect(plan.step("web-1/restart") == nil)
        #expect(plan.step("web-1/rollback/reboot")?.action == .reboot(condition: .ifRequired))
    }

    @Test func aHostThatOnlyRunsOldCodeIsRestartedAndNotPatched() throws {
        var sample = FleetSample.threeWebServers
        sample.facts = sample.factsAfterSuccess
        sample.facts.hosts[1].staleServices = .observed([
            StaleService(unit: "nginx.service", processIDs: [7], files: ["/usr/lib/libssl.so.3"])
        ])
        sample.facts.hosts[2].staleServices = .observed([
            StaleService(unit: "dbus.service", processIDs: [8], files: ["/usr/lib/libssl.so.3"])
        ])
        let plan = try sample.plan()
        #expect(plan.targets.map(\.resource) == [sample.facts.hosts[1].resource])
        #expect(plan.steps.map(\.action.name).contains("restart services"))
        #expect(!plan.steps.map(\.action.name).contains("patch"))
        #expect(PlanChecker.check(plan).violations == [])
    }

    /// Were it out without a way back when the run goes back, nothing but the guard of the moment would hold its place.
    @Test func aHostThatIsOnlyRestartedHasAWayBackThatOthersWaitFor() throws {
        var sample = FleetSample.threeWebServers
        sample.leaveOnlyRestarts(on: "web-2")
        let plan = try sample.plan()
        #expect(
            plan.rollback.filter { $0.resource == "web-2" }.map(\.id.rawValue) == [
                "web-2/rollback/drain", "web-2/rollback/restart", "web-2/rollback/reboot", "web-2/rollback/gate",
                "web-2/rollback/verify", "web-2/rollback/restore",
            ])
        #expect(plan.before("web-1", onTheWayBack: true) == ["web-2", "web-3"])
        #expect(plan.before("web-2", onTheWayBack: true) == ["web-3"])
        #expect(PlanChecker.check(plan).violations == [])
    }

    @Test func withoutProbesTheVerificationAloneOpensTheWayBackIntoService() throws {
        var builder = FleetBuilder()
        builder.pool("web", size: 3, minimum: .count(2), probes: [])
        let (plan, report) = try Planner.plan(FleetSample(fleet: builder.fleet).input())
        #expect(plan.steps.allSatisfy { $0.action.name != "gate" && $0.action.name != "bake" })
        #expect(plan.isBefore("web-1/verify", "web-1/bring-back"))
        #expect(report.groups[0].strategy == .rolling(maxUnavailable: .count(1)))
        #expect(report.warnings.contains("web-1: no probes; only installed versions and running code prove it"))
        #expect(PlanChecker.check(plan).violations == [])
    }

    /// uyuni#12244: the exact earlier version is no longer in the repository.
    @Test func whereTheEarlierVersionIsLostTheReportSaysSoAndTheHostOnlyComesBackProven() throws {
        var sample = FleetSample.threeWebServers
        let lost = PackageVersion(name: "openssl", architecture: "amd64", version: FleetSample.oldVersion)
        sample.selection.hosts[1].resolution.unavailableEarlier = [lost]
        let (plan, report) = try Planner.plan(sample.input())
        #expect(plan.pointOfNoReturn == "web-2/patch")
        #expect(plan.step("web-2/patch")?.rollbackClass == .irreversible)
        #expect(report.pointOfNoReturn?.lost == [.init(resource: "web-2", versions: [lost])])
        #expect(plan.step("web-2/rollback/return") == nil)
        guard case .verify(let expectation) = plan.step("web-2/rollback/verify")?.action else {
            Issue.record("web-2 is not verified on the way back")
            return
        }
        #expect(expectation.packages.map(\.version) == [FleetSample.newVersion, FleetSample.newVersion])
        #expect(PlanChecker.check(plan).violations == [])
    }

    @Test func aPackageThatComesAndOneThatGoesAreExpectedToBeAbsentBeforeAndAfter() throws {
        var sample = FleetSample.threeWebServers
        sample.facts.hosts[1].packages = .observed(
            (sample.facts.hosts[1].packages.value ?? []) + [FactSample.package("libold", "1.0")])
        let host = sample.facts.hosts[1].resource
        let place = try #require(sample.selection.hosts.firstIndex { $0.resource == host })
        sample.selection.hosts[place].resolution.changes += [
            PackageChange(name: "libnew", architecture: "amd64", from: nil, to: "2.0"),
            PackageChange(name: "libold", architecture: "amd64", from: "1.0", to: nil),
        ]
        let (plan, report) = try Planner.plan(sample.input())
        #expect(try verification(plan, of: host.rawValue).absentPackages == ["libold"])
        guard case .preflight(let before, _) = plan.step(StepID("\(host)/preflight"))?.action else {
            Issue.record("no preflight")
            return
        }
        #expect(before.absentPackages == ["libnew"])
        #expect(report.warnings.contains("\(host): its resolver removes libold"))
    }
}
