import Testing

@testable import FettleDrivers

/// Whether a unit was started anew is told by the start that it is on, also after a crash.
@Suite struct UnitStartsTests {
    static let first = "0123456789abcdef0123456789abcdef"
    static let second = "fedcba9876543210fedcba9876543210"

    private func shown(_ id: String, names: String, _ start: String) -> String {
        "Id=\(id)\nNames=\(names)\nInvocationID=\(start)\n"
    }

    @Test func eachUnitIsFoundByAnyOfItsNames() {
        let text = [
            shown("mariadb.service", names: "mysql.service mariadb.service", Self.first),
            shown("web.service", names: "web.service", ""),
        ].joined(separator: "\n")
        let starts = UnitStarts.parse(text, ["mysql.service", "web.service", "other.service"])
        #expect(starts == ["mysql.service": Self.first, "web.service": ""])
    }

    @Test func whatTheJournalKeepsIsReadBack() {
        let starts = ["a@1.service": Self.first, "web.service": ""]
        #expect(UnitStarts.read(words: UnitStarts.words(starts)) == starts)
    }

    @Test func whatIsNoStartIsNone() {
        let text = shown("web.service", names: "web.service", "$(reboot)")
        #expect(UnitStarts.parse(text, ["web.service"]) == ["web.service": ""])
        #expect(UnitStarts.read(words: "web.service=\(Self.first)x -f=\(Self.first) a;b.service=") == [:])
        #expect(UnitStarts.parse("Names\n\n=\n\nId=", ["web.service"]) == [:])
    }

    @Test func onlyAnotherStartIsANewOne() {
        let before = ["a.service": Self.first, "b.service": Self.first, "c.service": ""]
        let now = ["a.service": Self.second, "b.service": Self.first, "c.service": Self.first]
        let units = ["a.service", "b.service", "c.service", "gone.service"]
        #expect(UnitStarts.notStarted(units, since: before, now: now) == ["b.service", "gone.service"])
        #expect(UnitStarts.notStarted(["c.service"], since: before, now: ["c.service": ""]) == ["c.service"])
    }
}
