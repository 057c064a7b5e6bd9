import Testing

@testable import FettleCommands

@Suite struct TerminalTests {
    /// A host's name, version or last words must not repaint the operator's screen.
    @Test(arguments: ["\u{1b}[2J", "\r", "\u{7}", "a\u{202e}b", "\u{9b}31m", "x\ny"])
    func whatCameFromOutsideCannotMoveTheCursor(text: String) {
        #expect(
            !text.printable.unicodeScalars.contains {
                $0.value < 0x20 || (0x7f..<0xa0).contains($0.value) || $0.value == 0x202e
            })
    }

    @Test func aTableIsCutToTheTerminal() {
        var table = Table([.init(title: "HOST"), .init(title: "PACKAGES", shrinks: 1)])
        table.add("web-1", .init(String(repeating: "package ", count: 40)))
        let terminal = Terminal(isInteractive: true, hasColor: false, width: 60)
        for line in table.render(in: terminal).split(separator: "\n") { #expect(line.count <= 60) }
        #expect(table.render(in: terminal).contains("…"))
    }

    @Test func colourIsForTerminalsOnly() {
        #expect(TextStyle.red.apply("x", in: Terminal(isInteractive: false, hasColor: false, width: nil)) == "x")
    }
}
