import Foundation
import Testing

@testable import FettleImages

@Suite struct BootReportTests {
    private static let test = BootTest(gates: [.unit("nginx.service"), .tcp(port: 80)], mayFail: ["modem.service"])

    private static func report(_ lines: [String], ended: String? = nil) -> BootReport {
        BootReport(test: test, answers: lines, nonce: "n", ended: ended, console: Data("one\ntwo\n".utf8))
    }

    private static let good = [
        "n begin", "n kernel 6.1.0-56-cloud-amd64", "n state running", "n gate 0 pass", "n gate 1 pass", "n end",
    ]

    @Test func aMachineThatAnswersForEverythingPasses() {
        let report = Self.report(Self.good)
        #expect(report.passes)
        #expect(report.kernel == "6.1.0-56-cloud-amd64")
        #expect(report.console == [])
    }

    @Test func withoutAnyOneOfItsAnswersItDoesNotPass() {
        for index in Self.good.indices where !["n begin", "n kernel 6.1.0-56-cloud-amd64"].contains(Self.good[index]) {
            var lines = Self.good
            lines.remove(at: index)
            let report = Self.report(lines)
            #expect(!report.passes, "without \(Self.good[index])")
            #expect(report.console == ["one", "two"])
        }
    }

    @Test func whatSomebodyElseWritesToThePortIsNoAnswer() {
        #expect(!Self.report(Self.good.map { $0.replacing("n ", with: "m ") }).passes)
        #expect(!Self.report(Self.good.map { $0 == "n gate 1 pass" ? "n gate 1 passx" : $0 }).passes)
        #expect(Self.report(["noise", "n", "", "n gate", "n gate x pass", "n gate 9 pass"] + Self.good).passes)
    }

    @Test func aFailedUnitStopsTheImageUnlessItMayFail() {
        let degraded = Self.good.map { $0 == "n state running" ? "n state degraded" : $0 }
        let mayFail = Self.report(degraded.dropLast() + ["n failed modem.service", "n end"])
        #expect(mayFail.passes)
        let other = Self.report(degraded.dropLast() + ["n failed modem.service", "n failed nginx.service", "n end"])
        #expect(other.faults.contains("unit nginx.service has failed"))
        // Degraded by nothing that is told is not known to be harmless.
        #expect(!Self.report(degraded).passes)
    }

    @Test func aSystemThatNeverCameUpIsToldFromOneThatDidNotFinish() {
        #expect(Self.report([], ended: "time").faults == ["the system did not come up within 600 s"])
        let words = Self.report(["n begin"], ended: "itself").faults.first ?? ""
        #expect(
            words.hasPrefix("the system came up, and did not answer for all gates before the machine stopped by itself")
        )
    }
}
