import FettleInventory
import FettleModel
import Testing

@Suite("Tables from spreadsheets are imported")
struct CSVImportTests {
    private static let resources = [
        Resource(
            id: "db-1", kind: .database, address: .ssh("10.0.0.5", port: 2_222, user: "ops"), environment: "production",
            serviceModel: .iaas, criticality: .critical, exposure: .isolated,
            labels: ["role": "db", "note": "a \"quoted\", long\ttext".replacing("\t", with: " ")],
            failureDomain: "rack 7", owner: "team; data"),
        Resource(id: "web-1", address: .ssh("web-1"), environment: "dev"),
    ]

    @Test(arguments: [",", ";", "\t"], ["\n", "\r\n", "\r"])
    func everything(_ separator: String, _ lineEnd: String) throws {
        let rows = [
            [
                "id", "address", "environment", "kind", "criticality", "exposure", "service_model", "owner",
                "failure_domain",
                "label:role", "label:note",
            ],
            [
                "db-1", "ssh://ops@10.0.0.5:2222", "production", "database", "critical", "isolated", "iaas",
                "\"team; data\"",
                "rack 7", "db", "\"a \"\"quoted\"\", long text\"",
            ],
            ["web-1", "", "dev", "", "", "", "", "", "", "", ""],
            Array(repeating: "", count: 11),
        ]
        let text = rows.map { $0.joined(separator: separator) }.joined(separator: lineEnd)
        let reading = try InventoryImport.csv(text: text)
        #expect(reading.fleet.resources == Self.resources)
        #expect(reading.warnings == [])
    }

