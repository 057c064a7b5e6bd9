import ArgumentParser
import FettleDatabase
import FettleImages
import FettleModel
import Foundation
import Testing

@testable import FettleCommands

/// Promises that every command keeps, a new one too: it is named here, or the first test fails.
@Suite(.serialized) struct AllCommandsTests {
    /// A command at work, one after the other in a folder of their own.
    private struct Use {
        var words: [String]
        var exits: Set<Int32> = [0]
        /// What is wanted of it is not there: what to do instead is told.
        var fails = false
        /// The file with the token of whoever acts.
        var token: String?

        var line: String { words.joined(separator: " ") }
    }

    private static let looked: Set<Int32> = [0, 4, 100, 101, 102]

    private static let uses: [Use] = [
        Use(words: ["init", "--dir", "new"]),
        Use(words: ["quickstart"]),
        Use(words: ["schema", "fleet"]),
        Use(words: ["schema", "feeds"]),
        Use(words: ["schema", "problems"]),
        Use(words: ["schema", "facts"]),
        Use(words: ["schema", "plan"]),
        Use(words: ["schema", "report"]),
        Use(words: ["version", "compare", "--scheme", "dpkg", "1.0~rc1", "1.0"]),
        Use(words: ["cvss", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P"]),
        Use(words: ["access", "sudoers", "--user", "fettle"]),
        Use(words: ["access", "check"]),
        Use(words: ["inventory", "check"]),
        Use(words: ["inventory", "show"]),
        Use(words: ["inventory", "export"]),
        Use(words: ["inventory", "import", "ansible", "hosts.ini", "--environment", "dev", "--to", "imported.yaml"]),
        Use(words: ["inventory", "import", "ansible", "hosts.ini", "--environment", "dev", "--to", "-"]),
        Use(words: ["windows", "--days", "7"]),
        Use(words: ["windows", "--for", "horse"], exits: [2], fails: true),
        Use(words: ["plan", "list"]),
        Use(words: ["plan", "show", "plan-1"]),
        Use(words: ["plan", "show", "plan.json"]),
        Use(words: ["plan", "show", "plan-1", "--html", "page.html"]),
        Use(words: ["plan", "show", "plan.json", "--html"]),
        Use(words: ["plan", "diff", "plan-1", "plan.json"]),
        Use(words: ["plan", "diff", "plan-1", "unsafe.json"], exits: [1]),
        Use(words: ["export", "facts"]),
        Use(words: ["export", "facts", "--to", "facts.json"]),
        Use(words: ["export", "findings", "facts-1"], exits: [2], fails: true),
        Use(words: ["export", "findings", "findings-1", "--to", "findings.json"]),
        Use(words: ["export", "selection", "--to", "selection.json"]),
        Use(words: ["plan", "--facts", "facts.json", "--findings", "findings.json", "--now", "2026-11-23T09:00:00Z"]),
        Use(words: ["plan", "make", "--facts", "facts.json", "--selection", "selection.json"]),
        Use(words: ["simulate", "--write-fleet", "made-up", "--hosts", "60"]),
        Use(words: [
            "plan", "make", "--dir", "made-up", "--facts", "made-up/facts.json", "--findings", "made-up/selection.json",
            "--now", "2026-11-23T09:00:00Z",
        ]),
        Use(words: ["plan", "check", "plan.json", "--now", "2026-11-23T09:00:00Z"]),
        Use(words: ["plan", "check", "altered.json"], exits: [3], fails: true),
        Use(words: ["plan", "check", "unsafe.json"], exits: [3]),
        Use(words: ["waiver", "list"]),
        Use(words: [
            "waiver", "add", "--advisory", "CVE-2026-1001", "--reason", "not built in", "--owner", "carol", "--expires",
            "30d", "--resource", "h*", "--kind", "notAffected", "--justification", "vulnerable_code_not_present",
        ]),
        Use(words: ["waiver", "list", "--all"]),
        Use(words: ["waiver", "export", "--format", "openvex"]),
        Use(words: ["waiver", "export", "--format", "csaf"]),
        Use(words: ["waiver", "import", "vex.json", "--owner", "carol", "--expires", "8w"]),
        Use(words: ["waiver", "expire", "waiver-1", "--reason", "a fix is out"]),
        Use(words: ["waiver", "expire", "waiver-1", "--reason", "twice"], exits: [2], fails: true),
        Use(words: ["compliance"], exits: looked),
        Use(words: ["simulate", "plan-1", "--plays", "10"]),
        Use(words: ["simulate", "plan.json", "--plays", "3"]),
        Use(words: ["simulate", "plan-1", "--seeds", "1..5"]),
        Use(words: ["simulate", "--generated", "--hosts", "8", "--seeds", "3"]),
        Use(words: ["simulate", "plan-1", "--seeds", "1..5", "--faults", "40", "--faults-until", "600"]),
        Use(words: ["simulate", "unsafe.json"], exits: [3], fails: true),
        Use(words: ["change", "submit", "plan-1", "--reason", "a test", "--as", "alice"]),
        Use(words: ["change", "submit", "plan-1", "--reason", "once more"], exits: [1], fails: true),
        Use(words: ["change", "approve", "change-1", "--as", "alice"], exits: [3], fails: true),
        Use(words: ["run", "start", "change-1"], exits: [3], fails: true),
        Use(words: ["change", "withdraw", "change-1", "--as", "alice"]),
        Use(words: ["change", "submit", "plan-1", "--reason", "again", "--as", "alice"]),
        Use(words: ["change", "reject", "change-2", "--as", "bob"]),
        Use(words: ["change", "submit", "plan-1", "--reason", "at last", "--as", "alice"]),
        Use(words: [
            "change", "schedule", "change-3", "--from", "2026-01-01T00:00:00Z", "--until", "2099-01-01T00:00:00Z",
            "--as",
            "alice",
        ]),
        Use(words: ["change", "calendar"]),
        Use(words: ["change", "approve", "change-3", "--as", "bob"]),
        Use(words: ["change", "review", "change-3", "--note", "too early"], exits: [1], fails: true),
        Use(words: ["change", "list"]),
        Use(words: ["change", "show", "change-3"]),
        Use(words: ["change", "show", "change-3", "--html", "change.html"]),
        Use(words: ["run", "start", "change-3", "--no-verify", "--as", "alice"]),
        Use(words: ["run", "start", "change-3"], exits: [1], fails: true),
        Use(words: ["patchset", "make", "plan-1"], exits: [2], fails: true),
        Use(words: ["patchset", "list"]),
        Use(words: ["patchset", "sign", "patchset-1", "--kind", "tests", "--stage", "dev", "--note", "all passed"]),
        Use(words: ["patchset", "test", "patchset-1", "--stage", "dev", "--", "true"], exits: [3], fails: true),
        Use(
            words: [
                "patchset", "answer", "patchset-1", "note-1", "--passed", "--note", "x", "--digest",
                String(repeating: "0", count: 64),
            ], exits: [2], fails: true),
        Use(words: ["patchset", "freeze", "patchset-1"], exits: [2], fails: true),
        Use(words: ["patchset", "collect", "--dry-run"]),
        Use(words: ["patchset", "regress", "patchset-1", "--note", "slower"]),
        Use(words: ["promote", "patchset-1", "--to", "dev"], exits: [3], fails: true),
        Use(words: ["pipeline", "patchset-1"]),
        Use(words: ["patchset", "resolve", "patchset-1", "note-2", "--note", "was the network"]),
        Use(words: ["patchset", "show", "patchset-1"]),
        Use(words: ["promote", "patchset-1", "--to", "moon"], exits: [2], fails: true),
        Use(words: ["promote", "patchset-1", "--to", "dev"]),
        Use(words: ["run", "resume", "run-1"]),
        Use(words: ["run", "list"]),
        Use(words: ["run", "show", "run-1"]),
        Use(words: ["run", "obligations", "run-1"]),
        Use(words: ["run", "obligations"]),
        Use(words: ["run", "retry", "run-1", "--failed"], exits: [1], fails: true),
        Use(words: ["run", "handover", "run-1"], exits: [1], fails: true),
        Use(words: ["plan", "make", "--supersedes", "run-1"], exits: [1], fails: true),
        Use(words: ["report", "run-1"]),
        Use(words: ["report", "run", "run-1", "--html", "run.html", "--xlsx", "run.xlsx", "--csv", "run"]),
        Use(words: ["report", "compliance", "--html", "compliance.html"]),
        Use(words: ["report", "age"]),
        Use(words: ["report", "exceptions"]),
        Use(words: ["report", "ownership", "--csv", "ownership"]),
        Use(words: ["report", "alignment", "--xlsx", "systems.xlsx"]),
        Use(words: ["report", "alignment", "--against", "systems.xlsx", "--sheet", "systems"]),
        Use(words: ["report", "alignment", "--against", "team.csv", "--column", "Box=system"], exits: [1]),
        Use(words: ["report", "alignment", "--against", "wrong.csv"], exits: [2], fails: true),
        Use(words: ["report", "trend"]),
        Use(words: ["evidence", "key"]),
        Use(words: ["evidence", "key", "--to", "key.pem"]),
        Use(words: ["evidence", "export", "run-1"]),
        Use(words: ["evidence", "anchor", "--to", "file:heads"]),
        Use(words: ["evidence", "verify", "run-1.evidence", "--key", "key.pem", "--anchor", "heads"]),
        Use(words: ["evidence", "verify", "plan.json", "--key", "key.pem"], exits: [1], fails: true),
        Use(words: ["evidence", "check", "--anchor", "heads"]),
        Use(words: ["evidence", "log"]),
        // A run that was made and that nobody carries out.
        Use(words: ["run", "pause", "run-2", "--reason", "lunch"]),
        Use(words: ["run", "retry", "run-2"]),
        Use(words: ["run", "skip", "run-2", "--step", "here/gate", "--reason", "why not"], exits: [3], fails: true),
        Use(words: ["run", "rollback", "run-2", "--host", "here", "--dry-run"]),
        Use(words: ["run", "rollback", "run-2", "--host", "nobody"], exits: [2], fails: true),
        Use(words: ["run", "rollback", "run-2", "--host", "here"]),
        Use(words: ["run", "handover", "run-2", "--wait", "0"], exits: [1], fails: true),
        Use(words: ["run", "gate", "run-2", "here/confirm", "--pass", "--reason", "x"], exits: [1], fails: true),
        Use(words: ["run", "rollback", "run-2"]),
        Use(words: ["run", "abort", "run-2"]),
        Use(words: ["quarantine", "list"]),
        Use(words: ["quarantine", "settle", "here", "--note", "gone", "--removed"]),
        Use(words: ["quarantine", "settle", "here", "--note", "twice"], exits: [2], fails: true),
        Use(words: ["baseline", "show"]),
        Use(words: ["baseline", "show", "careful"]),
        Use(words: ["baseline", "show", "horse"], exits: [2], fails: true),
        Use(words: ["baseline", "diff", "here", "there"], exits: [0]),
        Use(words: ["baseline", "diff", "here"], exits: [2], fails: true),
        Use(words: ["responsibility", "show"]),
        Use(words: ["responsibility", "mail"]),
        Use(
            words: [
                "responsibility", "evidence", "add", "mail/provider/statement", "--kind", "providerStatement", "--note",
                "patched monthly",
            ]),
        Use(
            words: ["responsibility", "evidence", "add", "here/us/x", "--kind", "vendorAdvisory", "--note", "x"],
            exits: [2], fails: true),
        Use(words: ["responsibility", "evidence", "list"]),
        Use(words: ["policy"]),
        Use(words: ["policy", "show"]),
        Use(words: ["policy", "accept", "--dry-run"]),
        Use(words: ["policy", "accept"], exits: [2], fails: true),
        Use(words: ["feeds", "sync", "--feed", "kev"]),
        Use(words: ["feeds", "status"], exits: [4]),
        Use(words: ["feeds", "export", "bundle.tar"]),
        Use(words: ["feeds", "import", "bundle.tar"]),
        Use(words: ["feeds", "build", "--from", "mirror", "tracker.json", "--to", "advisories.index"]),
        Use(
            words: ["assess", "--dpkg-status", "status", "--platform", "debian:12", "--index", "advisories.index"],
            exits: [101]),
        Use(words: ["impact", "CVE-2026-1001"], exits: looked),
        // Files that pass for patched images: see `prepare`. Patching one takes root and an image (`RealImageTests`).
        Use(words: ["image", "patch", "nowhere.raw", "--to", "patched.raw"], exits: [2], fails: true),
        Use(words: ["image", "verify", "old.raw", "--key", "key.pem"]),
        Use(words: ["image", "add", "old.raw", "--name", "web"]),
        Use(words: ["image", "add", "old.raw", "--name", "web"], exits: [1], fails: true),
        Use(words: ["image", "add", "new.raw", "--name", "web"]),
        Use(words: ["image", "list"]),
        Use(words: ["image", "show", "image-2"]),
        Use(words: ["image", "assess", "--index", "advisories.index"], exits: [101]),
        Use(words: ["image", "assess", "image-1", "new.raw", "--index", "advisories.index"], exits: [101]),
        Use(words: ["image", "promote", "image-1", "--to", "dev"]),
        Use(words: ["image", "promote", "image-1", "--to", "moon"], exits: [3], fails: true),
        Use(words: ["image", "retire", "image-1", "--note", "old"], exits: [3], fails: true),
        Use(words: ["image", "promote", "image-2", "--to", "dev", "--note", "newer"]),
        Use(words: ["image", "retire", "image-1", "--note", "old"]),
        Use(words: ["image", "collect", "--days", "0", "--dry-run"]),
        // Its files are elsewhere meanwhile: see `prepare`.
        Use(words: ["image", "collect", "--dry-run", "--days", "0"], exits: [4]),
        Use(words: ["image", "collect", "--dry-run", "--days", "0", "--gone"]),
        Use(words: ["image", "collect", "--days", "0"]),
        Use(words: ["image", "list", "--all"]),
        Use(words: ["risk"]),
        Use(words: ["message", "list"]),
        Use(words: ["message", "deliver"], exits: [2], fails: true),
        Use(words: ["message", "retry", "1"], exits: [2], fails: true),
        Use(words: ["message", "test", "ops"], exits: [2], fails: true),
        Use(words: ["explain", "nobody/nothing"], exits: [2], fails: true),
        Use(words: ["scan"], exits: looked),
        Use(words: ["assess"], exits: looked),
        Use(words: ["plan", "make"], exits: [0, 3]),
        // In a store of their own: from the first user on nobody acts without a token.
        Use(words: ["whoami"]),
        Use(words: ["user", "list", "--store", "users.db"]),
        Use(words: ["token", "list", "--store", "users.db"]),
        Use(words: ["user", "add", "ann", "--role", "admin", "--to", "enrolment", "--store", "users.db"]),
        Use(words: ["user", "list", "--store", "users.db"], exits: [3], fails: true),
        Use(words: ["whoami", "--store", "users.db"], exits: [3], fails: true, token: "enrolment"),
        Use(words: ["token", "make", "--title", "mine", "--to", "ann", "--store", "users.db"], token: "enrolment"),
        Use(words: ["token", "make", "--to", "ann", "--store", "users.db"], exits: [2], fails: true, token: "ann"),
        Use(words: ["whoami", "--store", "users.db"], token: "ann"),
        Use(words: ["user", "add", "bob", "--role", "operator:dev/w*", "--store", "users.db"], token: "ann"),
        // The role is asked for before anything is looked for.
        Use(
            words: ["image", "collect", "--days", "0", "--store", "users.db"], exits: [3], fails: true, token: "ann"),
        Use(words: ["user", "roles", "bob", "--role", "viewer", "--store", "users.db"], token: "ann"),
        Use(
            words: ["user", "roles", "ann", "--role", "viewer", "--store", "users.db"], exits: [3], fails: true,
            token: "ann"),
        Use(words: ["user", "disable", "bob", "--store", "users.db"], token: "ann"),
        Use(words: ["user", "enable", "bob", "--store", "users.db"], token: "ann"),
        Use(words: ["user", "enrol", "bob", "--store", "users.db"], token: "ann"),
        Use(words: ["policy", "accept", "--store", "users.db"], token: "ann"),
        Use(words: ["policy", "accept", "--store", "users.db"], exits: [3], fails: true),
        Use(words: ["user", "list", "--store", "users.db"], token: "ann"),
        Use(words: ["token", "make", "--role", "admin", "--store", "users.db"], token: "ann"),
        Use(words: ["token", "list", "--all", "--store", "users.db"], token: "ann"),
        Use(words: ["token", "end", "token-4", "--store", "users.db"], token: "ann"),
        Use(words: ["user", "enrol", "bob", "--lost", "--store", "users.db"], token: "ann"),
        Use(words: ["scan", "--store", "users.db"], exits: [3], fails: true, token: "ann"),
    ]

    /// Where nothing is there yet, and where words are wrong.
    private static let failures: [Use] = [
        ["init", "--horse"], ["quickstart", "--feeds", "nowhere"], ["schema", "horse"],
        ["version", "compare", "--scheme", "horse", "1", "2"], ["version", "compare", "--scheme", "rpm", "1"],
        ["cvss", "CVSS:3.1/AV:X"], ["access", "sudoers", "--user", "a b"], ["access", "check"],
        ["inventory", "check"], ["inventory", "show"], ["inventory", "export"],
        ["inventory", "import", "ansible", "nowhere.ini"], ["inventory", "import", "csv", "nowhere.csv"],
        ["plan", "make"], ["plan", "list", "--limit", "x"], ["plan", "show", "plan-9"],
        ["plan", "check", "nowhere.json"],
        ["plan", "check", "taken/fleet.yaml"], ["plan", "check", "nowhere.json", "--now", "noon"],
        ["plan", "show", "nowhere.json"], ["plan", "show", "plan-9", "page.html"],
        ["plan", "show", "taken/fleet.yaml", "--html"], ["plan", "diff", "plan-8", "plan-9"],
        ["plan", "diff", "nowhere.json", "taken/fleet.yaml"], ["plan", "diff", "plan-8"],
        ["plan", "--facts", "nowhere.json"], ["plan", "--now", "noon", "--facts", "x", "--findings", "y"],
        ["plan", "--facts", "taken", "--findings", "nowhere.json"],
        ["plan", "--facts", "x", "--findings", "y", "--selection", "z"], ["plan", "--inventory", "nowhere.yaml"],
        ["plan", "--dir", "taken", "--facts", "taken/fleet.yaml", "--selection", "nowhere.json"],
        ["export", "facts"], ["export", "horse"], ["export", "selection", "selection-9"],
        ["simulate"], ["simulate", "plan-9", "--hosts", "3"], ["simulate", "--write-fleet", "x", "--hosts", "0"],
        ["simulate", "plan-9", "--write-fleet", "x"], ["simulate", "--write-fleet", "x", "--now", "noon"],
        ["simulate", "plan-9", "--seeds", "2..1"], ["simulate", "plan-9", "--seeds", "1", "--plays", "3"],
        ["simulate", "--generated", "plan-9"], ["simulate", "--generated", "--hosts", "0"],
        ["simulate", "--write-fleet", "x", "--seeds", "1"], ["simulate", "plan-9", "--seeds", "1..2"],
        ["simulate", "plan-9", "--faults", "3"], ["simulate", "plan-9", "--seeds", "1", "--faults", "1001"],
        ["simulate", "plan-9", "--seeds", "1", "--faults-until", "-1"],
        ["simulate", "plan-9"], ["simulate", "plan-9", "--plays", "0"], ["simulate", "nowhere.json"],
        ["simulate", "taken/fleet.yaml"],
        ["change", "submit", "plan-9", "--reason", "x"], ["change", "submit", "plan-9"],
        ["change", "approve", "change-9"], ["change", "reject", "change-9"], ["change", "withdraw", "change-9"],
        ["change", "list", "--limit", "x"], ["change", "show", "change-9"], ["change", "calendar", "--horse"],
        ["change", "schedule", "change-9", "--clear"], ["change", "schedule", "change-9", "--from", "noon"],
        ["change", "review", "change-9", "--note", "x"], ["patchset", "make"], ["patchset", "make", "plan-9"],
        ["patchset", "list", "--limit", "x"], ["patchset", "show", "patchset-9"],
        ["patchset", "sign", "patchset-9", "--kind", "tests", "--note", "x"],
        ["patchset", "sign", "patchset-9", "--kind", "regression", "--note", "x"],
        ["patchset", "test", "patchset-9", "--stage", "dev", "--", "true"],
        ["patchset", "test", "x", "--stage", "dev"], ["patchset", "test", "x", "--stage", "dev", "--wait", "0"],
        ["patchset", "answer", "patchset-9", "note-1", "--digest", "x", "--passed", "--note", "x"],
        ["patchset", "freeze", "patchset-9"], ["patchset", "freeze", "patchset-1", "--url", "ftp://x"],
        ["patchset", "collect", "--days", "x"],
        ["patchset", "answer", "patchset-9", "note-1", "--passed", "--failed", "--note", "x"],
        ["patchset", "regress", "patchset-9", "--note", "x"],
        ["patchset", "resolve", "patchset-9", "note-1", "--note", "x"], ["promote", "patchset-9", "--to", "dev"],
        ["promote", "patchset-9"], ["pipeline"],
        ["run", "start", "change-9"], ["run", "resume", "run-9"], ["run", "list", "--limit", "x"],
        ["run", "show", "run-9"], ["run", "pause", "run-9"], ["run", "abort", "run-9"], ["run", "rollback", "run-9"],
        ["run", "retry", "run-9"], ["run", "skip", "run-9", "--step", "x"], ["run", "obligations", "run-9"],
        ["run", "handover", "run-9"], ["run", "handover", "run-9", "--wait", "-1"],
        ["run", "rollback", "run-9", "--all", "--wave", "0"], ["run", "rollback", "run-9", "--wave", "x"],
        ["plan", "make", "--supersedes", "run-9"],
        ["run", "gate", "run-9", "x", "--fail", "--reason", "r"],
        ["report", "run-9"], ["report", "run", "run-9"], ["report", "compliance"], ["report", "age", "--table", "x"],
        ["report", "exceptions"], ["report", "ownership", "--host", "x"], ["report", "trend"],
        ["report", "alignment", "--sheet", "x"], ["report", "alignment", "--against", "nowhere.csv"],
        ["quarantine", "list", "--horse"], ["quarantine", "settle", "web-1", "--note", "x"],
        ["baseline", "show"], ["baseline", "diff", "a", "b"], ["responsibility", "show"], ["policy"],
        ["policy", "show"], ["policy", "accept"],
        ["responsibility", "evidence", "add", "x", "--kind", "vendorAdvisory", "--note", "x"],
        ["responsibility", "evidence", "list", "--horse"],
        ["waiver", "list", "--horse"], ["waiver", "expire", "waiver-9", "--reason", "x"],
        ["waiver", "add", "--advisory", "CVE-1", "--reason", "x", "--owner", "a", "--expires", "30d"],
        ["waiver", "add", "--reason", "x", "--owner", "a", "--expires", "30d"],
        ["waiver", "export", "--format", "horse"], ["waiver", "export", "--format", "csaf"],
        ["waiver", "import", "nowhere.json", "--owner", "a", "--expires", "30d"],
        ["waiver", "import", "taken/fleet.yaml", "--owner", "a", "--expires", "30d"], ["compliance"],
        ["feeds", "sync", "--feed", "horse"], ["feeds", "status", "--horse"], ["feeds", "export"], ["feeds", "import"],
        ["feeds", "build", "--to", "x"], ["impact"], ["explain", "x"], ["risk"], ["windows"],
        ["assess", "--dpkg-status", "nowhere"], ["assess", "--sbom", "x", "--platform", "plan9:4"],
        ["message", "list", "--limit", "0"], ["message", "deliver"], ["message", "retry", "x"],
        ["message", "retry", "1"],
        ["message", "test", "ops"], ["change", "list", "-o", "ics"],
        ["scan"], ["scan", "--parallel", "0"], ["assess"], ["serve", "--port", "0"],
        ["evidence", "key", "--horse"], ["evidence", "export", "run-9"], ["evidence", "check", "--anchor", "nowhere"],
        ["evidence", "verify", "nowhere", "--key", "nowhere"], ["evidence", "verify", "nowhere"],
        ["evidence", "anchor", "--to", "http://plain.example/"], ["evidence", "anchor"],
        ["evidence", "anchor", "--to", "s3://Not A Bucket/x"], ["evidence", "check", "--anchor", "s3://x/y"],
        ["evidence", "anchor", "--to", "https://user:secret@host/"], ["evidence", "log", "--limit", "0"],
        ["plan", "show", "plan-9", "--as", "\u{1b}[2J"], ["user", "add", "ann"],
        ["user", "add", "a b", "--role", "admin"],
        ["user", "add", "ann", "--role", "horse"], ["user", "list", "--horse"], ["user", "roles", "ann"],
        ["user", "disable", "ann"], ["user", "enable", "ann"], ["user", "enrol", "ann"],
        ["token", "make", "--role", "x:y z"],
        ["token", "list", "--horse"], ["token", "end", "token-1"], ["whoami", "--horse"],
        ["image", "patch", "nowhere.raw", "--to", "x.raw"],
        ["image", "patch", "x", "--to", "y", "--package", "a;reboot", "--proxy", "-x"],
        ["image", "patch", "x", "--to", "y", "--gate", "tcp:0"],
        ["image", "verify", "nowhere.raw", "--key", "nowhere"],
        ["image", "verify", "nowhere.raw"], ["image", "add", "nowhere.raw", "--name", "x"],
        ["image", "add", "nowhere.raw", "--name", "a b"], ["image", "list", "--horse"], ["image", "show", "image-9"],
        ["image", "assess"], ["image", "assess", "nowhere.raw"], ["image", "promote", "image-9", "--to", "dev"],
        ["image", "retire", "image-9", "--note", "x"], ["image", "collect", "--days", "-1"],
    ].map { Use(words: $0, exits: [2], fails: true) }

    private static func leaves(
        _ command: any ParsableCommand.Type, _ path: [String] = []
    ) -> [(path: [String], type: any ParsableCommand.Type)] {
        let configuration = command.configuration
        guard !configuration.subcommands.isEmpty else { return [(path, command)] }
        return configuration.subcommands.flatMap { leaves($0, path + [$0._commandName]) }
    }

    @Test func everyCommandIsTriedHere() {
        let paths = Set(Self.leaves(FettleCommand.self).map { $0.path.joined(separator: " ") })
        #expect(paths.count > 30)
        func named(_ uses: [Use]) -> Set<String> {
            Set(paths.filter { path in uses.contains { $0.line == path || $0.line.hasPrefix(path + " ") } })
        }
        // The server answers until it is stopped: see `theServer`.
        #expect(paths.subtracting(named(Self.uses)) == ["serve"])
        #expect(paths.subtracting(named(Self.failures)) == [])
    }

    @Test func everyCommandSaysWhatItIsForAndWhatItTakes() {
        for (path, type) in Self.leaves(FettleCommand.self) {
            let name = path.joined(separator: " ")
            #expect(type.configuration.abstract.hasSuffix("."), "\(name)")
            let help = FettleCommand.helpMessage(for: type, columns: 100)
            #expect(help.contains("--output"), "\(name) does not take -o json")
            // A line with an option's name and nothing behind it, unless the words stand in the next one.
            let lines = help.split(separator: "\n", omittingEmptySubsequences: false)
            for (line, next) in zip(lines, lines.dropFirst())
            where line.wholeMatch(of: #/  (-[a-z], )?--[a-z-]+( <[a-z-]+>)?/#) != nil && !next.hasPrefix("         ") {
                Issue.record("\(name): nothing is said of\(line)")
            }
        }
        let help = FettleCommand.helpMessage(columns: 100)
        for code in ["0 ok", "1 failure", "2 usage", "3 blocked", "4 partial", "5 rolled back", "100", "101", "102"] {
            #expect(help.contains(code))
        }
    }

    @Test func inJSONEveryAnswerIsOneDocument() async throws {
        let folder = try await Self.folder()
        for use in Self.uses { try await Self.check(use, in: folder, json: true) }
    }

    @Test func inWordsEveryAnswerFitsANarrowTerminal() async throws {
        let folder = try await Self.folder()
        for use in Self.uses {
            let program = try await Self.check(use, in: folder, json: false)
            // Texts that others read, and the lines of a journal, are not broken.
            let isForPrograms = [
                "schema", "export", "access sudoers", "inventory export", "inventory import", "run start", "run show",
                "waiver export",
            ].contains {
                use.line.hasPrefix($0)
            }
            guard !isForPrograms else { continue }
            for line in program.output.split(separator: "\n") where String(line).displayWidth > 40 {
                #expect(Self.isProse(line), "\(use.line): \(line)")
            }
        }
    }

    /// A sentence that a terminal wraps, and no row of a table: those have their columns two blanks apart.
    private static func isProse(_ line: Substring) -> Bool {
        !line.drop { $0 == " " }.contains("   ")
    }

    @Test(arguments: [true, false])
    func everyFailureIsToldOnStandardErrorWithWhatToDo(json: Bool) async throws {
        let folder = try TestFolder()
        try folder.write("version: 1\n", to: "taken/fleet.yaml")
        for use in Self.failures { try await Self.check(use, in: folder, json: json) }
    }

    @Test func theServerTellsWhereItIsAndEndsWhenToldTo() async throws {
        let folder = try await Self.folder()
        let port = Int.random(in: 20_000..<60_000)
        let program = try Program(["serve", "--port", "\(port)", "-o", "json"], in: folder)
        try await program.wait("the address") { !program.output.isEmpty }
        let answer = try JSONSerialization.jsonObject(with: Data(program.output.utf8)) as? [String: String]
        #expect(answer == ["url": "http://127.0.0.1:\(port)/"])
        try await Task.sleep(for: .milliseconds(500))
        program.send(SIGTERM)
        #expect(try await program.end() == 0)
    }

    /// A plan, an unsafe plan, a second run that nobody carries out, a host in quarantine.
    private static func folder() async throws -> TestFolder {
        let folder = try TestFolder()
        try await LocalFleet().keep(in: folder)
        try folder.write(LocalFleet.policy, to: "policy.yaml")
        try folder.write("[web]\nweb-1\nweb-2\n", to: "hosts.ini")
        try folder.write("Box;openssl\nhere;3.0.22\ngone;1\n", to: "team.csv")
        try folder.write("system,version\nhere,3\n", to: "wrong.csv")
        try folder.write("version: 1\nmirror: \(folder.file("mirror").path)\n", to: "feeds.yaml")
        try folder.write(
            #"""
            {"catalogVersion": "1", "dateReleased": "2026-01-27T10:00:00.000Z", "vulnerabilities": [
            {"cveID": "CVE-2026-1001", "dateAdded": "2026-01-02", "dueDate": "2026-01-23"}]}
            """#, to: "mirror/kev/known_exploited_vulnerabilities.json")
        try folder.write(
            #"{"openssl": {"CVE-2026-1001": {"releases": {"bookworm": {"status": "open"}}}}}"#, to: "tracker.json")
        try folder.write(
            "Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\nSource: openssl\nVersion: 3.0.9-1\n",
            to: "status")
        try folder.write(
            #"""
            {"@context": "https://openvex.dev/ns/v0.2.0", "@id": "urn:x:1", "author": "A Vendor", "version": 1,
            "timestamp": "2026-01-01T00:00:00Z", "statements": [{"vulnerability": {"name": "CVE-2026-1002"},
            "status": "not_affected", "justification": "component_not_present",
            "products": [{"@id": "pkg:deb/debian/openssl@3.0.20"}, {"@id": "pkg:npm/left-pad@1"}]}]}
            """#, to: "vex.json")
        let plan = try Program(["plan", "show", "plan-1", "-o", "json"], in: folder)
        #expect(try await plan.end() == 0)
        try folder.write(plan.output, to: "plan.json")
        let altered = plan.output.replacing("\"after\":[\"here/gate\"]", with: "\"after\":[\"here/never\"]")
        try folder.write(altered, to: "altered.json")
        try folder.write(
            altered.replacing(#/"digest":"[0-9a-f]{64}","environments"/#, with: "\"environments\""), to: "unsafe.json")
        return folder
    }

    private static func prepare(_ use: Use, in folder: TestFolder) async throws {
        if use.line == "image verify old.raw --key key.pem" {
            try PatchedImage.write("old.raw", from: "base.raw", in: folder)
            try PatchedImage.write("new.raw", from: "old.raw", in: folder)
        }
        if use.line == "image collect --dry-run --days 0" { try move("old.raw", to: "moved.raw", in: folder) }
        if use.line == "image collect --days 0" { try move("moved.raw", to: "old.raw", in: folder) }
        guard use.line == "run pause run-2 --reason lunch" else { return }
        let store = try SQLiteStore(path: folder.file(".fettle/fettle.db").path)
        try await store.createRun("run-2", change: "change-3", at: .now())
        try await store.quarantine(
            QuarantineEntry(
                resource: "here", run: "run-1", reason: "its gate does not pass", owner: "alice", since: .now(),
                deadline: .now(), obligations: []))
    }

    /// An image with all that lies beside it.
    private static func move(_ image: String, to name: String, in folder: TestFolder) throws {
        for end in [""] + ImageSidecar.allCases.map({ ".\($0.rawValue)" }) {
            try FileManager.default.moveItem(at: folder.file(image + end), to: folder.file(name + end))
        }
    }

    @discardableResult
    private static func check(_ use: Use, in folder: TestFolder, json: Bool) async throws -> Program {
        try await prepare(use, in: folder)
        var words = use.words
        // What stands behind `--` are another program's words.
        if json { words.insert(contentsOf: ["-o", "json"], at: words.firstIndex(of: "--") ?? words.endIndex) }
        let program = try Program(
            words, in: folder, settings: ["COLUMNS": "40", "FETTLE_TOKEN_FILE": use.token ?? ""])
        let status = try await program.end()
        #expect(use.exits.contains(status), "\(use.line): \(status)\n\(program.output)\(program.error)")
        if use.fails {
            #expect(program.output == "", "\(use.line)")
            #expect(program.error.contains("fettle ") || program.error.contains("--"), "\(use.line): \(program.error)")
        } else if json {
            let document = try? JSONSerialization.jsonObject(with: Data(program.output.utf8))
            #expect(document != nil, "\(use.line): \(program.output)")
        } else {
            #expect(program.output.hasSuffix("\n"), "\(use.line)")
        }
        if json {
            let lines = program.error.split(separator: "\n")
            for line in lines {
                let value = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                #expect(value?["note"] != nil || value?["error"] != nil, "\(use.line): \(line)")
            }
            if use.fails {
                let last = try #require(lines.last, "\(use.line)")
                let value = try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any]
                let error = value?["error"] as? [String: Any]
                #expect(error?["exit"] as? Int == Int(status), "\(use.line): \(last)")
                #expect((error?["message"] as? String)?.isEmpty == false)
            }
        }
        return program
    }
}
