import FettleDriverKit
import FettleModel
import Foundation
import Testing

@testable import FettleDrivers

#if canImport(Glibc)
    import Glibc
#endif

@Suite struct SudoersTests {
    private let package: SudoWord

    private static let install = ["-y", "-o", "Dpkg::Options::=--force-confold", "install", "--"]

    init() throws {
        package = try SudoWord(
            first: SudoWord.alphanumerics, following: SudoWord.alphanumerics + "+.:~=-")
    }

    private func rules() throws -> [SudoRule] {
        [
            try SudoRule(program: "/usr/bin/apt-get", arguments: [.exact("update")], reason: "Reads package lists"),
            try SudoRule(
                program: "/usr/bin/apt-get", arguments: Self.install.map { .exact($0) } + [.words(package)],
                environment: ["DEBIAN_FRONTEND": "noninteractive", "A": "1"], reason: "Installs exact versions"),
            try SudoRule(program: "/sbin/reboot", reason: "Restarts the host: only without arguments"),
            try SudoRule(
                program: "/usr/bin/systemctl", arguments: [.exact("restart"), .word(package)],
                reason: "Restarts a unit"),
            try SudoRule(program: "/sbin/reboot", reason: "Said twice, written once"),
        ]
    }

    @Test func theFileAsItIsWritten() throws {
        let form = "[0-9A-Za-z][+.0-9:=A-Za-z~-]*"
        let command = "/usr/bin/env ^A=1 DEBIAN_FRONTEND=noninteractive /usr/bin/apt-get -y "
        let text = try SudoersFile(user: "fettle", rules: rules()).text()
        #expect(
            text == #"""
                # What Fettle runs as root for fettle. Check with: visudo -cf <this file>

                # Reads package lists
                fettle ALL=(root) NOPASSWD: NOSETENV: /usr/bin/apt-get update

                # Installs exact versions
                fettle ALL=(root) NOPASSWD: NOSETENV: \#(command)\#
                -o Dpkg::Options::=--force-confold install -- \#(form)( \#(form))*$

                # Restarts the host: only without arguments
                fettle ALL=(root) NOPASSWD: NOSETENV: /sbin/reboot ""

                # Restarts a unit
                fettle ALL=(root) NOPASSWD: NOSETENV: /usr/bin/systemctl ^restart \#(form)$

                """#)
        let old = try SudoersFile(user: "fettle", rules: rules(), patterns: .wildcards).text()
        #expect(old.contains(#"/usr/bin/env A\=1 DEBIAN_FRONTEND\=noninteractive /usr/bin/apt-get"#))
        #expect(old.contains(#"Dpkg\:\:Options\:\:\=--force-confold install -- [0-9A-Za-z]*"#))
        #expect(old.contains("for sudo before 1.9.10"))
    }

    @Test(arguments: SudoersFile.Patterns.allCases) func visudoTakesIt(patterns: SudoersFile.Patterns) async throws {
        let visudo = try #require(
            ["/usr/sbin/visudo", "/usr/local/sbin/visudo"].first { FileManager.default.isExecutableFile(atPath: $0) },
            "this test needs sudo's visudo")
        var rules = try rules()
        // Every character that a rule can have, as an exact argument and in a form.
        let all = SudoWord.characters
        for character in all {
            let text = String(character)
            let exact: [SudoRule.Argument] = [.exact(text), .exact("a\(text)b")]
            let word = try SudoWord(prefix: text, first: text, following: text, suffix: text)
            rules.append(try SudoRule(program: "/bin/x", arguments: exact, reason: text + "."))
            rules.append(try SudoRule(program: "/bin/x", arguments: exact + [.word(word)], reason: "form"))
        }
        let any = try SudoWord(first: all, following: all)
        rules.append(try SudoRule(program: "/bin/x", arguments: [.words(any)], reason: "all"))
        let text = try SudoersFile(user: "fettle", rules: rules, patterns: patterns).text()
        let local = LocalConnection()
        let channel = try await local.channel(to: .local)
        let check = RemoteCommand(script: "\(visudo) -cf -", input: Array(text.utf8))
        let result = try await channel.run(check)
        #expect(result.status == 0, "\(result.errorText)\(result.outputText)")
        let broken = RemoteCommand(
            script: "\(visudo) -cf -", input: Array((text + "fettle ALL=(root) , /bin/x\n").utf8))
        #expect(try await channel.run(broken).status != 0, "visudo would have said if it were not so")
        await local.shutDown()
    }

    @Test func whatARulePermits() throws {
        let rules = try rules()
        let install = Self.install
        let environment = ["DEBIAN_FRONTEND": "noninteractive", "A": "1"]
        func permitted(_ arguments: [String], _ environment: [String: String] = [:]) -> Bool {
            rules.contains { $0.permits(RootCommand(arguments, environment: environment)) }
        }
        #expect(permitted(["/usr/bin/apt-get", "update"]))
        #expect(!permitted(["/usr/bin/apt-get", "update", "-o"]))
        #expect(!permitted(["/usr/bin/apt-get"]))
        #expect(permitted(["/usr/bin/apt-get"] + install + ["nginx=1.2-3", "libc6:amd64=2"], environment))
        #expect(!permitted(["/usr/bin/apt-get"] + install + ["nginx=1.2-3", "libc6:amd64=2"]))
        #expect(!permitted(["/usr/bin/apt-get"] + install, environment))
        #expect(!permitted(["/usr/bin/apt-get"] + install + ["-o"], environment))
        #expect(!permitted(["/usr/bin/apt-get"] + install + ["./evil.deb"], environment))
        #expect(!permitted(["/usr/bin/apt-get"] + install + ["a b"], environment))
        #expect(permitted(["/sbin/reboot"]))
        #expect(!permitted(["/sbin/reboot", "--force"]))
        #expect(!permitted(["/usr/bin/systemctl", "restart", "a", "b"]))
        #expect(!permitted([]))
    }

    @Test func aWordWithABeginningAnEndAndAnAlternative() throws {
        let archive = try SudoWord(prefix: "/var/x/", first: "abc", following: "abc.", suffix: ".deb").or(package)
        let rule = try SudoRule(program: "/bin/x", arguments: [.words(archive)], reason: "r")
        for good in ["/var/x/a.deb", "/var/x/ab.c.deb", "nginx=1"] { #expect(archive.matches(good), "\(good)") }
        for bad in ["/var/x/.deb", "/var/x/a", "/var/x/../a.deb", "/var/x/a.debx", "", "-a"] {
            #expect(!archive.matches(bad), "\(bad)")
        }
        let form = "(/var/x/[a-c][.a-c]*[.]deb|[0-9A-Za-z][+.0-9:=A-Za-z~-]*)"
        let text = try SudoersFile(user: "fettle", rules: [rule]).text()
        #expect(text.contains("/bin/x ^\(form)( \(form))*$"))
    }

    @Test func whatCannotBeWrittenSafelyIsRefused() throws {
        for program in ["", "reboot", "./reboot", "/sbin/re boot", "/sbin/", "/a\nb", "/a\\b", "/a*"] {
            #expect(throws: SudoRuleError.self) { try SudoRule(program: program, reason: "r") }
        }
        let unsafe = [" ", "\t", "\n", "\u{E9}", "\0", "*", "$", "\\", "#", "\"", "?", "[", "!", "^", "|"]
        for argument in [""] + unsafe.map({ "a\($0)b" }) {
            let arguments = [SudoRule.Argument.exact(argument)]
            #expect(throws: SudoRuleError.self) { try SudoRule(program: "/x", arguments: arguments, reason: "r") }
        }
        for reason in ["", "a\nroot ALL=(ALL) ALL", "ends with \\"] {
            #expect(throws: SudoRuleError.self) { try SudoRule(program: "/x", reason: reason) }
        }
        for user in ["", "ALL", "#0", "%wheel", "+net", "a b", "-x", "a,b", "a\nb", "WEB_ADMINS"] {
            #expect(throws: SudoRuleError.self) { try SudoersFile(user: user, rules: []) }
        }
        let early = [SudoRule.Argument.words(package), .exact("a")]
        #expect(throws: SudoRuleError.self) { try SudoRule(program: "/x", arguments: early, reason: "r") }
        #expect(throws: SudoRuleError.self) { try SudoRule(program: "/x", environment: ["1A": ""], reason: "r") }
        #expect(throws: SudoRuleError.self) { try SudoWord(first: "", following: "a") }
        #expect(throws: SudoRuleError.self) { try SudoWord(first: "a", following: " ") }
        let long = try SudoRule(
            program: "/x", arguments: [.exact(String(repeating: "a", count: 1_100)), .word(package)], reason: "r")
        #expect(throws: SudoRuleError.self) { try SudoersFile(user: "fettle", rules: [long]).text() }
    }

    @Test func aCommandForRootIsWordsAndNotText() throws {
        let command = RemoteCommand.root(["/bin/echo", "a b", "$(id)"], environment: ["B": "2", "A": "'"])
        let asRoot = String(decoding: try CommandFrame(command, channelIsRoot: true).text, as: UTF8.self)
        let asUser = String(decoding: try CommandFrame(command, channelIsRoot: false).text, as: UTF8.self)
        let words = #"'/usr/bin/env' 'A='\''' 'B=2' '/bin/echo' 'a b' '$(id)' </dev/null; s=$?"#
        #expect(asRoot.contains("; " + words))
        #expect(asUser.contains("; sudo -n -- " + words))
    }

    @Test(arguments: [
        (1, "sudo: a password is required\n", true),
        (1, "sudo: a terminal is required to read the password; either use\nsudo: a password is required\n", true),
        (1, "Sorry, user bob is not allowed to execute '/bin/x' as root on host.\n", true),
        (1, "bob is not in the sudoers file.\n", true),
        (127, "/bin/sh: 1: sudo: not found\n", true),
        (1, "sudo: unable to resolve host h: Name or service not known\nsudo: a password is required\n", true),
        (1, "sudo: unable to resolve host h: Name or service not known\n", false),
        (1, "E: a password is required by the repository\nE: giving up\n", false),
        (100, "sudo: a password is required\n", false),
        (1, "", false),
    ]) func sudosRefusalIsToldFromTheCommandsFailure(status: Int32, said: String, isRefusal: Bool) throws {
        let shell = FramedShell(
            LocalConnection.specification(executable: "/bin/sh", arguments: []),
            gate: ConnectionGate(handshakes: 1, connections: 1, idleTime: .seconds(1)))
        let result = CommandResult(
            status: status, standardOutput: [], standardError: Array(said.utf8), duration: .zero)
        var refused = false
        do throws(AccessError) {
            try shell.refusePrivilegeFailure(result)
        } catch {
            refused = error.code == .privilege
        }
        #expect(refused == isRefusal)
    }

    /// As a user whom sudo permits nothing. Only root can become another user, and only where sudo is installed.
    @Test(.enabled(if: SudoersTests.canBecomeNobody)) func aUserWithoutRulesIsToldSo() async throws {
        let specification = LocalConnection.specification(
            executable: "/usr/bin/setpriv",
            arguments: ["--reuid=nobody", "--regid=nogroup", "--clear-groups", "/bin/sh"])
        let shell = FramedShell(
            specification, gate: ConnectionGate(handshakes: 1, connections: 1, idleTime: .seconds(10)))
        #expect(try await output(of: "id -un", on: shell) == "nobody\n")
        let error = await failure(of: .root(["/usr/bin/id", "-u"]), on: shell)
        #expect(error?.code == .privilege)
        #expect(error?.nothingRan == true)
        #expect(error?.cause?.isEmpty == false)
        #expect(try await output(of: "echo still here", on: shell) == "still here\n")
        await shell.close()
    }

    private static var canBecomeNobody: Bool {
        geteuid() == 0 && ["/usr/bin/setpriv", "/usr/bin/sudo"].allSatisfy(FileManager.default.isExecutableFile)
    }
}
