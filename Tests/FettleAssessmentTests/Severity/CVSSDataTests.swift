import FettleTestSupport
import Foundation
import Testing

@testable import FettleAssessment

/// All base vectors of versions 2, 3.0 and 3.1, with the scores that another implementation gives them.
@Suite(.enabled(if: PublishedData.isPresent, "\(PublishedData.absence)"))
struct CVSSDataTests {
    @Test(arguments: [("vectors_simple2", 729), ("vectors_simple3", 2_592), ("vectors_simple31", 2_592)])
    func everyBaseVectorHasItsScore(_ name: String, _ count: Int) throws {
        let text = try String(contentsOf: PublishedData.folder.appending(path: "cvss/\(name)"), encoding: .utf8)
        var seen = 0
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " - (")
            guard parts.count == 2, let base = Double(parts[1].prefix { $0 != "," }) else { continue }
            seen += 1
            #expect(try CVSSVector(String(parts[0])).scores.base == abs(base), "\(line)")
        }
        #expect(seen == count)
    }
}
