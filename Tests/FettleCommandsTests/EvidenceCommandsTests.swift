import FettleDatabase
import FettleEvidence
import FettleModel
import Foundation
import Testing

/// A real run of this machine, and its evidence in the hands of somebody who has only the program.
@Suite struct EvidenceCommandsTests {
    private static let secret = "hunter-in-the-environment"

    private func run(
        _ words: [String], in folder: TestFolder, exits: Int32 = 0, settings: [String: String] = [:]
    ) async throws -> Program {
        let program = try Program(
            words, in: folder, settings: settings.merging(["PGPASSWORD": Self.secret]) { given, _ in given })
        let status = try await program.end()
        #expect(status == exits, "\(words): \(status)\n\(program.output)\(program.error)")
        #expect(!program.output.contains(Self.secret) && !program.error.contains(Self.secret), "\(words)")
        return program
    }

    private func carriedOut() async throws -> TestFolder {
        let folder = try TestFolder()
        try await LocalFleet().keep(in: folder)
        try await LocalFleet().approve(in: folder)
        _ = try await run(["run", "start", "change-1", "--no-verify", "--as", "alice"], in: folder)
        return folder
    }

    @Test func aBundleHoldsOnAMachineThatHasOnlyTheProgram() async throws {
        let folder = try await carriedOut()
        _ = try await run(["evidence", "export", "run-1"], in: folder)
        // What it tells of hosts is not everybody's; nor what the store does, wherever it lies.
        _ = try await run(
            [
                "waiver", "add", "--advisory", "CVE-2026-1001", "--reason", "r", "--owner", "o", "--expires", "9d",
                "--store",
                "elsewhere.db",
            ], in: folder)
        for name in ["run-1.evidence", ".fettle/fettle.db", "elsewhere.db"] {
            let mode =
                try FileManager.default.attributesOfItem(atPath: folder.file(name).path)[.posixPermissions] as? Int
            #expect(mode == 0o600, "\(name)")
        }
        _ = try await run(["evidence", "key", "--to", "key.pem"], in: folder)
        let elsewhere = try TestFolder()
        for name in ["run-1.evidence", "key.pem"] {
            try FileManager.default.copyItem(at: folder.file(name), to: elsewhere.file(name))
        }
        let verdict = try await run(["evidence", "verify", "run-1.evidence", "--key", "key.pem"], in: elsewhere)
        #expect(verdict.output.contains("run-1: succeeded") && verdict.output.contains("approved by bob"))
        // No database was made there, and nothing else.
        #expect(!FileManager.default.fileExists(atPath: elsewhere.file(".fettle").path))
        let strangers = try SigningKey().verifying.pem
        try elsewhere.write(strangers, to: "other.pem")
        let unknown = try await run(
            ["evidence", "verify", "run-1.evidence", "--key", "other.pem"], in: elsewhere, exits: 1)
        #expect(unknown.error.contains("none of the keys given"))
        var bytes = try Data(contentsOf: elsewhere.file("run-1.evidence"))
        bytes[bytes.count / 2] ^= 0x10
        try bytes.write(to: elsewhere.file("altered"))
        _ = try await run(["evidence", "verify", "altered", "--key", "key.pem"], in: elsewhere, exits: 1)
    }

    /// A head that was given and does not concern the bundle proves nothing of it: that is no success.
    @Test func anAnchorThatIsNotMetIsAFault() async throws {
        let folder = try await carriedOut()
        _ = try await run(["evidence", "key", "--to", "key.pem"], in: folder)
        _ = try await run(["evidence", "anchor", "--to", "file:heads"], in: folder)
        _ = try await run(["evidence", "export", "run-1"], in: folder)
        _ = try await run(
            ["waiver", "add", "--advisory", "CVE-2026-1001", "--reason", "r", "--owner", "o", "--expires", "9d"],
            in: folder)
        _ = try await run(["evidence", "anchor", "--to", "file:later"], in: folder)
        let verify = ["evidence", "verify", "run-1.evidence", "--key", "key.pem", "--anchor"]
        #expect(try await run(verify + ["heads"], in: folder).output.contains("anchored heads met: 1 of 1"))
        let unmet = try await run(verify + ["later"], in: folder, exits: 1)
        #expect(unmet.output.contains("none of the 1 anchored heads"), "\(unmet.output)")
    }

    /// The export's own entry moves the head past the bundle: the head before it is anchored too.
    @Test func anAnchorAfterAnExportIsMetByTheBundle() async throws {
        let folder = try await carriedOut()
        _ = try await run(["evidence", "export", "run-1"], in: folder)
        _ = try await run(["evidence", "key", "--to", "key.pem"], in: folder)
        let anchored = try await run(["evidence", "anchor", "--to", "file:heads"], in: folder)
        #expect(anchored.output.split(separator: "\n").count { $0.hasPrefix("anchored entry") } == 2)
        let verdict = try await run(
            ["evidence", "verify", "run-1.evidence", "--key", "key.pem", "--anchor", "heads"], in: folder)
        #expect(verdict.output.contains("anchored heads met: 1 of 2"), "\(verdict.output)")
        let check = try await run(["evidence", "check", "--anchor", "heads"], in: folder)
        #expect(check.output.contains("anchored heads met: 2"), "\(check.output)")
    }

