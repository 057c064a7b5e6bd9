import FettleInventory
import FettleModel
import Testing

/// Whatever an import takes, `inventory check` takes what was written of it.
@Suite struct ImportedFleetTests {
    private static let words = [
        "a", "web-1", "w[1:3]", "ansible_host=h", "ansible_host=10.0.0.1", "ansible_port=22", "ansible_port=0",
        "ansible_connection=local", "ansible_connection=winrm", "fettle_kind=database", "fettle_service_model=saas",
        "fettle_environment=production", "fettle_environment=moon", "env=qa", "tier=front", "x='{{ y }}'", "no=yes",
        "fettle_owner='a: b # c'", "fettle_labels='{\"on\": \"no\", \"a/b\": \"1\"}'",
    ]
    private static let headers = [
        "[dev]", "[production]", "[prod]", "[web]", "[db 1]", "[7]", "[web:vars]", "[all:vars]", "[web:children]",
        "[dev:children]",
    ]
    private static let others = [
        "web", "db", "fettle_group_minimum_available=2", "fettle_group_minimum_available=\"75%\"",
        "fettle_group_kind=cluster", "fettle_group_environment=qa", "fettle_criticality=high",
    ]
    private static let defaults: [EnvironmentID?] = [nil, "dev", "production", "moon", "qa"]

    @Test(arguments: 0..<20 as Range<UInt64>)
    func ofAnsible(_ part: UInt64) throws {
        var random = SplitMix(seed: part)
        var taken = 0
        for _ in 0..<40 {
            var lines: [String] = []
            for _ in 0..<Int.random(in: 1...12, using: &random) {
                let names = Int.random(in: 1...3, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0: lines.append(try #require(Self.headers.randomElement(using: &random)))
                case 1: lines.append(try #require(Self.others.randomElement(using: &random)))
                default:
                    let name = try #require(["a", "b-2", "c[1:2]", "::1", "x_y"].randomElement(using: &random))
                    let rest = (1..<names).compactMap { _ in Self.words.dropFirst(3).randomElement(using: &random) }
                    lines.append(([name] + rest).joined(separator: " "))
                }
            }
            let folder = try TestFolder(["hosts": lines.joined(separator: "\n") + "\n"])
            let options = InventoryImport.Options(
                defaultEnvironment: try #require(Self.defaults.randomElement(using: &random)))
            guard let reading = try? InventoryImport.ansible(path: folder.file("hosts"), options: options) else {
                continue
            }
            taken += 1
            let text = FleetWriter().text(reading.fleet)
            #expect(problems { try FleetFile.parse(text) } == [], "\(lines)\n\(text)")
        }
        #expect(taken > 0)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func ofATable(_ part: UInt64) throws {
        var random = SplitMix(seed: part)
        var taken = 0
        for _ in 0..<40 {
            let rows = try (0..<Int.random(in: 1...5, using: &random)).map { number in
                let addresses = ["", "h", "h\(number)", "local", "none", "ssh://u@h:22", "u@h", "h:0"]
                let cells = [
                    "r\(number % 4)", try #require(addresses.randomElement(using: &random)),
                    try #require(["dev", "production", ""].randomElement(using: &random)),
                    try #require(["", "host", "database"].randomElement(using: &random)),
                    try #require(["", "no", "1", "a: b"].randomElement(using: &random)),
                ]
                return cells.joined(separator: ";")
            }
            let options = InventoryImport.Options(
                defaultEnvironment: try #require(Self.defaults.randomElement(using: &random)))
            let text = "id;address;environment;kind;label:x\n" + rows.joined(separator: "\n")
            guard let reading = try? InventoryImport.csv(text: text, options: options) else { continue }
            taken += 1
            let written = FleetWriter().text(reading.fleet)
            #expect(problems { try FleetFile.parse(written) } == [], "\(text)\n\(written)")
        }
        #expect(taken > 0)
    }
}
