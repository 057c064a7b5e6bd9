import FettleControl
import FettleDatabase
import FettleEvidence
import FettleModel
import FettleTestSupport
import Foundation
import Testing

/// Heads in an object store, by AWS's own command against moto (https://docs.getmoto.org).
@Suite(.enabled(if: MotoServer.product != nil, "moto: scripts/install-products"), .timeLimit(.minutes(20)))
struct ObjectStoreAnchorTests {
    private static let place = "s3://audit-heads/fettle/2026"

    private struct World {
        let moto: MotoServer
        let folder: TestFolder

        init() async throws {
            moto = try MotoServer()
            folder = try TestFolder()
            try await LocalFleet().keep(in: folder)
            try await ask(
                "s3api", "create-bucket", "--bucket=audit-heads",
                "--create-bucket-configuration=LocationConstraint=eu-central-1")
        }

        @discardableResult
        func fettle(_ words: [String], exits: Int32 = 0, _ settings: [String: String] = [:]) async throws -> Program {
            let program = try Program(words, in: folder, settings: moto.settings.merging(settings) { _, new in new })
            let status = try await program.end()
            #expect(status == exits, "\(words): \(status)\n\(program.output)\(program.error)")
            for said in [program.output, program.error] {
                #expect(!said.contains(MotoServer.secret) && !said.contains("\u{1b}"), "\(words)")
            }
            return program
        }

        func anchor(exits: Int32 = 0) async throws -> Program {
            try await fettle(
                ["evidence", "anchor", "--to", ObjectStoreAnchorTests.place, "--endpoint", moto.address], exits: exits)
        }

        func check(exits: Int32 = 0) async throws -> Program {
            try await fettle(
                ["evidence", "check", "--anchor", ObjectStoreAnchorTests.place, "--endpoint", moto.address],
                exits: exits)
        }

        func waive(_ number: Int) async throws {
            let words = ["--reason", "r", "--owner", "o", "--expires", "9d", "--resource", "here"]
            try await fettle(["waiver", "add", "--advisory", "CVE-2026-100\(number)"] + words)
        }

        /// AWS's own command.
        @discardableResult
        func ask(_ words: String...) async throws -> String {
            let output = folder.file("aws-\(UUID().uuidString)")
            try Data().write(to: output)
            let process = Process()
            process.executableURL = moto.folder.appending(path: "aws")
            process.arguments = words + ["--endpoint-url=\(moto.address)", "--output=text"]
            process.environment = moto.settings.merging(["AWS_PAGER": ""]) { _, new in new }
            let handle = try FileHandle(forWritingTo: output)
            process.standardOutput = handle
            try process.run()
            process.waitUntilExit()
            try handle.close()
            try #require(process.terminationStatus == 0, "\(words)")
            return try String(contentsOf: output, encoding: .utf8)
        }

        func keys() async throws -> [String] {
            let text = try await ask(
                "s3api", "list-objects-v2", "--bucket=audit-heads", "--query=Contents[].[Key]")
            return text.split(whereSeparator: \.isWhitespace).map(String.init)
        }

        func put(_ text: String, as key: String) async throws {
            try folder.write(text, to: "put")
            try await ask(
                "s3api", "put-object", "--bucket=audit-heads", "--key=\(key)", "--body=\(folder.file("put").path)")
        }
    }

    @Test func eachHeadIsAnObjectAndTheLogIsHeldAgainstAllOfThem() async throws {
        let world = try await World()
        try await world.waive(1)
        #expect(try await world.anchor().output.hasPrefix("anchored entry"))
        #expect(try await world.anchor().output.hasPrefix("it was there already: entry"))
        let first = try #require(try await world.keys().first)
        #expect(first.wholeMatch(of: #/fettle/2026/[0-9]{12}-[0-9a-f]{16}-[0-9a-f]{12}\.head/#) != nil)
        for number in 2...3 {
            try await world.waive(number)
            _ = try await world.anchor()
        }
        // What is no head, and what lies deeper, is somebody else's.
        try await world.put("hello", as: "fettle/2026/README")
        try await world.put("hello", as: "fettle/2026/deeper/\(first.split(separator: "/")[2])")
        let held = try await world.check()
        #expect(held.output.contains("anchored heads met: 3, from entry"), "\(held.output)")

        // One in the middle is taken away, past Object Lock: of that the rest tells nothing, but for how many there are.
        let heads = try await world.keys().filter { $0.hasSuffix(".head") && !$0.contains("deeper") }
        try await world.ask("s3api", "delete-object", "--bucket=audit-heads", "--key=\(heads[1])")
        #expect(try await world.check().output.contains("anchored heads met: 2, from entry"))

        // The end of the log is cut off, with all that it told of: the waiver, and that its head was anchored.
        try await AlteredDatabase.execute(
            in: world.folder,
            """
            DROP TRIGGER log_is_not_shortened; DELETE FROM log WHERE sequence > (SELECT max(sequence) - 2 FROM log);
            DELETE FROM waiver_event WHERE position = (SELECT max(position) FROM waiver_event)
            """)
        #expect(try await world.fettle(["evidence", "check"]).output.contains("entries hold"))
        let cut = try await world.check(exits: 1)
        #expect(cut.output.contains("are missing: they were anchored"), "\(cut.output)")
    }

