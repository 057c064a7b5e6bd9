import FettleVersions
import Foundation
import Testing

@testable import FettleCommands

@Suite struct JudgeTests {
    @Test func wrongComparisonsAreToldWithTheRightSignAndUnreadableLinesWithTheirNumber() {
        var check = VersionCheck(scheme: .dpkg)
        for line in ["1.0~rc1 < 1.0", "590-2.1~deb12u2 > 590-2.1", "", "1:0 = 1:0", "1 <> 2", "1.0 == 1.0", "1.0"] {
            check.take(line)
        }
        #expect(check.lines == 7)
        let right = Comparison(left: "590-2.1~deb12u2", sign: "<", right: "590-2.1")
        #expect(check.wrong == [.init(line: 2, text: "590-2.1~deb12u2 > 590-2.1", right: right)])
        #expect(check.unreadable == [5, 7])
    }

    /// The lists that other projects keep of their versions have them.
    @Test func commentsAreNoComparisons() {
        var check = VersionCheck(scheme: .rpm)
        for line in ["// a comment", "# 1 > 2", "1.0 < 1.1"] { check.take(line) }
        #expect(check.wrong.isEmpty && check.unreadable.isEmpty)
    }

    @Test func aMalformedVersionIsSaidToBeOne() async throws {
        let folder = try TestFolder()
        let program = try Program(["version", "compare", "--scheme", "dpkg", "1.0_x", "1.0"], in: folder)
        #expect(try await program.end() == 0)
        #expect(program.output == ">\n")
        #expect(program.error.contains("1.0_x is no valid dpkg version"))
    }

    @Test func allThatIsWrongWithAVectorIsTold() async throws {
        let folder = try TestFolder()
        let program = try Program(["cvss", "CVSS:3.1/AV:X/QQ:1"], in: folder)
        #expect(try await program.end() == 2)
        #expect(program.error.contains("AV takes N, A, L, P, not \"X\"; CVSS 3.1 has no metric \"QQ\""))
    }
}
