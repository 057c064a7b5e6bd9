import FettleDatabase
import FettleModel
import FettleStore
import Foundation
import Testing

/// Patch sets on their way from dev to production, by the real program on real hosts. Judged from outside: by dpkg, by its own log, by
/// HAProxy's socket.
///
/// They take hosts of all environments, and come alone. The two suites share no host.
@Suite(
    .enabled(if: PackagesLab.isUp, "no lab is up: set FETTLE_LAB_RUN, or use `make test`"), .timeLimit(.minutes(20)))
struct ThreeEnvironmentsTests {
    @Suite struct TheWay {
        /// Promoted by the clock, production gets whatever the repository holds on that day. And what was applied was not what was
        /// approved: atlantis#1508, #1122.
        @Test func aSetGoesFromDevToProductionAsItWasTestedAndApproved() async throws {
            let way = try PromotionSite(
                .init(
                    dev: "dev-1", staging: ["qa-1", "staging-1"], production: ["api-1", "api-2"], backend: "api"))
            let site = way.site
            try await way.renew()
            try await way.offer("lab-good")
            try await way.makeSet(of: "orders")

            // Neither past a stage nor without what it has to show.
            try await site.fettle("promote", "patchset-1", "--to", "production", ends: 3)
            try await way.promote(to: "dev", as: "change-1")
            #expect(try await way.versions(of: "orders") == ["ii 1.1", "ii 1.0", "ii 1.0", "ii 1.0", "ii 1.0"])

            // What is published from now on is not what dev has tested.
            try await way.offer("lab-unhealthy")
            try await site.fettle("scan", ends: 100, 101)
            try await way.promote(to: "staging", as: "change-2", approvedBy: ["bob"])
            let refusal = try await site.fettle("promote", "patchset-1", "--to", "production", ends: 3)
            #expect(refusal.contains("sign-off") && refusal.contains("tests"), "\(refusal)")
            try await ownTests(site)
            let asked = try await site.fettle("promote", "patchset-1", "--to", "production")
            #expect(asked.contains("change-3"), "\(asked)")
            for person in ["bob", "carol"] { try await site.fettle("change", "approve", "change-3", as: person) }
            try await refuseEachForgery(way)
            try await site.fettle("run", "start", "change-3")

            let all = Array(repeating: "ii 1.1", count: 5)
            #expect(try await way.versions(of: "orders") == all)
            for host in way.hosts.all { #expect(try await Truth.changes(of: "orders", on: host) == 1, "\(host)") }
            #expect(try await way.membersServe())
            let pipeline = try await site.fettle("pipeline")
            #expect(pipeline.contains("patchset-1 has come to every stage: dev "), "\(pipeline)")
            try await expectEvidence(of: "run-2", site)
        }

        /// They fail at first, and that stops the set; then they pass, against what serves in staging.
        private func ownTests(_ site: Site) async throws {
            let test = ["patchset", "test", "patchset-1", "--stage", "staging", "--timeout", "60", "--"]
            let suite = "curl -fsS http://staging-1:8080/healthz http://qa-1:8080/healthz"
            for (command, status) in [("exit 3", 1), (suite, 0)] as [(String, Int32)] {
                let process = try site.launch(words: test + ["sh", "-c", command], as: "quinn")
                #expect(try await process.end() == status, "\(process.output)")
            }
            let shown = try await site.fettle("patchset", "show", "patchset-1")
            #expect(shown.contains("tests: refused in staging") && shown.contains("sh ended with 3"), "\(shown)")
            #expect(shown.contains("tests: passes in staging") && !shown.contains("curl"), "\(shown)")
        }

        /// One version, one target, one limit: nothing is carried out, and what differs is told.
        private func refuseEachForgery(_ way: PromotionSite) async throws {
            let (plan, document) = try await way.plan(of: "change-3")
            for forgery in plan.forgeries {
                try await way.forge(document, as: forgery.plan)
                let words = try await way.site.fettle("run", "start", "change-3", ends: 3)
                #expect(
                    words.contains("what was approved against what is kept") && words.contains(forgery.word),
                    "\(forgery.word): \(words)")
            }
            try await way.put(document)
            #expect(try await way.site.store.runs(limit: 9).map(\.run.rawValue).sorted() == ["run-1", "run-2"])
            #expect(try await Truth.changes(of: "orders", on: "api-1") == 0)
        }

        /// Of a run on real hosts: on a machine that has the binary, the bundle and the public key, and nothing else.
        private func expectEvidence(of run: String, _ site: Site) async throws {
            let (file, key) = (
                site.directory.appending(path: "run.evidence"), site.directory.appending(path: "key.pem")
            )
            try await site.fettle("evidence", "key", "--to", key.path)
            try await site.fettle("evidence", "export", run, "--to", file.path)
            let bare = try await BareMachine(in: site.directory.appending(path: "bare"), files: [file, key])
            let (code, said) = try await bare.fettle("evidence", "verify", "run.evidence", "--key", "key.pem")
            #expect(code == 0 && said.contains("approved by bob"), "\(said)")
        }
    }

    /// On the same hosts, one after the other.
    @Suite(.serialized) struct OffTheWay {
        private static let hosts = PromotionSite.Hosts(dev: "dev-2", staging: ["staging-2"], production: ["web-4"])