    @Test func aBundleIsHeldAgainstTheHeads() async throws {
        let world = try await World()
        try await LocalFleet().approve(in: world.folder)
        try await world.fettle(["run", "start", "change-1", "--no-verify", "--as", "alice"])
        _ = try await world.anchor()
        try await world.fettle(["evidence", "export", "run-1"])
        try await world.fettle(["evidence", "key", "--to", "key.pem"])
        let verify = [
            "evidence", "verify", "run-1.evidence", "--key", "key.pem", "--anchor", Self.place, "--endpoint",
            world.moto.address,
        ]
        #expect(try await world.fettle(verify).output.contains("anchored heads met: 1 of 1"))
        // Heads of somebody who is not trusted are no heads.
        try world.folder.write(try SigningKey().verifying.pem, to: "other.pem")
        let others = try await world.fettle(
            ["evidence", "check", "--anchor", Self.place, "--endpoint", world.moto.address, "--key", "other.pem"],
            exits: 1)
        #expect(others.error.contains("none of the keys given"), "\(others.error)")
    }

    @Test func nothingThatIsThereIsOverwrittenOrTakenForAHead() async throws {
        let world = try await World()
        _ = try await world.anchor()
        let key = try #require(try await world.keys().first)
        let line = try await world.ask("s3", "cp", "s3://audit-heads/\(key)", "-")
        try await world.put("hello\n", as: key)
        let refused = try await world.anchor(exits: 1)
        #expect(refused.error.contains("holds something else than this head"), "\(refused.error)")
        #expect(try await world.ask("s3", "cp", "s3://audit-heads/\(key)", "-") == "hello\n")
        #expect(try await world.check(exits: 2).error.contains("it is no head"))
        // A head of this log, under another one's name; longer than any; with a character altered.
        for (text, status) in [
            (line + line, Int32(2)), (String(repeating: "x", count: 100_000), 2), ("\u{1b}[2J\n", 2),
            (line.replacing("fettle-head-v1 ", with: "fettle-head-v1 1"), 1), (String(line.dropLast()), 2), ("", 2),
        ] {
            try await world.put(text, as: key)
            let told = try await world.check(exits: status)
            #expect(told.error.contains(key), "\(told.error)")
        }
        try await world.put(line, as: key)
        let other = key.replacing("/0000", with: "/9000")
        try await world.put(line, as: other)
        #expect(try await world.check(exits: 1).error.contains("another head than its name says"))
    }

    @Test func whatIsMissingIsToldWithWhatToDo() async throws {
        let world = try await World()
        let nobody = ["AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""]
        let anchor = ["evidence", "anchor", "--endpoint", world.moto.address, "--to"]
        let bucket = try await world.fettle(anchor + ["s3://no-such-bucket/x"], exits: 1)
        #expect(bucket.error.contains("NoSuchBucket") && bucket.error.contains("Fettle makes none"))
        let listed = try await world.fettle(
            ["evidence", "check", "--endpoint", world.moto.address, "--anchor", "s3://no-such-bucket/x"], exits: 1)
        #expect(listed.error.contains("NoSuchBucket"))
        let credentials = try await world.fettle(anchor + [Self.place], exits: 1, nobody)
        #expect(credentials.error.contains("aws configure"), "\(credentials.error)")
        let empty = try await world.check(exits: 2)
        #expect(empty.error.contains("no head in it"))
        world.moto.stop()
        let away = try await world.anchor(exits: 1)
        #expect(away.error.contains("Could not connect"), "\(away.error)")
    }
}

/// What an `aws` command may say that is not what it should, and what is no place for heads.
@Suite(.timeLimit(.minutes(10))) struct ObjectStoreMischiefTests {
    private func world(_ script: String) async throws -> (TestFolder, [String: String]) {
        let folder = try TestFolder()
        try await LocalFleet().keep(in: folder)
        try folder.write(
            "#!/bin/sh\nprintf '%s\\n' \"$*\" >>'\(folder.file("words").path)'\n\(script)\n", to: "bin/aws")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.file("bin/aws").path)
        return (
            folder,
            ["PATH": "\(folder.file("bin").path):/usr/bin:/bin", "AWS_SECRET_ACCESS_KEY": "a-secret-of-somebody"]
        )
    }

