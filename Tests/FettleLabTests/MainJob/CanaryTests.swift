import FettleModel
import Foundation
import Testing

extension MainJobTests {
    /// What a bake finds by comparing, while every probe is content.
    @Suite struct Canaries {
        /// Sparse errors pass, and so does what only shows with time: kayenta#426. The probes' own requests are all the load.
        @Test func aLeakThatNoProbeSeesIsFoundByComparingAndTakenBack() async throws {
            try await MainJobLab.renew(.api, offering: "lab-leaking")
            let site = try Site(Site.Choices(bakeSeconds: 40, judging: "control: 1, extendUntil: 50s"))
            let plan = try await site.approvedChange(of: "orders", in: .api, on: "api-1", "api-2")
            try await site.fettle("run", "start", "change-1", ends: 5)
            let failure = try #require(try await site.failure(of: "api/bake"))
            #expect(failure.code == .unhealthy && failure.message.contains("orders.service"), "\(failure)")
            let rows = try #require(JudgementRow.rows(in: failure.output))
            let leaks = rows.filter { $0.verdict == "fail" }.map(\.subject)
            #expect(leaks.contains("orders.service: open files"), "\(failure.output)")
            #expect(rows.contains { $0.subject == "service restarts" && $0.verdict == "pass" })
            #expect(try await site.touched(plan) == ["api-1"])
            #expect(try await Truth.version(of: "orders", on: ["api-1", "api-2"]) == ["ii 1.0", "ii 1.0"])
            #expect(try await Truth.changes(of: "orders", on: "api-2") == 0)
            let shown = try await site.fettle("run", "show", "run-1")
            #expect(shown.contains("COMPARED") && shown.contains("open files"), "\(shown)")
            try await Balancer.expectAllServe()
        }

        /// With a control, and without: then who comes behind the canary is watched too, and nobody is left to compare it with either.
        @Test(arguments: ["control: 1", "control: 0, watchRest: true"])
        func aGoodVersionPassesAndTheJournalTellsWhatItWasComparedWith(judging: String) async throws {
            try await MainJobLab.renew(.api, offering: "lab-good")
            // All hosts share this machine's processors: how soon they answer says nothing of a version.
            let policy = "bake: {latencyMarginMilliseconds: 500, pressureMarginPercent: 60}"
            let site = try Site(Site.Choices(bakeSeconds: 30, judging: judging, policy: policy))
            _ = try await site.approvedChange(of: "orders", in: .api, on: "api-1", "api-2")
            let report = site.directory.appending(path: "report.html")
            try await site.fettle("run", "start", "change-1", "--report", report.path)
            func seen(_ step: StepID) async throws -> Observation? {
                try await site.journal.lazy.compactMap { record -> Observation? in
                    guard case .stepDone(step, _, let observation) = record.event else { return nil }
                    return observation
                }.first
            }
            let observation = try await seen("api/bake")
            let text = try #require(observation?.details[JudgementRow.detailsKey])
            let rows = try #require(JudgementRow.rows(in: text))
            #expect(rows.allSatisfy { ["pass", "not known"].contains($0.verdict) }, "\(text)")
            #expect(rows.contains { $0.subject == "orders.service: open files" && $0.verdict == "pass" }, "\(text)")
            let basis = judging == "control: 1" ? "api-2, not patched" : "api-1 before the patch"
            #expect(observation?.summary.contains(basis) == true, "\(observation?.summary ?? "")")
            let rest = try await seen("api/bake-rest")?.summary
            #expect(rest?.contains("api-2 before the patch") == (judging == "control: 1" ? nil : true), "\(rest ?? "")")
            #expect(try await Truth.version(of: "orders", on: ["api-1", "api-2"]) == ["ii 1.1", "ii 1.1"])
            #expect(try String(contentsOf: report, encoding: .utf8).contains("What the canary showed"))
            try await Balancer.expectAllServe()
        }
    }
}
