import FettleModel
import Testing

@testable import FettleInventory

/// `changes` and `promotion` of `policy.yaml`.
@Suite struct ChangePolicyFileTests {
    private func read(_ text: String) throws -> PolicyReading {
        try PolicyFile.parse(
            "version: 1\n" + text,
            environments: ["dev", "qa", "production"].map { Environment(id: $0, isProtected: false) })
    }

    private func problems(_ text: String) -> String {
        do {
            _ = try read(text)
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test func stagesHaveTheUsersNamesAndNumber() throws {
        let promotion = try #require(
            try read(
                """
                promotion:
                  stages:
                    - dev
                    - name: tried
                      environments: [qa]
                      after: {soak: 1d, runs: 2, hosts: "50%", canaries: true, gates: true, signOffs: [vendor, tests],
                              closed: true, beside: true}
                    - {name: production, setsOnly: true}
                  fastLane: {through: [tried], after: {soak: 1h}}
                """
            ).policy.promotion)
        #expect(promotion.stages.map(\.id) == ["dev", "tried", "production"])
        #expect(promotion.stages.map(\.environments) == [["dev"], ["qa"], ["production"]])
        #expect(
            promotion.stages[1].after
                == PromotionCriteria(
                    soakSeconds: 86_400, runs: 2, hosts: .percent(50), canaries: true, gates: true,
                    signOffs: [.vendor, .tests], closed: true, beside: true))
        #expect(promotion.stages.map(\.setsOnly) == [false, false, true])
        #expect(promotion.fastLane == FastLane(through: ["tried"], after: PromotionCriteria(soakSeconds: 3_600)))
        #expect(try read("").policy.promotion == nil)
    }

    @Test func changesAreReadWhole() throws {
        let changes = try read(
            """
            changes:
              expireAfter: 30d
              emergency: {approvals: 2, reviewWithin: 1d}
              teams: {dba: [emil, dora]}
              rules:
                - {name: r, environments: [prod*], groups: [db*], hostsAtLeast: 5, shareAtLeast: 50, irreversible: true,
                   reboots: true, criticalityAtLeast: high, lossAtLeast: 2.5, approvals: 3, from: [dba], owners: true}
              templates:
                - {name: t, environments: [dev], groups: [web], hosts: 9, packages: [open*], reboots: true, approvals: 1}
            """
        ).policy.changes
        #expect(
            changes
                == ChangePolicy(
                    teams: ["dba": ["dora", "emil"]],
                    rules: [
                        ApprovalCondition(
                            name: "r", environments: ["prod*"], groups: ["db*"], hosts: 5, sharePercent: 50,
                            irreversible: true, reboots: true, criticality: .high, lossPerDay: 2.5, approvals: 3,
                            from: ["dba"],
                            owners: true)
                    ],
                    templates: [
                        ChangeTemplate(
                            name: "t", environments: ["dev"], groups: ["web"], hosts: 9, packages: ["open*"],
                            mayReboot: true, approvals: 1)
                    ], emergency: .init(approvals: 2, reviewWithinSeconds: 86_400), expiresAfterSeconds: 2_592_000))
    }

    @Test(arguments: [
        ("promotion: {}", "has no 'stages'"), ("promotion: {stages: []}", "no stages"),
        ("promotion: {stages: [moon]}", "unknown environment 'moon'"), ("promotion: {stages: [dev, dev]}", "twice"),
        ("promotion: {stages: [dev, {name: x, environments: [dev]}]}", "in two stages"),
        ("promotion: {stages: [\"-dev\"]}", "cannot be the name of a stage"),
        ("promotion: {stages: [\"dev\\n\"]}", "control characters"),
        ("promotion: {stages: [dev, {name: qa, after: {signOffs: [horse]}}]}", "unknown kind of sign-off"),
        ("promotion: {stages: [dev, {name: qa, after: {soak: soon}}]}", "must be a time"),
        ("promotion: {stages: [dev], fastLane: {through: [qa]}}", "unknown stage 'qa'"),
        ("changes: {teams: {dba: []}}", "is empty"), ("changes: {rules: [{name: \"$(x)\"}]}", "cannot be the name"),
        ("changes: {rules: [{name: a, owners: true}, {name: a, owners: true}]}", "given twice"),
        ("changes: {templates: [{name: t}]}", "has no 'environments'"),
        ("changes: {templates: [{name: t, environments: [dev], hosts: 0}]}", "from 1 to"),
        ("changes: {expireAfter: 1s}", "from 60 to"), ("changes: {horse: 1}", "unknown key 'horse'"),
    ])
    func mistakesAreTold(text: String, words: String) {
        #expect(problems(text).contains(words), "\(problems(text))")
    }

    @Test func whatDemandsNothingIsWarnedOf() throws {
        #expect(try read("changes: {rules: [{name: a}]}").warnings.contains { $0.message.contains("demands nothing") })
        #expect(
            try read("promotion: {stages: [{name: dev, after: {runs: 2}}]}").warnings.contains {
                $0.message.contains("first stage")
            })
    }
}