    private func run(
        _ words: [String], _ script: String, exits: Int32 = 1, seconds: Int = 60
    ) async throws -> (error: String, words: String) {
        let (folder, settings) = try await world(script)
        let began = ContinuousClock.now
        let program = try Program(words, in: folder, settings: settings)
        #expect(try await program.end() == exits, "\(program.output)\(program.error)")
        #expect(ContinuousClock.now - began < .seconds(seconds))
        let told = (try? String(contentsOf: folder.file("words"), encoding: .utf8)) ?? ""
        for said in [program.output, program.error, told] {
            #expect(!said.contains("a-secret-of-somebody") && !said.contains("\u{1b}"))
        }
        return (program.error, told)
    }

    private let check = ["evidence", "check", "--anchor", "s3://audit-heads"]
    private let anchor = ["evidence", "anchor", "--to", "s3://audit-heads"]

    @Test func whatTheStoreSaysReachesNoTerminalAsItIs() async throws {
        let said = try await run(anchor, "printf '\\033[2Jno a-secret-of-somebody\\n' >&2; exit 255")
        #expect(said.error.contains("the head was not taken"))
        #expect(said.words.contains("--if-none-match=*") && said.words.contains("--checksum-sha256="))
        let old = try await run(anchor, "echo 'Unknown options: --if-none-match=*' >&2; exit 252")
        #expect(old.error.contains("take a newer one"))
        let other = try await run(anchor, "echo 'An error occurred (NotImplemented) when calling' >&2; exit 254")
        #expect(other.error.contains("cannot put without overwriting"))
    }

    /// A store that says that it took the head, and gives back another one or none.
    @Test func whatWasPutHasToComeBackAsItWas() async throws {
        let lie = try await run(anchor, "case $2 in get-object) for f; do :; done; echo other >\"$f\";; esac")
        #expect(lie.error.contains("did not keep what it took"), "\(lie.error)")
        _ = try await run(anchor, "true")
    }

    @Test(arguments: [
        "echo horse", "echo '[{\"key\":3}]'", "cat /dev/zero", "yes '[{\"key\": \"x\"},'",
        "case $1 in s3) mkdir -p \"$7\"; cat /dev/zero >\"$7/x\";; "
            + "*) echo '[{\"key\":\"000000000001-0123456789abcdef-0123456789ab.head\"}]';; esac",
    ]) func anAnswerThatIsNoneIsToldAndBounded(script: String) async throws {
        _ = try await run(check, script, seconds: 120)
    }

    @Test func moreHeadsThanAreReadAreTold() async throws {
        let list =
            "printf '['; i=0; while [ $i -le 20000 ]; do printf '{\"key\":\"k\"},'; i=$((i+1)); done; echo '{\"key\":\"k\"}]'"
        let told = try await run(check, list)
        #expect(told.error.contains("more than 20000 objects"), "\(told.error)")
        #expect(told.words.contains("--max-items=20001"))
    }

    /// Names that would lead out of the folder, or that are no names of heads, are nobody's.
    @Test func aNameIsNoPath() async throws {
        let list = "echo '[{\"key\":\"../000000000001-0123456789abcdef-0123456789ab.head\"},{\"key\":\"/etc/passwd\"}]'"
        let told = try await run(check, list, exits: 2)
        #expect(told.error.contains("no head in it"))
        #expect(!told.words.contains("s3 cp"))
    }

    @Test func withoutTheCommandItIsSaidWhatIsMissing() async throws {
        let (folder, _) = try await world("true")
        let program = try Program(anchor, in: folder, settings: ["PATH": "/bin-that-is-not"])
        #expect(try await program.end() == 1)
        #expect(program.error.contains("install awscli"))
    }

    @Test(arguments: [
        ["s3://"], ["s3://UPPER/x"], ["s3://ab"], ["s3://-abc/x"], ["s3://audit-heads//x"], ["s3://audit-heads/../x"],
        ["s3://audit-heads/a b"], ["s3://audit-heads/*"], ["s3://audit-heads/[a]"], ["s3://audit-heads/\u{1b}[2J"],
        ["s3://audit-heads/x", "--endpoint", "http://minio.example:9000"],
        ["s3://audit-heads/x", "--endpoint", "https://u:s3cret-word@minio.example"],
        ["s3://audit-heads/x", "--endpoint", "https://minio.example/?s3cret-word"],
        ["s3://audit-heads/x", "--endpoint", "-x"], ["s3://audit-heads/x", "--region", "-x"],
        ["s3://audit-heads/x", "--region", "a b"], ["file:heads", "--region", "eu-central-1"],
    ]) func whatIsNoPlaceIsRefusedBeforeAnythingIsAsked(words: [String]) async throws {
        let told = try await run(["evidence", "anchor", "--to"] + words, "true", exits: 2)
        #expect(told.words.isEmpty && !told.error.contains("s3cret-word"))
    }
}
