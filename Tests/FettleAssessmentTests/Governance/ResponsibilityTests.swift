import FettleAssessment
import FettleModel
import Testing

@Suite struct ResponsibilityTests {
    private let now = DriftTests.now

    private func resource(
        _ model: ServiceModel, owner: String? = "ops", _ responsibility: Responsibility? = nil
    ) -> Resource {
        Resource(
            id: "r", address: .local, environment: "production", serviceModel: model, owner: owner,
            responsibility: responsibility)
    }

    @Test func dataAndAccessAreOursUnderEveryModel() {
        for model in ServiceModel.allCases {
            #expect(ResponsibilityMatrix.party(for: .data, under: model) == .us)
            #expect(ResponsibilityMatrix.party(for: .access, under: model) == .us)
        }
    }

    @Test func theMatrixAndTheServiceModelAgreeOnTheOperatingSystem() {
        for model in ServiceModel.allCases {
            let party = ResponsibilityMatrix.party(for: .operatingSystem, under: model)
            #expect(party.rawValue == model.operatingSystemOwner.rawValue, "\(model)")
            #expect(resource(model).operatingSystemOwner == model.operatingSystemOwner)
        }
    }

    @Test func whatIsDeclaredStandsOverTheMatrix() {
        let declared = Responsibility(
            layers: [.operatingSystem: .init(by: .provider, owner: "Example Hosting"), .firmware: .init(by: .nobody)],
            owner: "web team")
        let row = ResponsibilityMatrix.row(of: resource(.onPremises, declared))
        #expect(row.cells.first { $0.layer == .operatingSystem }?.owner == "Example Hosting")
        #expect(row.cells.first { $0.layer == .runtime }?.owner == "web team")
        #expect(row.gaps.map(\.kind) == [.nobody])
        #expect(resource(.onPremises, declared).operatingSystemOwner == .provider)
    }

    @Test func aLayerWithoutAnOwnerIsFound() {
        let gaps = ResponsibilityMatrix.row(of: resource(.iaas, owner: nil)).gaps
        #expect(gaps.map(\.kind) == [.noOwner, .unnamedProvider])
        #expect(gaps[1].layers == [.hardware, .firmware, .hypervisor])
        #expect(ResponsibilityMatrix.row(of: resource(.onPremises)).gaps == [])
    }

    // MARK: Obligations

    private func finding(seen days: Int) -> Finding {
        var finding = Finding(
            id: "r/openssl/2", resource: "r", source: "openssl", packages: ["openssl"], installed: "1", fixed: "2",
            updateClass: .security, advisories: [], state: .missing, owner: .provider, outcome: .outOfCycle, dueAt: nil,
            explanation: [], isOffered: true, isHeld: false)
        finding.firstSeenAt = now.adding(seconds: -days * 86_400)
        return finding
    }

    private func obligations(
        _ findings: [Finding], evidence: [ObligationEvidence] = [], knownFor days: Int = 0
    ) -> [PatchObligation] {
        let ledger = ObligationLedger(
            policy: Policy(), evidence: evidence, knownSince: now.adding(seconds: -days * 86_400))
        let set = FindingSet(
            id: "findings-1", facts: StageReference(id: "facts-1", digest: Digest(rawValue: "0")), assessedAt: now,
            feeds: .none, findings: findings, notJudged: [])
        return ledger.obligations([resource(.paas)], findings: set, at: now)
    }

    @Test func whatAProviderOwesIsOverdueAfterItsDays() {
        let young = obligations([finding(seen: 13)]).first { $0.outcome != nil }
        #expect(young?.state == .open)
        #expect(young?.dueAt == now.adding(seconds: 86_400))
        #expect(young?.asked == [.providerStatement, .versionReportedByAPI])
        let old = obligations([finding(seen: 15)]).first { $0.outcome != nil }
        #expect(old?.state == .overdue)
        let shown = ObligationEvidence(
            id: "statement-1", obligation: "r/provider/openssl/2", kind: .versionReportedByAPI, note: "2", by: "alice",
            at: now)
        #expect(obligations([finding(seen: 15)], evidence: [shown]).first { $0.outcome != nil }?.state == .evidenced)
    }

    @Test func aStatementIsOwedAgainAfterItsTime() {
        func state(knownFor days: Int, shown: Int? = nil) -> PatchObligation.State? {
            let evidence = shown.map {
                ObligationEvidence(
                    id: "statement-1", obligation: "r/provider/statement", kind: .providerStatement, note: "x",
                    by: "alice", at: now.adding(seconds: -$0 * 86_400))
            }
            return obligations([], evidence: evidence.map { [$0] } ?? [], knownFor: days).first?.state
        }
        #expect(state(knownFor: 0) == .open)
        #expect(state(knownFor: 91) == .overdue)
        #expect(state(knownFor: 91, shown: 5) == .evidenced)
        #expect(state(knownFor: 400, shown: 91) == .overdue)
    }

    @Test func whatIsOursOwesNobodyAnything() {
        let ledger = ObligationLedger(policy: Policy(), evidence: [], knownSince: now)
        #expect(ledger.obligations([resource(.onPremises)], findings: nil, at: now) == [])
    }
}
