import Foundation
import Testing

@testable import FettleCommands

/// Whether a process is gone is asked of this machine alone, and only about its own.
@Suite struct ExecutorNameTests {
    @Test func onlyAProcessOfThisKernelAndNamespaceIsKnownToBeGone() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/true")
        try process.run()
        process.waitUntilExit()
        let own = ExecutorName.own.split(separator: ":").map(String.init)
        try #require(own.count == 3)
        #expect(!ExecutorName.isGone(ExecutorName.own))
        #expect(ExecutorName.isGone("\(own[0]):\(process.processIdentifier):\(own[2])"))
        for other in [
            "\(own[0]):\(process.processIdentifier):00000000", "elsewhere:\(process.processIdentifier):\(own[2])",
            "\(own[0]):\(process.processIdentifier)", "\(own[0]):x:\(own[2])", "", ":::",
        ] {
            #expect(!ExecutorName.isGone(other), "\(other)")
        }
    }

    @Test func theMarkTellsKernelsAndNamespacesApart() {
        let marks = [("a", "pid:[1]"), ("b", "pid:[1]"), ("a", "pid:[2]"), ("", "")].map {
            ExecutorName.mark(boot: $0.0, namespace: $0.1)
        }
        #expect(Set(marks).count == 4 && marks.allSatisfy { $0.count == 8 })
    }
}
