import FettleAssessment
import FettleIndex
import FettleModel
import Foundation
import Testing

@Suite("The risk of patching")
struct PatchingRiskTests {
    private typealias Sample = RiskSample

    @Test("The posterior is the prior and what was seen, counted together")
    func posterior() {
        let prior = PatchingPolicy.Prior(probability: 0.02, weight: 50)
        let belief = BetaPosterior(prior: prior, failures: 3, successes: 47)
        #expect(agree(belief.alpha, 4))
        #expect(agree(belief.beta, 96))
        #expect(agree(belief.mean, 0.04))
        #expect(agree(belief.standardDeviation, (0.04 * 0.96 / 101).squareRoot()))
        #expect(BetaPosterior(prior: prior, failures: -5, successes: -5).mean == 0.02)
    }

    @Test("History of another package or another kind of change counts for nothing")
    func historyIsOfItsOwn() {
        let others = PatchHistory([
            .init(package: "openssl", kind: .majorUpgrade, failed: true),
            .init(package: "nginx", kind: .securityUpdate, failed: true),
        ])
        let risk = PatchingRisk(Sample.patch(), on: Sample.group, history: others, policy: RiskPolicy(), at: Sample.now)
        #expect(agree(risk.posterior.mean, 0.005))
    }

    @Test("A young patch fails oftener, half of that is gone after eight days")
    func young() {
        var patch = Sample.patch()
        patch.needsRestart = false
        patch.releasedAt = Sample.now
        #expect(agree(Sample.patching(patch).failure(after: 0), 1 - 0.995 * 0.995 * 0.995))
        #expect(agree(Sample.patching(patch).failure(after: 8), 1 - 0.995 * 0.995))
        patch.releasedAt = nil
        #expect(agree(Sample.patching(patch).failure(after: 0), 1 - 0.995 * 0.995 * 0.995))
        #expect(Sample.patching(patch).sum.terms.contains { $0.because == "no day of publication: taken as new" })
    }

    @Test("Each burden makes it dearer: a reboot, conffile conflicts, no way back, a migration of data")
    func burdens() {
        let plain = Sample.patching().once(after: 0)
        let burdens: [(inout CandidatePatch) -> Void] = [
            { $0.needsReboot = true }, { $0.conffileConflicts = 2 }, { $0.rollback = .irreversible },
            { $0.migratesData = true }, { $0.kind = .majorUpgrade }, { $0.kind = .kernel }, { $0.releasedAt = nil },
        ]
        for burden in burdens {
            var patch = Sample.patch()
            burden(&patch)
            #expect(Sample.patching(patch).once(after: 0) > plain)
        }
        var migrating = Sample.patch()
        migrating.rollback = .snapshot
        migrating.migratesData = true
        var irreversible = Sample.patch()
        irreversible.rollback = .irreversible
        #expect(Sample.patching(migrating).once(after: 0) > Sample.patching(irreversible).once(after: 0))
    }

    @Test(
        "More hosts are more chances to fail and more planned outage, but no more than one failure: the run stops there"
    )
    func hosts() {
        var group = Sample.group
        let one = Sample.patching(on: group)
        group.hosts = 10
        let ten = Sample.patching(on: group)
        #expect(agree(ten.failure(after: 0), 1 - pow(1 - one.failure(after: 0), 10)))
        #expect(ten.once(after: 0) > one.once(after: 0))
        #expect(ten.once(after: 0) < 10 * one.once(after: 0))
    }

    @Test("Members to spare take most of the loss away, but never what fails everywhere alike")
    func redundancy() {
        func loss(_ spare: Int) -> Double? {
            let group = AffectedGroup(name: "g", criticality: .high, exposure: .internal, spareMembers: spare)
            return Sample.patching(on: group).sum.terms.first { $0.name == "redundancy" }?.value
        }
        #expect(loss(0) == 1)
        #expect(loss(1) == 0.2)
        #expect(loss(2) == 0.05)
        #expect(loss(40) == 0.05)
    }

    @Test("A planned outage is minutes of the loss of a day: a reboot's, a restart's, or none")
    func outage() {
        var patch = Sample.patch()
        var group = AffectedGroup(name: "g", criticality: .high, exposure: .internal, hosts: 3, spareMembers: 0)
        func outage() -> Double {
            Sample.patching(patch, on: group).sum.terms.first { $0.name == "planned outage" }?.value ?? .nan
        }
        #expect(agree(outage(), 3 * 100 * 0.5 / 1_440))
        patch.needsReboot = true
        #expect(agree(outage(), 3 * 100 * 5 / 1_440))
        group.spareMembers = 1
        #expect(agree(outage(), 0.2 * 3 * 100 * 5 / 1_440))
        patch.needsReboot = false
        patch.needsRestart = false
        #expect(outage() == 0)
    }

    @Test("What nobody looked at is told: conffile conflicts")
    func notLookedAtIsTold() {
        #expect(Sample.patching().sum.terms.contains { $0.because == "nobody looked: none assumed" })
    }

    @Test("The loss of a day is the one-time loss over the days it is spread")
    func spread() {
        let risk = Sample.patching()
        #expect(agree(risk.perDay(after: 0) * 30, risk.once(after: 0)))
    }

    @Test("Kinds of change are told by kernel, major version and class")
    func kinds() {
        func kind(_ source: String, _ packages: [String], _ from: String?, _ to: String?, _ of: UpdateClass)
            -> ChangeKind
        {
            ChangeKind(source: source, packages: packages, from: from, to: to, updateClass: of)
        }
        #expect(kind("openssl", ["libssl3"], "3.0.20", "3.0.22", .security) == .securityUpdate)
        #expect(kind("mariadb", [], "1:10.11.3", "1:11.4.1", .security) == .majorUpgrade)
        #expect(kind("x", [], "1:2.0", "2:2.1", .bugfix) == .bugfixUpdate)
        #expect(kind("linux-signed-amd64", ["linux-image-6.1.0-1-amd64"], nil, "6.1", .security) == .kernel)
        #expect(kind("x", [], "a", "b", .feature) == .otherUpdate)
        #expect(kind("x", [], "007", "7.1", .unclassified) == .otherUpdate)
        #expect(kind("x", [], "", "", .security) == .securityUpdate)
    }

    @Test("A group counts by its most critical and most exposed member, and by what it has to spare")
    func groups() {
        let resources = [
            Resource(id: "a", address: .local, environment: "p", criticality: .critical, exposure: .isolated),
            Resource(id: "b", address: .local, environment: "p", criticality: .low, exposure: .internet),
            Resource(id: "c", address: .local, environment: "p", criticality: .critical),
        ]
        let group = ResourceGroup(id: "g", members: ["a", "b"], minimumAvailable: .count(0))
        let fleet = Fleet(environments: [], resources: resources, groups: [group])
        #expect(
            AffectedGroup(group, in: fleet)
                == AffectedGroup(name: "g", criticality: .critical, exposure: .internet, hosts: 2, spareMembers: 1))
        let tight = ResourceGroup(id: "g", members: ["a", "b"], minimumAvailable: .percent(75))
        #expect(AffectedGroup(tight, in: fleet).spareMembers == 0)
        #expect(AffectedGroup(resources[2]).spareMembers == 0)
    }
}
