import FettleDriverKit
import FettleModel
import Foundation
import Testing

@testable import FettleDrivers

/// What dnf 4.14 and zypper 1.14 answered to the resolver's own script, over a repository of the test's own
/// (`Tests/Fixtures/resolvers`). libinvoice is installed at 2.3-1 and offered at 2.3-2 and 2.3-3.
@Suite struct RpmResolverTests {
    private static let long = "invoice-a-very-long-name-that-breaks-the-line-of-a-table"
    private static let wanted = [
        "upgrade": [("libinvoice", "2.3-2"), ("invoice-server", "1:4.1-1"), (long, "20240102.1234567890-12.fc39")],
        "pinned": [("libinvoice", "2.3-2")], "none": [("libinvoice", "2.3-1")], "missing": [("libinvoice", "9-9")],
        "obsoletes": [("invoice-new", "2.0-1")], "conflict": [("invoice-strict", "1.0-1")],
    ]

    private static let folder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/resolvers")

    private func resolve(
        _ manager: String, _ name: String, asking wanted: [(String, String)]? = nil, architecture: String = "noarch",
        _ change: (String) -> String = { $0 }
    ) throws -> Resolution {
        let question = try RpmQuestion(
            (wanted ?? Self.wanted[name] ?? []).map {
                PackageVersion(name: $0.0, architecture: architecture, version: $0.1)
            })
        let text = try String(contentsOf: Self.folder.appendingPathComponent("\(manager)-\(name).txt"), encoding: .utf8)
        let output = change(text).replacing("0123456789abcdef", with: question.script.nonce)
        return try question.resolution(
            from: Transcript(standardOutput: [UInt8](output.utf8), standardError: [], nonce: question.script.nonce),
            at: Timestamp(milliseconds: 0))
    }

    @Test(arguments: ["dnf", "zypper"]) func exactVersionsWithWhatTheyDrawIn(manager: String) throws {
        let resolution = try resolve(manager, "upgrade")
        #expect(
            resolution.changes.map { "\($0.name) \($0.from ?? "-") \($0.to ?? "-")" } == [
                "\(Self.long) 20231231.1234567890-1.fc39 20240102.1234567890-12.fc39", "invoice-runtime - 1.0-1",
                "invoice-server 1:4.0-1 1:4.1-1", "libinvoice 2.3-1 2.3-2",
            ])
        #expect(resolution.downloadBytes > 20_000)
        #expect(resolution.unavailableEarlier == [])
    }

    /// A newer version is on offer, and is not what was asked for.
    @Test(arguments: ["dnf", "zypper"]) func whatIsAskedForIsPinnedBelowTheNewest(manager: String) throws {
        #expect(try resolve(manager, "pinned").changes.map(\.to) == ["2.3-2"])
        for other in [[("libinvoice", "2.3-3")], [("libinvoice", "2.3-2"), ("invoice-themes", "1.1-1")]] {
            let failure = #expect(throws: StepFailure.self) { try resolve(manager, "pinned", asking: other) }
            #expect(failure?.message.contains("would not become") == true)
        }
        // Another architecture's package is another package.
        #expect(throws: StepFailure.self) { try resolve(manager, "pinned", architecture: "x86_64") }
        #expect(throws: StepFailure.self) { try resolve(manager, "none", architecture: "x86_64") }
    }

    @Test(arguments: ["dnf", "zypper"]) func whatIsThereEntailsNothing(manager: String) throws {
        #expect(try resolve(manager, "none").changes == [])
    }

    @Test(arguments: [
        ("dnf", "missing", "Error: Unable to find a match: libinvoice-9-9.noarch"),
        ("zypper", "missing", "No provider of 'libinvoice.noarch=9-9' found."),
        ("dnf", "conflict", "Problem: problem with installed package invoice-themes-1.0-1.noarch"),
        (
            "zypper", "conflict",
            "Problem: invoice-strict-1.0-1.noarch conflicts with invoice-themes provided by invoice-themes-1.0-1.noarch"
        ),
    ]) func aRefusalIsToldInTheirWords(manager: String, name: String, words: String) throws {
        let failure = #expect(throws: StepFailure.self) { try resolve(manager, name) }
        #expect(failure?.code == .refused)
        #expect(failure?.message == "the package manager finds no way: \(words)")
    }

    /// A package that takes another's place: zypper lists the removal, dnf only mentions it.
    @Test func replacingIsToldOrRefused() throws {
        #expect(
            try resolve("zypper", "obsoletes").changes.map { "\($0.name) \($0.from ?? "-") \($0.to ?? "-")" }
                == ["invoice-new - 2.0-1", "invoice-old 1.0-1 -"])
        let failure = #expect(throws: StepFailure.self) { try resolve("dnf", "obsoletes") }
        #expect(failure?.message.contains("dnf would replace invoice-old.noarch 1.0-1") == true)
    }

    /// Cut anywhere, or with a line taken away: refused, or exactly what was asked for.
    @Test(arguments: ["dnf", "zypper"]) func aMangledAnswerIsNeverAnotherPlan(manager: String) throws {
        let whole = try resolve(manager, "upgrade").changes
        let text = try String(
            contentsOf: Self.folder.appendingPathComponent("\(manager)-upgrade.txt"), encoding: .utf8)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for place in lines.indices {
            var others = lines
            others.remove(at: place)
            for mangled in [others.joined(separator: "\n"), lines[..<place].joined(separator: "\n")] {
                guard let changes = try? resolve(manager, "upgrade", { _ in mangled }).changes else { continue }
                #expect(changes == whole)
            }
        }
    }

    @Test(arguments: ["libinvoice; reboot", "-x", "lib*", "a b", "", "a\n", "$(id)", "libinvoice'"])
    func aNameThatCanBeNoneNeverReachesAShell(name: String) {
        #expect(throws: StepFailure.self) {
            try RpmQuestion([PackageVersion(name: name, architecture: "noarch", version: "1-1")])
        }
        #expect(throws: StepFailure.self) {
            try RpmQuestion([PackageVersion(name: "libinvoice", architecture: "noarch", version: name)])
        }
    }
}
