import FettleChecking
import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

/// Who is asked beside a canary.
@Suite struct NeighbourTests {
    private static let strategy = Strategy.canary(first: .count(1), bakeSeconds: 60, maxUnavailable: .count(1))

    /// A pool of four, of which all are patched, and what `more` adds, of which nothing is unless it is named.
    private func sample(
        domains: [String] = [], patched: [ResourceID] = [], _ more: (inout FleetBuilder) -> Void
    ) -> FleetSample {
        var builder = FleetBuilder()
        builder.pool("web", size: 4, minimum: .count(2), strategy: Self.strategy, domains: domains)
        more(&builder)
        return FleetSample(fleet: builder.fleet, selected: Set((1...4).map { ResourceID("web-\($0)") } + patched))
    }

    private func neighbours(_ plan: Plan, _ bake: StepID = "web/bake") -> [BakeNeighbour] {
        guard case .bake(_, _, _, let judgement?)? = plan.step(bake)?.action else { return [] }
        return judgement.neighbours ?? []
    }

    private func words(_ plan: Plan) -> [String] {
        neighbours(plan).map { "\($0.resource) of \($0.group), \($0.relation), beside \($0.beside.map(\.rawValue))" }
    }

    @Test func membersOfGroupsThatComeAfterTheCanarysAreAskedEvenIfTheyArePatchedLater() throws {
        for patched in [[], ["app-1", "app-2", "app-3"]] as [[ResourceID]] {
            let plan = try sample(patched: patched) { builder in
                builder.pool("app", size: 3, minimum: .count(2), after: ["web"])
                builder.pool("far", size: 3, minimum: .count(2), after: ["app"])
            }.plan()
            #expect(
                words(plan) == (1...3).map { "app-\($0) of app, dependent, beside [\"web-1\"]" }, "\(words(plan))")
            #expect(neighbours(plan).allSatisfy { $0.probes == [FleetBuilder.probe] })
            #expect(PlanChecker.check(plan).violations == [])
        }
    }

    @Test func whoSharesAMachineOrAFailureDomainIsAskedButNotOfItsOwnGroup() throws {
        let plan = try sample(domains: ["a", "b"]) { builder in
            builder.group(
                "db", [builder.host("db-1", domain: "a"), builder.host("db-2", domain: "b")], minimum: .count(1))
            builder.group(
                "cache", [builder.host("cache-1", address: .ssh("WEB-1", port: 2_222))], minimum: .count(0))
            builder.group("batch", [builder.host("batch-1", domain: "a")], minimum: .count(0), probes: [])
        }.plan()
        #expect(
            words(plan) == [
                "cache-1 of cache, host, beside [\"web-1\"]", "db-1 of db, failureDomain, beside [\"web-1\"]",
                "db-2 of db, failureDomain, beside [\"web-2\"]",
            ], "db-2 is beside the control alone: \(words(plan))")
        #expect(PlanChecker.check(plan).violations == [])
    }

    @Test func machinesOnTheSameHypervisorAreAsked() throws {
        var sample = sample { builder in
            builder.group(
                "hv", [builder.host("hv-1"), builder.host("hv-2")], minimum: .count(1), kind: .hypervisorPool)
            builder.group("db", [builder.host("db-1"), builder.host("db-2")], minimum: .count(1))
        }
        let machines: [ResourceID: [ResourceID]] = ["hv-1": ["web-1", "db-1"], "hv-2": ["db-2", "web-4"]]
        for place in sample.facts.hosts.indices {
            guard let residents = machines[sample.facts.hosts[place].resource] else { continue }
            sample.facts.hosts[place].hypervisor = .observed(
                HypervisorFacts(
                    memoryMebibytes: 65_536, processors: 16,
                    residents: residents.map {
                        ResidentMachine(name: $0.rawValue, resource: $0, memoryMebibytes: 1_024, processors: 1)
                    }))
        }
        let plan = try sample.plan()
        #expect(
            words(plan) == [
                "db-1 of db, hypervisor, beside [\"web-1\"]", "hv-1 of hv, hypervisor, beside [\"web-1\"]",
            ], "\(words(plan))")
    }

    /// What is drained and rebooted on purpose would be taken for what suffers.
    @Test func whoThePlanMayHaveOutMeanwhileIsNotAsked() throws {
        let plan = try sample(domains: ["a"], patched: ["db-1"]) { builder in
            builder.group(
                "db", [builder.host("db-1", domain: "a"), builder.host("db-2", domain: "a")], minimum: .count(1))
        }.plan()
        #expect(words(plan) == ["db-2 of db, failureDomain, beside [\"web-1\", \"web-2\"]"], "\(words(plan))")
    }

    @Test func whoIsNotReachedOrAsksAPersonIsNotAsked() throws {
        var sample = sample(domains: ["a"]) { builder in
            let question = Probe(name: "look", check: .manual(question: "Is it well?"))
            let unit = Probe(name: "unit", check: .systemdUnit(name: "x.service"))
            builder.group("db", [builder.host("db-1", domain: "a")], minimum: .count(0))
            builder.group("shop", [builder.host("shop-1", domain: "a")], minimum: .count(0), probes: [question])
            let box = builder.host("box-1", domain: "a", address: ResourceAddress(transport: .none, host: "box-1"))
            builder.group("box", [box], minimum: .count(0), probes: [unit, FleetBuilder.probe])
        }
        let place = try #require(sample.facts.hosts.firstIndex { $0.resource == "db-1" })
        sample.facts.hosts[place].reachability = .unreachable(reason: "timed out")
        let found = neighbours(try sample.plan())
        #expect(found.map(\.resource) == ["box-1"] && found.first?.probes == [FleetBuilder.probe], "\(found)")
    }

    @Test func ofManyTheNearestAreAskedAndItIsSaid() throws {
        let sample = sample(domains: ["a"]) { builder in
            let many = (100..<160).map { builder.host(ResourceID("db-\($0)"), domain: "a") }
            builder.group("db", many, minimum: .count(1))
            builder.pool("app", size: 2, minimum: .count(1), after: ["web"])
        }
        let (plan, report) = try Planner.plan(sample.input())
        #expect(neighbours(plan).count { $0.beside.contains("web-1") } == 16)
        #expect(neighbours(plan).count { $0.relation == .dependent } == 2)
        #expect(neighbours(plan).count <= BakeNeighbour.most)
        #expect(report.warnings.contains { $0.contains("more than 16 neighbours") }, "\(report.warnings)")
        #expect(PlanChecker.check(plan).violations == [])
    }

    @Test func aCanaryThatIsJudgedByItsProbesAloneHasNone() throws {
        var sample = sample { $0.pool("app", size: 3, minimum: .count(2), after: ["web"]) }
        let place = try #require(sample.fleet.groups.firstIndex { $0.id == "web" })
        sample.fleet.groups[place].strategy = .canary(
            first: .count(1), bakeSeconds: 60, maxUnavailable: .count(1), judging: CanaryJudging(method: .probes))
        #expect(neighbours(try sample.plan()).isEmpty)
    }
}
