import FettleModel
import Testing

@testable import FettleInventory

@Suite("Ranges, globs, addresses and suggestions")
struct NamesTests {
    @Test(arguments: [
        ("web", ["web"]), ("web-[1:3]", ["web-1", "web-2", "web-3"]), ("w[08:10]x", ["w08x", "w09x", "w10x"]),
        ("r-[a:c]", ["r-a", "r-b", "r-c"]), ("n[0:10:5]", ["n0", "n5", "n10"]),
        ("[a:b][1:2]", ["a1", "a2", "b1", "b2"]), ("[::1]", ["[::1]"]), ("ssh://[fe80::1]:22", ["ssh://[fe80::1]:22"]),
        ("x[1:2", ["x[1:2"]), ("x[]y", ["x[]y"]), ("[a:Z]", ["[a:Z]"]), ("[007:009]", ["007", "008", "009"]),
    ])
    func ranges(_ pattern: String, _ names: [String]) throws {
        #expect(try RangePattern(pattern).expanded == names)
    }

    @Test(arguments: ["[2:1]", "[b:a]", "[1:5:0]", "[1:20000]", "[1:200][1:200]"])
    func rangesThatAreNone(_ pattern: String) {
        #expect(throws: RangePattern.Problem.self) { try RangePattern(pattern) }
    }

    @Test(arguments: [
        ("web-*", "web-1", true), ("web-*", "web-", true), ("web-*", "db-1", false), ("*", "", true), ("?", "", false),
        ("a?c", "abc", true), ("*a*b*c", "xaybzc", true), ("*a*b*c", "xaybz", false), ("**", "x", true), ("", "", true),
        ("", "x", false), ("w[1:2]", "w1", false),
    ])
    func globs(_ pattern: String, _ text: String, _ matches: Bool) {
        #expect(Glob(pattern).matches(text) == matches)
    }

    /// Trying every way to match this pattern would not end in a lifetime.
    @Test func aHostileGlobComesToAnEnd() {
        let pattern = String(repeating: "a*", count: 200) + "b"
        #expect(!Glob(pattern).matches(String(repeating: "a", count: 4_000)))
    }

    @Test(arguments: [
        ("web-1", ResourceAddress.ssh("web-1")), ("root@web-1", .ssh("web-1", user: "root")),
        ("web-1:2222", .ssh("web-1", port: 2_222)), ("ssh://web", .ssh("web")),
        ("ssh://ops@10.0.0.1:22", .ssh("10.0.0.1", port: 22, user: "ops")), ("ssh://web/", .ssh("web")),
        ("::1", .ssh("::1")), ("[::1]:22", .ssh("::1", port: 22)),
        ("ssh://a@[fe80::1%eth0]", .ssh("fe80::1%eth0", user: "a")),
        ("local", .local), ("none", ResourceAddress(transport: .none)), ("ssh://local", .ssh("local")),
    ])
    func addresses(_ text: String, _ address: ResourceAddress) throws {
        let parsed = try AddressSyntax.parse(text)
        #expect(parsed == address)
        #expect(try AddressSyntax.parse(AddressSyntax.text(parsed)) == address)
    }

    @Test(arguments: [
        ("adress", "address"), ("Environment", "environment"), ("enviroment", "environment"),
        ("virtual-machine", "virtualMachine"), ("prod", "production"), ("memebrs", "members"), ("xyz", nil), ("", nil),
    ])
    func suggestions(_ name: String, _ nearest: String?) {
        let names = ["address", "environment", "virtualMachine", "production", "members", "kind"]
        #expect(Suggestion.nearest(to: name, in: names) == nearest)
    }

    @Test(arguments: [
        ("1", YAMLScalar.Kind.integer), ("-12", .integer), ("0x1F", .integer), ("0o17", .integer), ("1.5", .decimal),
        ("1e3", .decimal), (".5", .decimal), (".inf", .decimal), ("true", .boolean), ("yes", .text), ("no", .text),
        ("~", .null), ("", .null), ("null", .null), ("1.2.3", .text), ("0x", .text), ("10.0.0.1", .text), ("-", .text),
        ("1:30", .text), ("e3", .text), (".", .text), ("2026-11-23", .text),
    ])
    func scalarsAreWhatYAMLSays(_ text: String, _ kind: YAMLScalar.Kind) {
        #expect(YAMLScalar.kind(ofPlain: text) == kind)
    }
}
