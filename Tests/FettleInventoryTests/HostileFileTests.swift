import FettleModel
import Foundation
import Testing

@testable import FettleInventory

/// Files that somebody else wrote: they may be broken, huge, or made to hurt.
@Suite("Hostile files end in a problem, soon, and print nothing that moves the terminal")
struct HostileFileTests {
    private static let head = "version: 1\ndefaults: {environment: dev}\n"

    @Test(arguments: [
        ("a tab indents", "version: 1\nresources:\n\t- a\n", "f:3:1: not valid YAML"),
        ("a quote is not closed", "version: 1\nresources: [\"a\n", "f:"),
        ("a bracket is not closed", "version: 1\nresources: [a\n", "f:"),
        ("two documents", "version: 1\n---\nversion: 1\n", "f:2:1: not valid YAML"),
        (
            "an alias without an anchor", "version: 1\nresources: [*x]\n",
            "f:2:13: not valid YAML: found undefined alias"
        ),
        ("a range in braces", "version: 1\nresources: [{id: web-[1:4]}]\n", "f:2:"),
        ("a list as a key", "version: 1\n[a, b]: c\n", "f:2:1: a key must be text, not a list or a mapping"),
        ("a number as a key", "version: 1\n12: c\n", "f:2:1: a key must be text, but '12' is none"),
        ("an empty key", "version: 1\n?\n: c\n", "f:2:2: a key must be text, but this one is empty"),
        ("a merge key", "version: 1\n<<: {a: b}\n", "f:2:1: the merge key '<<' is not supported"),
        ("a tag", "version: 1\ndefaults: !python/object {a: b}\n", "f:2:11: 'defaults' must be a mapping"),
        ("a tag on text", "version: 1\nresources: [!vault secret]\n", "f:2:13: a resource must be a mapping"),
        ("an escape sequence", "version: 1\nresources: [\"\u{1B}[31m\"]\n", "f:2:14: a control character '\\u{1B}'"),
        ("a NUL", "version: 1\u{0}\n", "f:1:11: a control character '\\u{0}'"),
    ])
    func isTold(_ name: String, _ text: String, _ start: String) {
        let found = problems { try FleetFile.parse(text, file: "f") }
        #expect(found.contains { $0.hasPrefix(start) }, "\(name): \(found)")
    }

    @Test(arguments: [
        "a\\u001b[2Jb", "a\\nb", "\\u202Egpj.sh", "a\\u0000b", "$(reboot)", "`id`", "a;b", "a|b", "-rf", "--help",
        "../../etc/passwd", "a'b", "a b", "ä", ".hidden", "_x", "a/b", "a\\\\b", "*", "{id}",
    ])
    func isNoID(_ id: String) {
        let found = problems { try FleetFile.parse(Self.head + "resources: [\"\(id)\"]\n", file: "f") }
        #expect(found.count == 1)
        #expect(found.allSatisfy { $0.hasPrefix("f:3:13: ") && $0.isPlainLine })
    }

    @Test(arguments: [
        "-oProxyCommand=reboot", "ssh://-l@h", "root@-h", "ssh://h/etc", "h;reboot", "h$(id)", "h`id`", "h|x", "h\\n22",
        "h:0", "h:65536", "h:-1", "h: 22", "telnet://h", "user name@h", "a@b@c", "ssh://", "@h", "h'", "h%n", "::1%-$x",
        "%h", "h h", "[::1", "a:b:c:d;", "{id}@", "https://h",
    ])
    func isNoAddress(_ address: String) {
        let text = Self.head + "resources: [{id: x, address: \"\(address)\"}]\n"
        let found = problems { try FleetFile.parse(text, file: "f") }
        #expect(found.count == 1, "\(found)")
        #expect(found.allSatisfy { $0.hasPrefix("f:3:30: ") && $0.isPlainLine })
    }

    @Test func deepNestingIsRefused() {
        for depth in [65, 900, 5_000, 200_000] {
            let text = "version: 1\nresources: " + String(repeating: "[", count: depth)
            #expect(!problems { try FleetFile.parse(text + String(repeating: "]", count: depth)) }.isEmpty)
            #expect(!problems { try FleetFile.parse(text) }.isEmpty)
        }
        // Also where the parser itself gives up, in our words.
        let deep = "version: 1\nresources: " + String(repeating: "[", count: 1_100)
        let told = problems { try FleetFile.parse(deep, file: "f") }
        #expect(told.count == 1 && told[0].hasPrefix("f:2:"), "\(told)")
        #expect(told.first?.hasSuffix(": nested deeper than 64 levels; nest less deeply") == true, "\(told)")
        var block = "version: 1\n"
        for depth in 0..<900 { block += String(repeating: " ", count: depth) + "a:\n" }
        #expect(problems { try FleetFile.parse(block) }.contains { $0.contains("nested deeper than 64 levels") })
    }

