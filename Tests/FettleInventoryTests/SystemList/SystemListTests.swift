import FettleInventory
import FettleModel
import Testing

@Suite struct SystemListTests {
    private func read(
        _ text: String, meanings: [String: String] = [:], packages: Set<String> = ["openssl", "nginx"]
    ) throws -> SystemListFile.Reading {
        try SystemListFile.csv(
            bytes: Array(text.utf8), file: "team.csv", options: .init(meanings: meanings, packages: packages))
    }

    private func problems(_ text: String, meanings: [String: String] = [:]) -> [String] {
        do throws(InventoryErrors) {
            _ = try SystemListFile.csv(
                bytes: Array(text.utf8), file: "team.csv",
                options: .init(meanings: meanings, packages: ["openssl", "nginx"]))
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test func aRowForEachSystemWithAColumnForEachPackage() throws {
        let reading = try read(
            "Server;OS;OpenSSL;nginx;Team\nweb-1;Debian 12;3.0.22;1.22.1-9;web\nweb-2;;3.0.20;n/a;\n")
        #expect(reading.warnings == [])
        #expect(
            reading.list.rows == [
                .init(
                    system: "web-1", line: 2,
                    claims: [
                        .init(.platform, "Debian 12"), .init(.package("openssl"), "3.0.22"),
                        .init(.package("nginx"), "1.22.1-9"), .init(.owner, "web"),
                    ]), .init(system: "web-2", line: 3, claims: [.init(.package("openssl"), "3.0.20")]),
            ])
    }

    @Test func aRowForEachPackageOfASystem() throws {
        let reading = try read("host,software,installed version\nweb-1,openssl,3.0.22\nweb-1,nginx,1.22\n")
        #expect(reading.list.rows.map(\.system) == ["web-1", "web-1"])
        #expect(
            reading.list.rows.map(\.claims) == [
                [.init(.package("openssl"), "3.0.22")], [.init(.package("nginx"), "1.22")],
            ])
    }

    @Test func columnsCanBeGivenTheirMeaning() throws {
        let reading = try read(
            "Maschine,SSL lib,Bemerkung\nweb-1,3.0.22,neu\n",
            meanings: ["maschine": "system", "SSL lib": "package:libssl3", "Bemerkung": "none"])
        #expect(reading.warnings == [])
        #expect(reading.list.rows.map(\.claims) == [[.init(.package("libssl3"), "3.0.22")]])
    }

    @Test func aColumnThatMeansNothingKnownIsPassedOverAndTold() throws {
        let reading = try read("system,openssl,Last patched\nweb-1,3.0.22,in May\n")
        #expect(reading.list.rows[0].claims == [.init(.package("openssl"), "3.0.22")])
        #expect(reading.warnings.map(\.column) == [16])
        #expect(reading.warnings[0].description.contains("--column 'Last patched=MEANING'"))
    }

    @Test func allThatIsWrongIsToldAtOnceWithItsPlace() {
        let text = """
            system,openssl,nginx
            web-1,3.0.22,1.22
            ,3.0.22,
            web-1,3.0.20,1.22
            web-2,"3.0
            22",1.22
            web-3,3.0.22,1.22,more
            web-4,\(String(repeating: "9", count: 300)),1.22
            """
        let told = problems(text)
        #expect(told.count == 5, "\(told)")
        #expect(told[0].hasPrefix("team.csv:3:1: a row that names no system"))
        #expect(told[1].hasPrefix("team.csv:4:7: the openssl of 'web-1' is '3.0.20' here and '3.0.22' in line 2"))
        #expect(told[2].hasPrefix("team.csv:5:7: a line break or a hidden character"))
        #expect(told[3].hasPrefix("team.csv:7:19: more cells than the header's 3"))
        #expect(told[4].hasPrefix("team.csv:8:7: more than 256 letters"))
    }

    @Test(
        arguments: [
            ("", [:], "the list is empty"), ("system\nweb-1\n", [:], "no column says anything"),
            ("openssl\n3\n", [:], "no column names the systems"), ("system,version\na,1\n", [:], "none 'package'"),
            ("system,package\na,openssl\n", [:], "none 'version'"),
            ("system,openssl\n", [:], "no rows below its header"),
            ("system,openssl,OpenSSL\na,1,2\n", [:], "as another one does"),
            ("Server,Server,openssl\na,b,1\n", [:], "as another one does"),
            ("Server,server ,openssl\na,b,1\n", [:], "as another one does"),
            ("system,openssl\na,1\n", ["openssl": "horse"], "has no such meaning"),
            ("system,openssl\na,1\n", ["openssl": "package:"], "has no such meaning"),
            ("system,openssl\na,1\n", ["openssl": "package:-rf"], "has no such meaning"),
            ("system,openssl\na,1\n", ["opensll": "none"], "there is no column 'opensll'"),
            ("system,package,version\na,$(reboot),1\n", [:], "cannot be the name of a package"),
            ("system,package,version\na,,1\n", [:], "without the package"),
            ("system,openssl\na,\u{1b}[2J\n", [:], "control character"),
            ("system,openssl\na,\"1\n", [:], "never closed"),
        ] as [(String, [String: String], String)])
    func aListThatCannotBeUsedIsRefused(text: String, meanings: [String: String], words: String) {
        let told = problems(text, meanings: meanings)
        #expect(told.contains { $0.contains(words) }, "\(told)")
        #expect(told.allSatisfy { !$0.contains("\u{1b}") })
    }

    /// `1.10` typed into a cell without the format 'text' is `1.1` from then on.
    @Test func aVersionThatTheSpreadsheetTookForANumberIsDoubted() throws {
        let reading = try SystemListFile.table(
            rows: [
                [.init("system"), .init("nginx"), .init("kernel")], [],
                [.init("web-1"), .init("1.1", isNumber: true), .init("6.1", isNumber: true)],
            ], file: "team.xlsx", options: .init(packages: ["nginx"]))
        #expect(
            reading.list.rows == [
                .init(system: "web-1", line: 3, claims: [.init(.package("nginx"), "1.1"), .init(.kernel, "6.1")])
            ])
        #expect(reading.warnings.map { [$0.line, $0.column] } == [[3, 2]])
    }

    @Test func theApostropheOfAGuardedCellIsNoPartOfIt() throws {
        #expect(
            try read("system,openssl\n'-web,'3.0\n").list.rows == [
                .init(system: "-web", line: 2, claims: [.init(.package("openssl"), "3.0")])
            ])
    }

    /// Any bytes are read or refused.
    @Test func anyBytesAreReadOrRefused() {
        var random = SplitMix(seed: 3)
        let letters = Array("system,openssl\n\"';=\t\r-1.é\u{0}\u{FFFD}".utf8) + [0xFF, 0xC0]
        for _ in 0..<2_000 {
            let length = Int.random(in: 0...40, using: &random)
            let bytes = (0..<length).map { _ in letters.randomElement(using: &random) ?? 0 }
            _ = try? SystemListFile.csv(
                bytes: Array("system,openssl\n".utf8) + bytes, file: "x", options: .init(packages: ["openssl"]))
        }
    }
}
