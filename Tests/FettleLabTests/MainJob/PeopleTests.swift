import FettleDatabase
import FettleModel
import FettleStore
import Foundation
import Testing

extension MainJobTests {
    /// What people ask from another terminal, and what they may not.
    @Suite struct People {
        /// Abort while paused loops: argo-rollouts#3756. A run that nobody can hold sends users back: PatchMon#838.
        @Test func aRunIsPausedContinuedAndTakenBackFromAnotherProcess() async throws {
            try await MainJobLab.renew(.api, offering: "lab-good")
            let site = try Site()
            _ = try await site.approvedChange(of: "orders", in: .api, on: "api-1", "api-2", "api-3")
            let traffic = try await Traffic.during {
                let process = try site.launch("run", "start", "change-1")
                defer { process.killAtOnce() }
                try await site.waitForIntent("api-1/patch")
                try await site.fettle("run", "pause", "run-1", "--reason", "somebody calls", as: "bob")
                try await site.waitFor("the pause") { if case .paused = $0 { true } else { false } }
                // What is out is finished and back in traffic, and nobody else goes out.
                try await site.waitForDone("api-1/restore")
                try await Task.sleep(for: .seconds(5))
                #expect(process.isRunning)
                #expect(try await Balancer.takenOut().isEmpty)
                #expect(try await Truth.version(of: "orders", on: ["api-1"]) == ["ii 1.1"])
                #expect(try await !site.journal.contains { $0.event.isIntent(of: "api-2/drain") })
                try await site.fettle("run", "resume", "run-1", as: "bob")
                try await site.waitForIntent("api-2/patch")
                try await site.fettle("run", "rollback", "run-1", "--reason", "customers complain", as: "bob")
                #expect(try await process.end() == 5, "\(process.output)")
            }
            #expect(traffic.failed == 0, "of \(traffic.requests)")
            #expect(
                try await Truth.version(of: "orders", on: ["api-1", "api-2", "api-3"]) == [
                    "ii 1.0", "ii 1.0", "ii 1.0",
                ])
            #expect(try await Truth.changes(of: "orders", on: "api-3") == 0)
            try await Balancer.expectAllServe()
        }

        /// Abort with nothing in progress scales down the good set: argo-rollouts#1292.
        @Test func anAbortEndsAtTheNearestSafePoint() async throws {
            try await MainJobLab.renew(.api, offering: "lab-good")
            let site = try Site()
            let plan = try await site.approvedChange(of: "orders", in: .api, on: "api-1", "api-2")
            let traffic = try await Traffic.during {
                let process = try site.launch("run", "start", "change-1")
                defer { process.killAtOnce() }
                try await site.waitForIntent("api-1/patch")
                try await site.fettle("run", "abort", "run-1", "--reason", "not today", as: "bob")
                #expect(try await process.end() == 1, "\(process.output)")
            }
            #expect(traffic.failed == 0, "of \(traffic.requests)")
            #expect(try await site.touched(plan) == ["api-1"])
            #expect(try await Truth.version(of: "orders", on: ["api-2"]) == ["ii 1.0"])
            #expect(try await Truth.isWhole("api-1"))
            try await site.fettle("run", "abort", "run-1", "--reason", "again", as: "bob", ends: 1)
            try await Balancer.expectAllServe()
        }

        /// What was applied was not what was approved: atlantis#1508, #1122.
        @Test func onlyWhatAnotherPersonApprovedIsCarriedOut() async throws {
            try await MainJobLab.renew(.api, offering: "lab-good")
            let site = try Site()
            try await site.fettle("scan", "--group", "api", ends: 100, 101)
            try await site.fettle("plan", "make", "--host", "api-1", "--only", "orders")
            try await site.fettle("change", "submit", "plan-1", "--reason", "a test")
            try await site.fettle("run", "start", "change-1", ends: 3)
            try await site.fettle("change", "approve", "change-1", ends: 3)
            try await site.fettle("change", "approve", "change-1", as: "bob")

            // Somebody changes the approved plan where it is kept.
            var document = try #require(try await site.store.document(.plan, id: "plan-1"))
            let text = String(decoding: document.bytes, as: UTF8.self)
            let altered = text.replacing("a test", with: "a best").replacing("\"to\":\"1.1\"", with: "\"to\":\"1.7\"")
            try #require(altered != text)
            document.bytes = Array(altered.utf8)
            try await site.store.replace(document, expecting: document.digest)
            let output = try await site.fettle("run", "start", "change-1", ends: 3)
            #expect(output.contains("plan-1"), "\(output)")
            #expect(try await site.store.runs(limit: 10).isEmpty)
            #expect(try await Truth.changes(of: "orders", on: "api-1") == 0)
            try await Balancer.expectAllServe()
        }
    }
}