        /// The good set for the bad one: a version that runs and does not serve.
        @Test func whatFailsInStagingNeverReachesProduction() async throws {
            let way = try PromotionSite(Self.hosts)
            try await way.renew()
            try await way.offer("lab-unhealthy")
            try await way.makeSet(of: "orders")
            try await way.promote(to: "dev", as: "change-1")
            try await way.promote(to: "staging", as: "change-2", approvedBy: ["bob"], runEnds: 5)
            #expect(try await way.versions(of: "orders") == ["ii 2.0", "ii 1.0", "ii 1.0"])

            try await way.site.fettle(
                "patchset", "sign", "patchset-1", "--kind", "tests", "--stage", "staging", "--note", "somebody hopes",
                as: "quinn")
            for words in [[], ["--fast"], ["--emergency"]] as [[String]] {
                let process = try way.site.launch(words: ["promote", "patchset-1", "--to", "production"] + words)
                #expect(try await process.end() == 3, "\(words): \(process.output)")
                #expect(process.output.contains("run-2 in staging was rolled back"), "\(process.output)")
            }
            // Nor by another plan of the same version.
            try await way.site.fettle("plan", "make", "--environment", "production", "--only", "orders")
            try await way.site.fettle("change", "submit", "plan-4", "--reason", "past the stages", ends: 3)
            #expect(try await Truth.changes(of: "orders", on: "web-4") == 0)
            #expect(try await Truth.isWhole("staging-2"))
        }

        /// A weakness that is listed as actively exploited does not wait for dev.
        @Test func whatIsExploitedGoesTheFastLaneAsAnEmergency() async throws {
            let way = try PromotionSite(Self.hosts)
            let site = way.site
            try await way.renew()
            try await way.offer("lab-security")
            try await way.makeSet(of: "libledger", feeds: try Self.feeds(in: site.directory))
            try await site.fettle("promote", "patchset-1", "--to", "staging", ends: 3)
            try await way.promote(to: "staging", as: "change-1", "--fast", "--emergency", approvedBy: ["bob"])
            // That the version is there does not prove that the weakness is gone.
            let refusal = try await site.fettle("promote", "patchset-1", "--to", "production", "--fast", ends: 3)
            #expect(refusal.contains("closed") && refusal.contains("staging-2"), "\(refusal)")
            try await site.fettle("scan", "--feeds", site.directory.appending(path: "feeds").path, ends: 100, 101)
            // One approval, where production demands two; and somebody has to look at it afterwards.
            try await way.promote(to: "production", as: "change-2", "--fast", "--emergency", approvedBy: ["bob"])
            #expect(try await way.versions(of: "libledger") == ["ii 1.0", "ii 1.0.1", "ii 1.0.1"])
            try await site.fettle("change", "review", "change-2", "--note", "mine", ends: 3)
            try await site.fettle("change", "review", "change-2", "--note", "it was needed", as: "bob")
        }

        /// The mirror has gone on since dev, and what was tested is only in the repository that was frozen of the set.
        @Test func whatTheMirrorHasDroppedComesFromTheFrozenRepository() async throws {
            let way = try PromotionSite(Self.hosts)
            let site = way.site
            try await way.renew()
            try await way.offer("lab-good")
            try await way.makeSet(of: "orders")
            try await way.promote(to: "dev", as: "change-1")
            let server = try ArtifactServer(site.directory.appending(path: "artifacts"))
            let frozen = try await site.fettle("patchset", "freeze", "patchset-1", "--url", server.address)
            #expect(frozen.contains("1 archives"), "\(frozen)")
            let later = way.hosts.staging + way.hosts.production
            for host in later { try await PackagesLab.lab("withdraw", "lab-good", host) }
            try await way.offer("lab-unhealthy", to: later)
            let told = try await site.fettle("promote", "patchset-1", "--to", "staging", ends: 3)
            #expect(told.contains("Version '1.1' for 'orders' was not found"), "\(told)")
            #expect(told.contains("fettle patchset freeze patchset-1"), "\(told)")

            for host in later { try await server.introduce("patchset-1/debian-12", as: frozen, to: host) }
            try await way.promote(to: "staging", as: "change-2", approvedBy: ["bob"])
            try await site.fettle("scan", ends: 100, 101)
            try await site.fettle(
                "patchset", "sign", "patchset-1", "--kind", "tests", "--stage", "staging", "--note", "it serves",
                as: "quinn")
            try await way.promote(to: "production", as: "change-3", approvedBy: ["bob", "carol"])
            #expect(try await way.versions(of: "orders") == ["ii 1.1", "ii 1.1", "ii 1.1"])
            for host in later { #expect(try await Truth.changes(of: "orders", on: host) == 1, "\(host)") }
            let policy = try await PackagesLab.inside("apt-cache policy orders", on: later[0])
            #expect(policy.contains(server.address), "\(policy)")
            server.end()
        }

        /// Debian's tracker and CISA's catalogue, in their own forms.
        private static func feeds(in directory: URL) throws -> URL {
            let folder = directory.appending(path: "feeds")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let tracker =
                #"{"libledger": {"CVE-2026-41001": {"releases": {"bookworm": "#
                + #"{"status": "resolved", "fixed_version": "1.0.1", "urgency": "high"}}}}}"#
            let catalogue =
                #"{"catalogVersion": "1", "dateReleased": "2026-01-27T10:00:00.000Z", "vulnerabilities": ["#
                + #"{"cveID": "CVE-2026-41001", "dateAdded": "2026-01-26", "dueDate": "2026-02-16"}]}"#
            try Data(tracker.utf8).write(to: folder.appending(path: "tracker.json"))
            try Data(catalogue.utf8).write(to: folder.appending(path: "kev.json"))
            return folder
        }
    }
}
