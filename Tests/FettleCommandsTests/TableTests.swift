import FettleModel
import Foundation
import Testing

@testable import FettleCommands

/// Tables at every width that a terminal may have.
@Suite struct TableTests {
    private static func terminal(_ width: Int?, color: Bool = false) -> Terminal {
        Terminal(isInteractive: true, hasColor: color, width: width)
    }

    private static var hosts: Table {
        var table = Table([
            .init(title: "HOST"), .init(title: "ENVIRONMENT"), .init(title: "SYSTEM", shrinks: 3),
            .init(title: "SECURITY", alignsRight: true), .init(title: "REBOOT"), .init(title: "STATE", shrinks: 2),
        ])
        table.add(
            .init("api-1", .bold), "production", "Debian GNU/Linux 12 (bookworm)", .init("12", .red), "no",
            .init("ok", .green))
        table.add(
            .init("データベース-1", .bold), "本番環境", "Debian GNU/Linux 12 (bookworm)", "0", "yes",
            .init("unreachable: Connection timed out during banner exchange 👩‍👩‍👧 é", .red))
        table.add(
            .init(String(repeating: "long-", count: 20), .bold), "-", "?", "?", "?",
            .init(String(repeating: "x", count: 90), .red))
        return table
    }

    private static func bare(_ text: String) -> String {
        text.replacing(/\u{1b}\[[0-9]+m/, with: "")
    }

    @Test(arguments: [20, 32, 40, 48, 59, 60, 72, 80, 100, 132, 200], [false, true])
    func noLineIsWiderThanTheTerminal(width: Int, color: Bool) {
        for line in Self.hosts.render(in: Self.terminal(width, color: color)).split(separator: "\n") {
            let bare = Self.bare(String(line))
            #expect(bare.displayWidth <= width, "\(bare.displayWidth): \(bare)")
        }
    }

    /// Nothing is lost on a small screen: what does not stand beside stands below.
    @Test func aNarrowTerminalStillTellsEverything() {
        let text = Self.hosts.render(in: Self.terminal(40))
        for word in ["api-1", "production", "bookworm", "security 12", "reboot yes", "banner exchange"] {
            #expect(text.replacing("\n", with: " ").contains(word), "\(word) in \(text)")
        }
    }

    private static var systems: Table {
        var table = Table([
            .init(title: "SYSTEM"), .init(title: "VERSION", shrinks: 1, least: 12), .init(title: "CLASS", drops: 1),
            .init(title: "OWNER", drops: 2), .init(title: "STATE"),
        ])
        table.add(.init("web-1", .bold), "3.0.11-1~deb12u2+b1", "security", "ours", "ok")
        table.add(.init("web-2", .bold), "1", "unclassified", "vendor's", "unreachable")
        return table
    }

    /// What matters least goes first, and a column keeps what makes it worth reading.
    @Test(arguments: [
        (80, [], "web-1   3.0.11-1~deb12u2+b1  security      ours      ok"),
        (60, [], "web-1   3.0.11-1~deb12…  security      ours      ok"),
        (50, [3], "web-1   3.0.11-1~deb12…  security      ok"),
        (40, [2, 3], "web-1   3.0.11-1~deb12u2+b1  ok"), (35, [2, 3], "web-1   3.0.11-1~deb1…  ok"),
    ])
    func columnsThatMayBeLeftOutAreBeforeATableFallsApart(width: Int, dropped: [Int], row: String) {
        let text = Self.systems.render(in: Self.terminal(width))
        #expect(Self.systems.dropped(in: Self.terminal(width)) == dropped)
        #expect(text.split(separator: "\n").contains { $0 == row }, "\(text)")
        for line in text.split(separator: "\n") { #expect(String(line).displayWidth <= width, "\(line)") }
    }

    /// In a block everything has room again.
    @Test func whereNoColumnsFitNoneIsLeftOut() {
        #expect(Self.systems.dropped(in: Self.terminal(25)) == [])
        let text = Self.systems.render(in: Self.terminal(25))
        #expect(text.contains("class unclassified") && text.contains("owner vendor's"), "\(text)")
    }

    @Test func colourChangesNoPlace() {
        for width in [40, 80, 200] {
            let plain = Self.hosts.render(in: Self.terminal(width))
            #expect(Self.bare(Self.hosts.render(in: Self.terminal(width, color: true))) == plain)
        }
    }

    @Test func columnsStandUnderTheirTitlesThoughLettersAreWide() throws {
        var table = Table([.init(title: "HOST"), .init(title: "STATE")])
        for name in ["web-1", "日本", "é-1", "👍"] { table.add(.init(name), "ok") }
        let lines = table.render(in: Self.terminal(nil)).split(separator: "\n").map(String.init)
        for line in lines.dropFirst() {
            let before = try #require(line.range(of: "ok")).lowerBound
            #expect(String(line[..<before]).displayWidth == 7, "\(line)")
        }
    }

    @Test(arguments: [
        ("web-1", 5), ("日本", 4), ("e\u{301}", 1), ("👍", 2), ("👩‍👩‍👧", 2), ("❤️", 2), ("ﾊ", 1), ("한", 2), ("…→✓", 3), ("", 0),
    ])
    func widthsAreThoseOfATerminal(text: String, width: Int) { #expect(text.displayWidth == width) }

    @Test func shortenedAndWrappedTextKeepsToItsWidth() {
        let text = "日本語のホスト名 and some words, oneverylongwordthatfitsnowhere"
        for width in 2...40 {
            #expect(text.shortened(to: width).displayWidth <= width)
            for line in text.wrapped(to: width) { #expect(line.displayWidth <= width) }
            #expect(
                text.wrapped(to: width).joined().replacing(" ", with: "") == text.replacing(" ", with: ""))
        }
        #expect("".wrapped(to: 10) == [""])
    }
}