    /// With OpenSSL, as docs/evidence.md tells it.
    @Test func aPersonCanVerifyTheSignatureByHand() async throws {
        let folder = try await carriedOut()
        _ = try await run(["evidence", "export", "run-1"], in: folder)
        _ = try await run(["evidence", "key", "--to", "key.pem"], in: folder)
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.currentDirectoryURL = folder.url
        shell.arguments = [
            "-ec",
            """
            head -n 2 run-1.evidence > signed
            sed -n 3p run-1.evidence | base64 -d > signature
            openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in signed -sigfile signature >/dev/null
            size=$(sed -n 2p run-1.evidence | sed 's/.*"parts":\\[{"bytes":\\([0-9]*\\).*/\\1/')
            sum=$(tail -n +4 run-1.evidence | head -c "$size" | sha256sum | cut -d' ' -f1)
            sed -n 2p run-1.evidence | grep -q "\\"digest\\":\\"$sum\\",\\"name\\":\\"facts\\""
            """,
        ]
        try shell.run()
        shell.waitUntilExit()
        #expect(shell.terminationStatus == 0)
    }

    @Test func theSecretKeyIsForItsOwnerAloneAndIsNeverPrinted() async throws {
        let folder = try TestFolder()
        let first = try await run(["evidence", "key"], in: folder)
        let path = folder.file(".fettle/evidence-key.pem").path
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let secret = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")[1]
        #expect(!first.output.contains(secret))
        #expect(try await run(["evidence", "key"], in: folder).output == first.output)
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
        let open = try await run(["evidence", "key"], in: folder, exits: 1)
        #expect(open.error.contains("used by others") && !open.error.contains(secret))
        try folder.write("damaged \(secret)", to: ".fettle/evidence-key.pem")
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        #expect(!(try await run(["evidence", "key"], in: folder, exits: 1).error.contains(secret)))
    }

    @Test func whatIsAlteredInTheDatabaseIsNamed() async throws {
        let folder = try await carriedOut()
        _ = try await run(["evidence", "anchor", "--to", "file:heads"], in: folder)
        #expect(try await run(["evidence", "check", "--anchor", "heads"], in: folder).output.contains("entries hold"))
        let database = folder.file(".fettle/fettle.db").path
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        shell.arguments = [
            "python3", "-c",
            #"""
            import sqlite3, sys
            file = sqlite3.connect(sys.argv[1])
            file.execute("UPDATE document SET bytes = CAST(replace(CAST(bytes AS TEXT), '\"bob', '\"rob') AS BLOB)"
                         " WHERE kind = 'change'")
            file.commit()
            """#, database,
        ]
        try shell.run()
        shell.waitUntilExit()
        try #require(shell.terminationStatus == 0, "it needs python3")
        let check = try await run(["evidence", "check"], in: folder, exits: 1)
        #expect(check.output.contains("change:change-1, which is not what was kept"))
        _ = try await run(["evidence", "anchor", "--to", "file:heads"], in: folder, exits: 3)
    }

    /// Cells beside what the log holds digests of, whatever was written into them: each is told, and nothing ends at it.
    @Test func whatIsAlteredBesideADigestIsNamed() async throws {
        let folder = try await carriedOut()
        let database = folder.file(".fettle/fettle.db")
        let whole = try Data(contentsOf: database)
        let stray = "INSERT INTO log (sequence, entry, link) VALUES (0, '{}', 'x')"
        for (sql, told) in [
            ("UPDATE run SET change = 'change-9'", "run-1 was made for change-1, and it is kept as that of change-9"),
            ("UPDATE run SET created_at = 5", "run-1 was made at"),
            ("UPDATE run SET created_at = 'horse'", "run-1 was made at"),
            ("UPDATE document SET digest = 'horse' WHERE kind = 'plan'", "plan:plan-1, beside which another digest"),
            ("UPDATE document SET digest = x'ff00' WHERE kind = 'plan'", "plan:plan-1, beside which another digest"),
            ("UPDATE document SET created_at = 1 WHERE kind = 'facts'", "facts:facts-1, which was made at"),
            ("UPDATE document SET created_at = 'horse' WHERE kind = 'facts'", "facts:facts-1, which was made at"),
            (
                "UPDATE document SET created_at = 9223372036854775807 WHERE kind = 'facts'",
                "facts:facts-1, which was made at"
            ),
            ("DROP TRIGGER log_has_no_gaps; \(stray)", "entry 0 is none: the first is entry 1"),
        ] {
            try await AlteredDatabase.execute(in: folder, sql)
            let check = try await run(["evidence", "check"], in: folder, exits: 1)
            #expect(check.output.contains(told), "\(sql): \(check.output)")
            #expect(check.output.split(separator: "\n").count { $0.contains("✗") } == 1, "\(sql): \(check.output)")
            for name in ["fettle.db-wal", "fettle.db-shm"] {
                try? FileManager.default.removeItem(at: folder.file(".fettle/\(name)"))
            }
            try whole.write(to: database)
        }
        _ = try await run(["evidence", "check"], in: folder)
    }

    @Test(arguments: [
        ["evidence", "verify", "pipe", "--key", "key.pem"], ["evidence", "verify", "run-1.evidence", "--key", "pipe"],
        ["evidence", "check", "--anchor", "pipe"], ["evidence", "verify", ".", "--key", "key.pem"],
    ])
    func whatIsNoFileIsNotReadForEver(words: [String]) async throws {
        let folder = try TestFolder()
        #expect(mkfifo(folder.file("pipe").path, 0o600) == 0)
        try folder.write(try SigningKey().verifying.pem, to: "key.pem")
        _ = try await run(words, in: folder, exits: 2)
    }

    @Test func anAddressWithASecretIsNeitherTakenNorTold() async throws {
        let folder = try TestFolder()
        for address in ["https://u:s3cret-word@host/", "http://host/s3cret-word", "https://host/s3cret-word\n"] {
            let program = try await run(["evidence", "anchor", "--to", address], in: folder, exits: 2)
            #expect(!program.error.contains("s3cret-word"))
        }
        let stored = try await run(
            ["evidence", "check", "--store", "postgresql://u:s3cret-word@db.example/x"], in: folder, exits: 2)
        #expect(!stored.error.contains("s3cret-word"))
    }
}
