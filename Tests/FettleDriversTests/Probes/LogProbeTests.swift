import FettleDriverKit
import FettleModel
import Foundation
import Testing

@testable import FettleDrivers

/// Lines of real files, by the shell of this machine.
@Suite("Logs", .serialized, .timeLimit(.minutes(10)))
struct LogProbeTests {
    private let local = LocalConnection()
    private let directory: URL
    private let here = ProbeTarget(resource: "web-1", address: .local)

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "fettle-l\(UInt32.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    private func path(_ name: String) -> String { directory.appending(path: name).path }

    private func write(_ text: String, to name: String = "a.log") throws {
        if !FileManager.default.fileExists(atPath: path(name)) {
            _ = FileManager.default.createFile(atPath: path(name), contents: nil)
        }
        let file = try #require(FileHandle(forWritingAtPath: path(name)))
        try file.seekToEnd()
        try file.write(contentsOf: Data(text.utf8))
        try file.close()
    }

    private func mark(_ name: String = "a.log") async -> ProbeMoment {
        let source = LogSource.file(path: path(name))
        let mark = await ProbeRunner(channels: local).logMark(source, of: here)
        return ProbeMoment(since: .now(), marks: [LogMark.key(source, on: "web-1"): mark])
    }

    private func ask(
        _ pattern: String, _ moment: ProbeMoment = .none, atMost: Int = 0, name: String = "a.log"
    ) async -> ProbeSample {
        let probe = Probe(
            name: "log", check: .log(source: .file(path: path(name)), pattern: pattern, atMost: atMost),
            timeoutSeconds: 20)
        return await ProbeRunner(channels: local).sample(probe, of: here, at: moment)
    }

    private func done() async {
        await local.shutDown()
        try? FileManager.default.removeItem(at: directory)
    }

    @Test func onlyLinesSinceTheActCount() async throws {
        try write("ERROR before\n")
        let moment = await mark()
        #expect(await ask("ERROR", moment).verdict == .pass)
        try write("all is well\nERROR one\n")
        let one = await ask("ERROR", moment)
        #expect(one.verdict == .fail && one.reason.contains("1 lines match, 0 may: ERROR one"), "\(one.reason)")
        #expect(await ask("ERROR", moment, atMost: 1).verdict == .pass)
        try write("a panic: now\n")
        #expect(await ask("ERROR|panic: [a-z]{3}", moment, atMost: 1).verdict == .fail)
        #expect(await ask("ERROR", .none).verdict == .pass, "no act, so nothing that would count")
        await done()
    }

    @Test func whatWasRotatedAwayIsReadThere() async throws {
        try write("ERROR before\n")
        let moment = await mark()
        try write("ERROR first\n")
        try FileManager.default.moveItem(atPath: path("a.log"), toPath: path("a.log.1"))
        try write("ERROR second\n")
        #expect(await ask("ERROR", moment).reason.contains("2 lines match"))
        try FileManager.default.moveItem(atPath: path("a.log.1"), toPath: path("a.log.2"))
        try FileManager.default.moveItem(atPath: path("a.log"), toPath: path("a.log.1"))
        try write("ERROR third\n")
        #expect(await ask("ERROR", moment).reason.contains("3 lines match"))
        try FileManager.default.removeItem(atPath: path("a.log.2"))
        let lost = await ask("nothing", moment)
        #expect(lost.verdict == .inconclusive && lost.reason.contains("rotated"), "\(lost.reason)")
        await done()
    }

    /// logrotate's `dateext`, alone, with a `dateformat`, and with `extension`.
    @Test(arguments: [
        ["a.log-20261125", "a.log-20261126", "a.log-20261127"],
        ["a.log.2026-11-25", "a.log.2026-11-26", "a.log.2026-11-27"],
        ["a-2026112501.log", "a-2026112502.log", "a-2026112503.log"],
        ["a.log-1795668940", "a.log-1795668950", "a.log-1795668960"],
    ])
    func whatWasRotatedUnderADateIsReadThere(names: [String]) async throws {
        func move(_ from: String, to name: String) throws {
            try FileManager.default.moveItem(atPath: path(from), toPath: path(name))
        }
        try write("ERROR long ago\n", to: names[0])
        try write("ERROR before\n")
        let moment = await mark()
        try write("ERROR first\n")
        try move("a.log", to: names[1])
        let alone = await ask("ERROR", moment)
        #expect(alone.verdict == .fail && alone.reason.contains("1 lines match"), "no new file yet: \(alone.reason)")
        try write("ERROR second\n")
        #expect(await ask("ERROR", moment).reason.contains("2 lines match"))
        try move("a.log", to: names[2])
        try write("ERROR third\n")
        // Somebody else's, whose name begins alike.
        try write("ERROR ERROR\n", to: "a.log-9b")
        try write("ERROR ERROR\n", to: "a-9b.log")
        #expect(await ask("ERROR", moment).reason.contains("3 lines match"))
        #expect(await ask("nothing", moment).verdict == .pass)
        try move(names[2], to: names[2] + ".gz")
        let packed = await ask("nothing", moment)
        #expect(packed.verdict == .inconclusive, "packed, so that it cannot be read: \(packed.reason)")
        try FileManager.default.removeItem(atPath: path(names[1]))
        let lost = await ask("nothing", moment)
        #expect(lost.verdict == .inconclusive && lost.reason.contains("rotated"), "\(lost.reason)")
        await done()
    }

