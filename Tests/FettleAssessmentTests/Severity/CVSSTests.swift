import FettleModel
import Foundation
import Testing

@testable import FettleAssessment

@Suite struct CVSSTests {
    /// Examples of the specifications and of well-known CVEs: base, temporal (threat), environmental.
    @Test(arguments: [
        // CVE-2002-0392 in section 3.3.1 of the guide to version 2.
        ("AV:N/AC:L/Au:N/C:N/I:N/A:C/E:F/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:H", 7.8, 6.4, 9.2),
        // CVE-2003-0818 in 3.3.2.
        ("AV:N/AC:L/Au:N/C:C/I:C/A:C/E:F/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:L", 10.0, 8.3, 9.0),
        // CVE-2003-0062 in 3.3.3.
        ("(AV:L/AC:H/Au:N/C:C/I:C/A:C/E:POC/RL:OF/RC:C)", 6.2, 4.9, nil),
        ("AV:L/AC:H/Au:N/C:C/I:C/A:C/E:POC/RL:OF/RC:C/CDP:H/TD:H/CR:M/IR:M/AR:M", 6.2, 4.9, 7.5),
        // As their vendor published them with base and temporal scores, in CSAF: CVE-2022-50975, CVE-2022-50976, CVE-2022-50977.
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H/E:F/RL:O/RC:C", 8.8, 8.2, nil),
        ("CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:H/E:F/RL:O/RC:C", 7.7, 7.1, nil),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H/E:P/RL:U/RC:C", 7.5, 7.1, nil),
        // CVE-2014-6271 and CVE-2014-0160.
        ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8, nil, nil),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N/E:H/RL:O/RC:C", 7.5, 7.2, nil),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0, nil, nil),
        // Checked by hand and against another implementation, as are those of version 4 below.
        ("CVSS:3.1/AV:P/AC:H/PR:L/UI:R/S:U/C:L/I:H/A:H/E:H/RL:U/RC:U", 5.8, 5.4, nil),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0, nil, nil),
        // No impact, all impact, and a threat.
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 10.0, nil, nil),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", 0.0, nil, nil),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 9.3, nil, nil),
        ("CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:U", 7.3, 4.4, nil),
        ("CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:L/SI:L/SA:L", 7.7, nil, nil),
    ]) func scoresAreThoseThatWerePublished(
        _ text: String, _ base: Double, _ temporal: Double?, _ environmental: Double?
    )
        throws
    {
        let scores = try CVSSVector(text).scores
        #expect(scores == CVSSScores(base: base, temporal: temporal, environmental: environmental), "\(text)")
    }

    @Test func everyProblemIsNamedAtOnce() {
        let text = "CVSS:3.1/AV:X/AC:L/AC:L/PR:N/QQ:1/UI"
        #expect(
            throws: CVSSError([
                "AV takes N, A, L, P, not \"X\"", "AC stands in it twice", "CVSS 3.1 has no metric \"QQ\"",
                "\"UI\" is not METRIC:VALUE",
            ])
        ) { try CVSSVector(text) }
    }

    @Test(arguments: [
        "", "CVSS:3.2/AV:N", "CVSS:2.0/AV:N", "CVSS:3.1", "CVSS:3.1/", "AV:N", "AV:N/AC:L/Au:N/C:N/I:N/A:C/", "7.5",
        "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:S",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\n", String(repeating: "AV:N/", count: 200),
    ]) func whatIsNoVectorIsRefused(_ text: String) {
        #expect(throws: CVSSError.self) { try CVSSVector(text) }
    }

    /// A worse value of a base metric never gives a lower score.
    @Test(arguments: ["CVSS:3.0", "CVSS:3.1"]) func aWorseMetricNeverScoresLower(_ prefix: String) throws {
        var generator = SplitMix(seed: 7)
        let metrics = CVSSMetric.all(of: .v31).filter(\.isMandatory)
        // From the worst to the mildest.
        let order = ["AV": "NALP", "AC": "LH", "PR": "NLH", "UI": "NR", "S": "CU", "C": "HLN", "I": "HLN", "A": "HLN"]
        for _ in 0..<500 {
            var values = metrics.map { order[$0.name]?.randomElement(using: &generator).map(String.init) ?? "N" }
            let milder = try score(prefix, metrics, values)
            let index = metrics.indices.randomElement(using: &generator) ?? 0
            let worst = order[metrics[index].name]?.first.map(String.init) ?? "N"
            values[index] = worst
            #expect(try score(prefix, metrics, values) >= milder, "\(values) \(metrics[index].name)")
        }
    }

    private func score(_ prefix: String, _ metrics: [CVSSMetric], _ values: [String]) throws -> Double {
        let parts = zip(metrics, values).map { "\($0.name):\($1)" }
        return try CVSSVector(prefix + "/" + parts.joined(separator: "/")).scores.base
    }
}