    @Test func whatSpreadsheetsAdd() throws {
        let text = "sep=;\r\nID;Service Model;rack;Owner\r\nx;saas;me;\"a;b\"\r\n"
        let options = InventoryImport.Options(defaultEnvironment: "qa")
        let reading = try InventoryImport.csv(text: text, options: options)
        #expect(
            reading.fleet.resources == [
                Resource(id: "x", address: .ssh("x"), environment: "qa", serviceModel: .saas, owner: "a;b")
            ])
        #expect(
            reading.warnings.map(\.description) == [
                "fleet.csv:2:18: the column 'rack' is not known: not taken; 'label:rack' makes it a label"
            ])
    }

    @Test func aFleetFromATableIsWrittenAndReadBack() throws {
        let text = "id,environment,label:x\na,dev,\"1\"\nb,qa,yes\n"
        let fleet = try InventoryImport.csv(text: text).fleet
        #expect(try FleetFile.parse(FleetWriter().text(fleet)).fleet == fleet)
    }

    @Test func mistakesAreTold() {
        let text = """
            id,address,environment,kind
            a,-oX=1,prod,hots
            a,,dev,
            a,,dev,
            ,,dev,
            b,h:0,dev,,,extra
            b,"h"x,dev,
            c,h"x,dev,
            d,,,
            "=cmd|' /C calc'!A0",,dev,
            "a
            b",,dev,
            e,"never closed
            """
        #expect(
            problems { try InventoryImport.csv(text: text, file: "t.csv") } == [
                "t.csv:2:3: '-oX=1' is no host name or address; letters, digits and . - _ (IPv6 with colons too), "
                    + "beginning with a letter or a digit",
                "t.csv:2:9: unknown environment 'prod'; did you mean 'production'?",
                "t.csv:2:14: unknown kind 'hots'; did you mean 'host'?",
                "t.csv:3:1: the resource 'a' is given twice; first in line 2",
                "t.csv:4:1: the resource 'a' is given twice; first in line 2",
                "t.csv:5:1: a row without an id",
                "t.csv:6:13: more cells than the header's 4; put a text with separators in quotes",
                "t.csv:7:1: the resource 'b' is given twice; first in line 6",
                "t.csv:7:6: text behind the closing quote; a quote inside quotes is written twice",
                "t.csv:8:3: 'h\"x' is no host name or address; letters, digits and . - _ (IPv6 with colons too), "
                    + "beginning with a letter or a digit",
                "t.csv:8:4: a quote inside a cell without quotes; put the whole cell in quotes, and write the quote twice",
                "t.csv:9:1: the resource 'd' has no environment; "
                    + "fill in the column 'environment', or choose a default one (--environment)",
                "t.csv:10:1: '=cmd|' /C calc'!A0' cannot be the id of a resource; "
                    + "letters, digits and . _ -, beginning with a letter or a digit, at most 128",
                "t.csv:11:1: the id of a resource must be one line without control characters, but it is 'a\\u{A}b'",
                "t.csv:13:1: the resource 'e' has no environment; "
                    + "fill in the column 'environment', or choose a default one (--environment)",
                "t.csv:13:3: a quote that is never closed; a quote inside quotes is written twice",
                "t.csv:13:3: 'never closed' is no host name or address; letters, digits and . - _ (IPv6 with colons "
                    + "too), beginning with a letter or a digit",
            ])
    }

    @Test func aTableTakesNoRanges() {
        let rule = "letters, digits and . _ -, beginning with a letter or a digit, at most 128"
        #expect(
            problems { try InventoryImport.csv(text: "id,environment\nc[1:3],dev\n", file: "t") } == [
                "t:2:1: 'c[1:3]' cannot be the id of a resource; \(rule); a table takes no ranges: write a row for each"
            ])
    }

    /// Nobody is called ''.
    @Test func aRowWithoutAnIDIsNotNamed() {
        let told = problems { try InventoryImport.csv(text: "id,kind\na b,hots\n,hots\n", file: "t") }
        let advice = "fill in the column 'environment', or choose a default one (--environment)"
        #expect(
            told == [
                "t:2:1: 'a b' cannot be the id of a resource; "
                    + "letters, digits and . _ -, beginning with a letter or a digit, at most 128",
                "t:2:1: the row has no environment; \(advice)", "t:2:5: unknown kind 'hots'; did you mean 'host'?",
                "t:3:1: a row without an id", "t:3:1: the row has no environment; \(advice)",
                "t:3:2: unknown kind 'hots'; did you mean 'host'?",
            ])
    }

    @Test(arguments: ["produktion", "Dev", ""])
    func theDefaultIsOneOfTheEnvironments(_ name: String) {
        let options = InventoryImport.Options(defaultEnvironment: EnvironmentID(name))
        let told = problems { try InventoryImport.csv(text: "id,kind\na,hots\n", file: "t", options: options) }
        #expect(told.count == 2 && told[0].hasPrefix("t:1:1: unknown default environment '\(name)'; "), "\(told)")
        #expect(told.last == "t:2:3: unknown kind 'hots'; did you mean 'host'?")
    }

    @Test func mistakesInTheHeaderAreTold() {
        #expect(
            problems { try InventoryImport.csv(text: "id,label:-x,id,Label: a b\nx,1,y,z\n", file: "t") } == [
                "t:1:4: '-x' cannot be the key of a label; "
                    + "letters, digits and . _ -, beginning with a letter or a digit, at most 128",
                "t:1:13: the column 'id' is there twice",
                "t:1:16: 'a b' cannot be the key of a label; "
                    + "letters, digits and . _ -, beginning with a letter or a digit, at most 128",
                "t:2:5: the resource 'y' has no environment; "
                    + "fill in the column 'environment', or choose a default one (--environment)",
            ])
    }

    @Test(arguments: ["", "\n\n", "name,address\na,b\n", "sep=;\n"])
    func aTableWithoutIDsIsRefused(_ text: String) {
        #expect(problems { try InventoryImport.csv(text: text) }.count == 1)
    }

    /// Who has another separator, or other names, sees what the header was read as.
    @Test(arguments: [
        ("name;address;environment\n", "'name', 'address', 'environment', which were told apart by semicolons"),
        ("name\taddress\n", "'name', 'address', which were told apart by tabs"),
        ("name,\"a;b;c\"\n", "'name', 'a;b;c', which were told apart by commas"),
        ("sep=|\nname|address\n", "'name', 'address', which were told apart by '|'"),
        ("id|address\n", "'id|address', the only one: no separator is in it"),
    ])
    func withoutIDsTheHeaderIsTold(text: String, words: String) {
        let found = problems { try InventoryImport.csv(text: text, file: "t") }
        #expect(found.count == 1 && found.first?.contains("no column 'id' among \(words); commas") == true, "\(found)")
    }

    @Test func aThousandAndOneColumnsAreRefused() {
        let text = "id" + String(repeating: ",x", count: 1_000) + "\n"
        #expect(problems { try InventoryImport.csv(text: text) }.first?.contains("more than 1000 columns") == true)
    }
}