    @Test func aDatedNameIsNoMoreThanAName() async throws {
        let name = "a b'$(touch touched)\"*.log"
        try write("x\n", to: name)
        let moment = await mark(name)
        try write("ERROR\n", to: name)
        try FileManager.default.moveItem(atPath: path(name), toPath: path(name + "-20261126"))
        try write("ERROR\n", to: name)
        #expect(await ask("ERROR", moment, name: name).reason.contains("2 lines match"))
        await done()
    }

    @Test func aFileThatWasCutIsNotTakenForTheSame() async throws {
        try write("ERROR before, and quite a long line at that\n")
        let moment = await mark()
        try write("ERROR since\n")
        // As logrotate's copytruncate does it.
        try FileManager.default.copyItem(atPath: path("a.log"), toPath: path("a.log.1"))
        let file = try #require(FileHandle(forWritingAtPath: path("a.log")))
        try file.truncate(atOffset: 0)
        try file.close()
        try write("ERROR later, and longer than all that was here before the act by far, so that sizes tell nothing\n")
        #expect(await ask("ERROR", moment).reason.contains("2 lines match"))
        try FileManager.default.removeItem(atPath: path("a.log.1"))
        #expect(await ask("ERROR", moment).verdict == .inconclusive)
        await done()
    }

    @Test func aFileThatWasNotThereBeganWithTheAct() async throws {
        let moment = await mark()
        #expect(await ask("ERROR", moment).verdict == .pass)
        try write("ERROR\n")
        #expect(await ask("ERROR", moment).verdict == .fail)
        await done()
    }

    @Test func anEmptyFileThatIsReplacedIsNotTakenForTheSame() async throws {
        try write("")
        let moment = await mark()
        try write("ERROR\n")
        #expect(await ask("ERROR", moment).verdict == .fail)
        try FileManager.default.removeItem(atPath: path("a.log"))
        try write("", to: "a.log")
        #expect(await ask("ERROR", moment).verdict != .fail)
        await done()
    }

    @Test func noPatternAndNoPathIsMoreThanOne() async throws {
        let marker = path("touched")
        for name in ["a b.log", "$(touch touched)", "-n", "a'; touch touched; '", "a\"b`id`", "*", "#"] {
            try write("old\n", to: name)
            let moment = await mark(name)
            try write("new line\n", to: name)
            #expect(await ask("new", moment, name: name).verdict == .fail, "\(name)")
            #expect(await ask("old", moment, name: name).verdict == .pass, "\(name)")
        }
        try write("x\n")
        let moment = await mark()
        try write("$(touch \(marker)) 'quoted' \"too\" \\ -e -f\n")
        for (pattern, verdict) in [
            ("\\$\\(touch", GateVerdict.fail), ("'quoted' \"too\"", .fail), ("-e -f", .fail), ("-f", .fail),
            ("'; touch \(marker); '", .pass), ("$(touch \(marker))", .pass), ("`touch \(marker)`", .pass),
            ("(", .error), ("[", .error), ("a\nb", .error), ("", .error),
        ] {
            let sample = await ask(pattern, moment)
            #expect(sample.verdict == verdict, "\(pattern): \(sample.reason)")
        }
        #expect(!FileManager.default.fileExists(atPath: marker))
        await done()
    }

    @Test func whatALogSaysIsNotTakenForAnAnswer() async throws {
        try write("x\n")
        let moment = await mark()
        try write("read 0\ngrep 1\ncount 0\nline ERROR\n\u{1B}[31mERROR\u{0}\u{7}\n")
        let sample = await ask("ERROR|count|read|grep", moment)
        #expect(sample.verdict == .fail && sample.reason.contains("5 lines match"), "\(sample.reason)")
        #expect(!sample.reason.unicodeScalars.contains { $0.value < 0x20 })
        await done()
    }

