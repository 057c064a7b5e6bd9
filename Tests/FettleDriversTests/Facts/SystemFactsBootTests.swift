import FettleModel
import Testing

@testable import FettleDrivers

@Suite struct SystemFactsBootTests {
    private static let boot = "11111111-2222-3333-4444-555555555555"

    @Test(
        "A machine's id is read where it is one, and its lack is no failure",
        arguments: [
            ("", nil), ("\n", nil), ("uninitialized\n", nil), (String(repeating: "0", count: 32) + "\n", nil),
            (String(repeating: "g", count: 32), nil),
            ("0123456789ABCDEF0123456789abcdef\n", "0123456789abcdef0123456789abcdef"),
        ])
    func machineID(line: String, id: String?) throws {
        let facts = try BootParser.boot("\(Self.boot)\n4711.5\n\(line)")
        #expect(facts == BootFacts(bootID: Self.boot, uptimeSeconds: 4_711, machineID: id))
    }

    @Test("What is no boot id is none, whatever follows it", arguments: ["x\n1\n", "\(boot)\n", "\(boot)\n1\n2\n3\n"])
    func noBootID(text: String) {
        #expect(throws: FactError.self) { try BootParser.boot(text) }
    }
}