    /// Nine levels of ten aliases stand for a thousand million values.
    @Test func multiplyingAliasesAreBounded() {
        let found = problems { try FleetFile.parse(Self.bomb + "resources: *a8\n") }
        #expect(found.contains { $0.contains("more than 2000000 values, counting each use of an alias") })
    }

    /// Comparing such keys would take for ever, before any limit on values could act.
    @Test(arguments: [
        "? *a8\n: x\n", "*a8 : x\n", "[*a8, 1]: x\n", "k: {[*a8]: x}\n", "k: {? *a8 : x}\n", "k: [? *a8 ]\n",
    ])
    func aliasesInKeysAreRefused(_ line: String) {
        let found = problems { try FleetFile.parse(Self.bomb + line, file: "f") }
        #expect(found.count == 1)
        #expect(found.first?.contains("an alias in a key; write the key out") == true)
    }

    private static let bomb: String = {
        var text = "version: 1\nx0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<9 {
            let uses = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "x\(level): &a\(level) [\(uses)]\n"
        }
        return text
    }()

    @Test func globsAndAddressesAreNotTakenForAliases() throws {
        let text = """
            version: 1
            resources: [{id: a, environment: &e dev}, {id: b, environment: *e}]
            groups:
              - id: g
                members: ["*"]
                minimumAvailable: 0
                probes: [{http: "http://[::1]:80/?a=*b:c"}]
            """
        #expect(try FleetFile.parse(text).fleet.groups.count == 1)
    }

    @Test func tooBigAFileIsRefused() throws {
        let text = "version: 1\n# " + String(repeating: "x", count: InputText.maximumBytes)
        #expect(problems { try FleetFile.parse(text) } == ["fleet.yaml:1:1: the text is larger than 32 MB"])
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).yaml")
        try Data(text.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        #expect(problems { try FleetFile.read(path: file.path) } == ["\(file.path):1:1: the file is larger than 32 MB"])
    }

    @Test func whatIsNotUTF8IsToldWithItsLine() {
        let bytes = Array("version: 1\nresources:\n  - caf".utf8) + [0xE9, 0x0A]
        #expect(
            problems { try InputText(bytes: bytes, file: "f") } == ["f:3:1: the text is not UTF-8; save it as UTF-8"])
        let wide: [UInt8] = [0xFF, 0xFE, 0x76, 0x00]
        #expect(
            problems { try InputText(bytes: wide, file: "f") } == [
                "f:1:1: the text is not UTF-8; it looks like UTF-16: save it as UTF-8"
            ])
    }

    @Test func aByteOrderMarkAndWindowsLinesAreFine() throws {
        let bytes = [0xEF, 0xBB, 0xBF] + Array("version: 1\r\nresources:\r\n  - {id: a, environment: dev}\r\n".utf8)
        #expect(try FleetFile.parse(InputText(bytes: bytes, file: "f").text).fleet.resources.count == 1)
    }

    @Test func thousandsOfProblemsAreCut() {
        var text = Self.head + "resources:\n"
        for number in 0..<3_000 { text += "  - {id: x\(number), adress: y}\n" }
        do {
            _ = try FleetFile.parse(text)
            Issue.record("it was read")
        } catch {
            #expect(error.problems.count == InventoryErrors.limit)
            #expect(error.omitted > 0)
            #expect(error.description.hasSuffix("more\n1000 problems"))
        }
    }

    @Test func rangesAreBounded() {
        for range in ["[1:99999]", "[0:999999999]", "[1:999][1:999]", "[0:9999:0]"] {
            #expect(problems { try FleetFile.parse(Self.head + "resources: [\"x\(range)\"]\n") }.count == 1)
        }
    }

    @Test func whatIsShownNeverMovesTheTerminal() {
        #expect("a\u{1B}[31m\u{9B}\u{202E}\n\u{7F}".shown() == "a\\u{1B}[31m\\u{9B}\\u{202E}\\u{A}\\u{7F}")
        let problem = InventoryProblem(file: "\u{1B}]0;x\u{7}", line: 1, column: 1, message: "\r\n", hint: "\u{8}")
        #expect(problem.description == "\\u{1B}]0;x\\u{7}:1:1: \\u{D}\\u{A}; \\u{8}")
    }

    /// No text, however it is cut or mixed, may do more than be refused.
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func mutationsNeverCrash(_ seed: UInt64) {
        var random = SplitMix(seed: seed)
        let source = Array(FleetTemplate.fleet().utf8)
        for _ in 0..<300 {
            var bytes = source
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                let at = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[at] = Array("[]{}:,-?*&!|>'\"%@` \n\t#".utf8).randomElement(using: &random) ?? 0
                case 1: bytes.remove(at: at)
                case 2: bytes.removeLast(bytes.count - at - (at == 0 ? 1 : 0))
                default: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 40)], at: at)
                }
            }
            for line in problems({ try FleetFile.parse(String(decoding: bytes, as: UTF8.self)) }) {
                #expect(line.isPlainLine)
            }
        }
    }
}
