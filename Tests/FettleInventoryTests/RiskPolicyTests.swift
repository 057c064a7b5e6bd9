import FettleInventory
import FettleModel
import Testing

@Suite("risk in policy.yaml is read")
struct RiskPolicyTests {
    @Test("Everything can be set, and what is not said keeps its default")
    func everything() throws {
        let reading = try PolicyFile.parse(
            """
            version: 1
            risk:
              unit: EUR
              lossPerDay: {low: 100, medium: 2e3, high: 40000.5}
              waiting:
                hazards: {exploited: 0.5, critical: 0.001}
                exposure: {internal: .05}
                ransomwareFactor: 3
                predictionStaleDays: 14
                correlation: 0
              patching:
                priors:
                  kernel: {probability: 0.02}
                  restart: {weight: 10}
                recoveryHours: {irreversible: 72}
                spreadDays: 7
            """)
        var expected = Policy()
        expected.risk.unit = "EUR"
        expected.risk.lossPerDay = .init(low: 100, medium: 2_000, high: 40_000.5, critical: 1_000)
        expected.risk.waiting.hazards.exploited = 0.5
        expected.risk.waiting.hazards.critical = 0.001
        expected.risk.waiting.internalShare = 0.05
        expected.risk.waiting.ransomwareFactor = 3
        expected.risk.waiting.predictionStaleDays = 14
        expected.risk.waiting.correlation = 0
        expected.risk.patching.priors[.kernel] = .init(probability: 0.02, weight: 50)
        expected.risk.patching.priors[.restart] = .init(probability: 0.001, weight: 10)
        expected.risk.patching.recoveryHours.irreversible = 72
        expected.risk.patching.spreadDays = 7
        #expect(reading.policy == expected)
        #expect(
            reading.warnings.map(\.description) == [
                "policy.yaml:4:39: a day's loss of high is 40000.5, more than that of critical, which is 1000"
            ])
    }

    @Test("Every mistake is told with its place and what would be right")
    func mistakes() {
        let text = """
            version: 1
            risk:
              unit: 12
              lossPerday: {low: 1}
              lossPerDay: {low: lots, high: .inf, critical: -1}
              waiting:
                hazards: {expoited: 1, low: 0x10, medium: .nan}
                exposure: internet
                correlation: 1.5
                predictionStaleDays: 0
              patching:
                priors: {kernal: {probability: 1}, kernel: 0.1, restart: {probability: 2, weight: 1e999}}
                spreadDays: 0.5
            """
        #expect(
            problems { try PolicyFile.parse(text, file: "p") } == [
                "p:3:9: unit must be text, but it is the number 12; put it in quotes",
                "p:4:3: unknown key 'lossPerday' in 'risk'; did you mean 'lossPerDay'?",
                "p:5:21: low must be a number from 0 to 1000000000000, but it is the text 'lots'",
                "p:5:33: high must be a number from 0 to 1000000000000, but it is the number .inf",
                "p:5:49: critical must be a number from 0 to 1000000000000, but it is -1",
                "p:7:15: unknown key 'expoited' in 'hazards'; did you mean 'exploited'?",
                "p:7:33: low must be a number from 0 to 10, but it is the number 0x10",
                "p:7:47: medium must be a number from 0 to 10, but it is the number .nan",
                "p:8:15: 'exposure' must be a mapping, but it is the text 'internet'; keys: isolated, internal, internet",
                "p:9:18: correlation must be a number from 0 to 1, but it is 1.5",
                "p:10:26: predictionStaleDays must be a whole number from 1 to 365, but it is 0",
                "p:12:14: unknown key 'kernal' in 'priors'; did you mean 'kernel'?",
                "p:12:48: a prior must be a mapping, but it is the number 0.1; keys: probability, weight",
                "p:12:76: probability must be a number from 0 to 1, but it is 2",
                "p:12:87: weight must be a number from 0.01 to 1000000, but it is the number 1e999",
                "p:13:17: spreadDays must be a number from 1 to 3650, but it is 0.5",
            ])
    }

    @Test("Numbers that fall where they should rise are warned of")
    func warnings() throws {
        let reading = try PolicyFile.parse(
            """
            version: 1
            risk:
              waiting:
                hazards: {exploited: 0.0001}
                exposure: {isolated: 0.5}
            """, file: "p")
        #expect(
            reading.warnings.map(\.description) == [
                "p:4:15: the hazard of critical is 0.0006, more than that of exploited, which is 0.0001",
                "p:5:16: the share of isolated is 0.5, more than that of internal, which is 0.02",
            ])
    }
}
