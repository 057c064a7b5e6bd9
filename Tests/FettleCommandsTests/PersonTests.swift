import Foundation
import Testing

@testable import FettleCommands

@Suite struct PersonTests {
    @Test(arguments: ["alice", "bob.b-2@example.org", "A_1"])
    func aPlainNameIsOne(name: String) {
        #expect(GlobalOptions.isName(name))
    }

    /// Nobody passes for another by a look-alike, by what hides, or by Fettle's own words.
    @Test(arguments: ["", "alice\u{1b}[2J", "bob (signed in as carol)", "al\u{200b}ice", "аlice", "a\nb"])
    func aNameThatCouldPassForAnotherIsNone(name: String) {
        #expect(!GlobalOptions.isName(name))
    }

    @Test func aFileThatIsNotThereIsToldInASentence() throws {
        let error = #expect(throws: CocoaError.self) {
            try Data(contentsOf: URL(fileURLWithPath: "/nowhere/plan.json"))
        }
        let text = FettleCommand.words(for: try #require(error))
        #expect(text == "/nowhere/plan.json: No such file or directory")
    }
}
