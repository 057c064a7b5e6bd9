import FettleInventory
import FettleModel
import Testing

/// `traffic: {driver: haproxy}`: what that driver would not take is told when the fleet is read.
@Suite struct HAProxyFileTests {
    private static func told(_ endpoint: String, id: String = "a-[1:2]", server: String = "{id}") -> [String] {
        let text = """
            version: 1
            defaults: {environment: dev}
            resources: ["\(id)", lb]
            groups:
              - id: g
                members: ["a*"]
                traffic: {driver: haproxy, via: lb, endpoint: "\(endpoint)", backend: web, server: "\(server)"}
            """
        return problems { try FleetFile.parse(text, file: "f") }
    }

    @Test(arguments: [
        "/run/haproxy/admin.sock", "/x", "/run/a@b/c+d_1-2.sock", "/" + String(repeating: "x", count: 106),
    ])
    func aSocketIsAnAbsolutePath(_ path: String) { #expect(Self.told(path) == []) }

    @Test(arguments: [
        "relative.sock", "./x", "~/x", "admin@/run/x", "/run/a b.sock", "/run/x;reboot", "/run/$(id)", "/run/a,b",
        "/run/a:b",
        "127.0.0.1:9999", "/run/ü.sock",
    ])
    func anythingElseIsRefused(_ path: String) {
        #expect(
            Self.told(path) == [
                "f:7:51: '\(path)' cannot be the admin socket of HAProxy; an absolute path of A-Z a-z 0-9 / - _ . @ +, of at "
                    + "most 107 bytes, such as /run/haproxy/admin.sock"
            ])
    }

    @Test func itFitsIntoAnAddress() {
        let told = Self.told("/" + String(repeating: "x", count: 107))
        #expect(told.count == 1 && told[0].contains("of at most 107 bytes"), "\(told)")
    }

    /// One would be drained for all, and the others patched under traffic.
    @Test func eachMemberIsAServerOfItsOwn() {
        #expect(
            Self.told("/x", server: "web") == [
                "f:7:79: all members would be the one server 'web'; write {id} where the member's name belongs, such as 'server: "
                    + "\"{id}\"'"
            ])
        #expect(Self.told("/x", id: "a-1", server: "web") == [])
    }

    @Test func aServersNameFits() {
        let long = "a" + String(repeating: "x", count: 127)
        #expect(Self.told("/x", id: long) == [])
        let told = Self.told("/x", id: long, server: "{id}s")
        #expect(told.count == 1 && told[0].hasPrefix("f:7:") && told[0].hasSuffix("; at most 128 bytes"), "\(told)")
    }
}
