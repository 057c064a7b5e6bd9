import Testing

@testable import FettleInventory

/// By what GNU grep 3.8 says to `grep -E`: exit code 2 is a fault.
@Suite struct ExtendedPatternTests {
    @Test(arguments: [
        "(", "a(b", "((a)", "[", "[]", "[^]", "[^]a", "a\\", "\\\\\\", "a{2,1}", "a{99999}", "a{1,32768}", "[[:foo:]]",
        "[[:alpha:]", "[[:alpha:", "[[.x]", "(a|[b)",
    ])
    func whatGrepRefusesIsToldWhenTheFleetIsRead(_ pattern: String) {
        #expect(ExtendedPattern.fault(in: pattern) != nil)
    }

    @Test(arguments: [
        ")", "a)b", "()", "[]a]", "[^]a]", "[a[]", "[a[b]", "a{1", "a{", "{", "a{x}", "a{1,}", "a{,3}", "a{2,3}", "a**",
        "\\(", "\\[",
        "\\\\", "[(]", "[\\]", "[[:alpha:]]", "[^[:space:][:digit:]x]", "[[.x.]]", "[[=a=]]", "^(ERROR|FATAL)",
        "emerg|panic|segfault", "", "ä{3}",
    ])
    func whatGrepTakesIsTaken(_ pattern: String) {
        #expect(ExtendedPattern.fault(in: pattern) == nil)
    }

    @Test func theFleetsReaderSaysWhereAndWhatIsWrong() throws {
        let text = """
            version: 1
            resources:
              - {id: web-1, address: 10.0.0.1, environment: production}
            groups:
              - id: web
                members: [web-1]
                minimumAvailable: 0
                probes:
                  - {log: {unit: nginx, pattern: "(ERROR|FATAL"}}
            """
        let error = #expect(throws: InventoryErrors.self) { try FleetFile.parse(text) }
        let told = try #require(error).description
        #expect(told.contains("9:") && told.contains("a '(' has no ')'"), "\(told)")
    }
}