    @Test func moreThanIsReadIsNeverTakenForWell() async throws {
        try write("x\n")
        let moment = await mark()
        let file = try #require(FileHandle(forWritingAtPath: path("a.log")))
        try file.seekToEnd()
        let block = Data(repeating: UInt8(ascii: "a"), count: 1_048_575) + Data("\n".utf8)
        for _ in 0..<34 { try file.write(contentsOf: block) }
        try file.write(contentsOf: Data("ERROR\n".utf8))
        try file.close()
        let sample = await ask("ERROR", moment)
        #expect(sample.verdict == .inconclusive && sample.reason.contains("32 MiB"), "\(sample.reason)")
        #expect(await ask("aaaa", moment).verdict == .fail, "what was found counts")
        await done()
    }

    @Test func aPlaceThatWasNotFoundOutMakesItInconclusive() async throws {
        try write("x\n")
        let source = LogSource.file(path: path("a.log"))
        for mark in [LogMark.unknown, "1:2 9 x;id", "1 2", "", "1:2 -1 3"] {
            let moment = ProbeMoment(since: .now(), marks: [LogMark.key(source, on: "web-1"): mark])
            #expect(await ask("x", moment).verdict != .pass, "\(mark)")
        }
        #expect(await ask("x", name: "absent").verdict == .fail)
        try FileManager.default.createDirectory(atPath: path("folder"), withIntermediateDirectories: true)
        #expect(await ask("x", name: "folder").verdict == .error)
        #expect(await ProbeRunner(channels: NoChannels()).logMark(source, of: here) == LogMark.unknown)
        await done()
    }

    @Test(arguments: ["a;b.service", "a b.service", "$(id).service", "*.service", "-x.service", "a\nb.service", "a"])
    func noUnitIsMoreThanAName(unit: String) {
        let command = LogScript.command(
            .unit(name: unit), pattern: "x", since: "1795668940.605137748", timeout: .seconds(5))
        #expect(command == nil)
    }

    @Test func theJournalIsReadByTheRuleThatIsPrinted() throws {
        let rules = try LogRules.rules()
        for since in ["1795668940.605137748", "now"] {
            let command = try #require(LogRules.journal(of: "nginx.service", since: since))
            #expect(rules.contains { $0.permits(command) }, "\(command)")
        }
        for words in [
            ["--no-pager", "--output=cat", "--since=@1", "--unit=a.service", "--vacuum-size=1"],
            ["--no-pager", "--output=cat", "--since=@1 --rotate", "--unit=a.service"],
            ["--no-pager", "--output=cat", "--since=@1", "--unit=a.service --file=/etc/shadow"],
        ] {
            #expect(!rules.contains { $0.permits(RootCommand([LogRules.program] + words)) }, "\(words)")
        }
    }

    /// With wildcards the last argument lets in others, such as `--vacuum-size`.
    @Test func onlyAnExactRuleIsSaidToReadOnly() throws {
        let rules = try LogRules.rules()
        #expect(try SudoersFile(user: "fettle", rules: rules).text().contains("Reads only."))
        let loose = try SudoersFile(user: "fettle", rules: rules, patterns: .wildcards).text()
        #expect(!loose.contains("Reads only") && loose.contains("# Gates: lines of a unit's journal.\n"))
    }

    @Test(arguments: [
        ("read 0\ngrep 1\ncount 0\n", "", Int32(0), GateVerdict.pass),
        ("read 0\ngrep 0\nline x\ncount 1\n", "", 0, .fail), ("read 1\ngrep 1\ncount 0\n", "denied", 0, .error),
        ("read 0\ngrep 1\ncount 0\n", "No journal files were found.", 0, .error), ("", "", 0, .error),
        ("read 0\ngrep 1\n", "", 0, .error), ("grep 1\ncount 0\n", "", 0, .error), ("", "no such unit", 91, .fail),
        ("", "", 92, .error), ("read 93\ngrep 1\ncount 0\n", "", 0, .inconclusive),
        ("read 141\ngrep 1\ncount 0\n", "", 0, .inconclusive), ("read 0\ngrep 1\ncount 0\n", "", 1, .error),
    ])
    func whatIsReadFromAnAnswer(output: String, errors: String, status: Int32, verdict: GateVerdict) {
        let log = LogProbe(source: .unit(name: "a.service"), pattern: "x", atMost: 0)
        let result = CommandResult(
            status: status, standardOutput: Array(output.utf8), standardError: Array(errors.utf8), duration: .zero)
        #expect(log.judge(result, isSinceAct: true).verdict == verdict)
    }
}
