import FettleModel
import Testing

@testable import FettleInventory

/// `identity` of `policy.yaml`.
@Suite struct IdentityFileTests {
    private func read(_ text: String) throws -> IdentityPolicy? {
        try PolicyFile.parse("version: 1\n" + text, environments: nil).policy.identity
    }

    @Test func itIsReadWholeAndPinsOneAlgorithmByDefault() throws {
        let identity = try read(
            """
            identity:
              issuer: https://id.example.org
              audience: fettle
              keys: keys.json
              nameClaim: employee
              groupsClaim: memberOf
              algorithms: [ES256]
              groups:
                - {group: "cn=ops,dc=x", roles: ["operator:dev,qa/web*", viewer]}
                - {group: cab, roles: [approver]}
            """)
        #expect(
            identity
                == IdentityPolicy(
                    issuer: "https://id.example.org", audience: "fettle", keys: "keys.json", algorithms: [.es256],
                    nameClaim: "employee", groupsClaim: "memberOf",
                    groups: [
                        .init(
                            group: "cn=ops,dc=x",
                            grants: [Grant(.operator, environments: ["dev", "qa"], groups: ["web*"]), Grant(.viewer)]),
                        .init(group: "cab", grants: [Grant(.approver)]),
                    ]))
        let least = try read("identity: {issuer: i, audience: a, keys: k}")
        #expect(least?.algorithms == [.rs256] && least?.nameClaim == "sub" && least?.groups.isEmpty == true)
        #expect(try read("") == nil)
    }

    @Test func everythingThatIsWrongIsToldAtOnce() throws {
        let error = #expect(throws: InventoryErrors.self) {
            try read(
                """
                identity:
                  issuer: ""
                  keys: http://id.example.org/keys
                  algorithms: [none, HS256]
                  groups:
                    - {group: g, roles: [root, "operator:a b", "admin:dev"]}
                    - {roles: [viewer]}
                  secret: x
                """)
        }
        let text = "\(try #require(error))"
        for part in ["issuer is empty", "audience", "https address", "secret"] {
            #expect(text.contains(part), "\(part): \(text)")
        }
        let rest = #expect(throws: InventoryErrors.self) {
            try read(
                """
                identity:
                  issuer: i
                  audience: a
                  keys: k
                  algorithms: [none, HS256]
                  groups:
                    - {group: g, roles: [root, "operator:a b", "admin:dev"]}
                    - {roles: [viewer]}
                """)
        }
        let more = "\(try #require(rest))"
        for part in ["none", "HS256", "root", "operator:a b", "admin is one everywhere", "group"] {
            #expect(more.contains(part), "\(part): \(more)")
        }
    }
}
