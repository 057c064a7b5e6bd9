import FettleFeeds
import FettleIndex
import Foundation
import Testing

@Suite("CISA's KEV catalogue")
struct KEVTests {
    private let catalogue = """
        {"title": "CISA Catalog", "catalogVersion": "2025.08.25", "dateReleased": "2025-08-25T17:04:19.9796Z", "count": 2,
         "vulnerabilities": [
          {"cveID": "CVE-2025-48384", "dateAdded": "2025-08-25", "dueDate": "2025-09-15",
           "knownRansomwareCampaignUse": "Unknown", "notes": "https:\\/\\/example.org"},
          {"cveID": "CVE-2024-8068", "dateAdded": "2025-08-24", "knownRansomwareCampaignUse": "Known"}]}
        """
    private let table = """
        cveID,vendorProject,vulnerabilityName,dateAdded,shortDescription,dueDate,knownRansomwareCampaignUse
        CVE-2025-48384,Git,"Git ""Link"", Following",2025-08-25,"on two
        lines",2025-09-15,Unknown
        CVE-2024-8068,Citrix,Name,2025-08-24,text,,Known
        """

    @Test("The catalogue is read as JSON and as CSV alike")
    func bothForms() throws {
        for text in [catalogue, table, table.replacingOccurrences(of: "\n", with: "\r\n"), "\u{FEFF}" + table] {
            #expect(KEVFormat.recognises(Data(text.utf8)))
            let result = try KEVFormat.read(text)
            #expect(result.skipped.isEmpty)
            #expect(result.weaknesses.map(\.id) == ["CVE-2025-48384", "CVE-2024-8068"])
            let first = try #require(result.weaknesses.first?.exploited)
            #expect(first.addedAt == time("2025-08-25T00:00:00Z"))
            #expect(first.dueAt == time("2025-09-15T00:00:00Z"))
            #expect(!first.isUsedByRansomware)
            #expect(result.weaknesses[1].exploited?.isUsedByRansomware == true)
            #expect(result.weaknesses[1].exploited?.dueAt == nil)
        }
    }

    @Test("The catalogue's date is its release; a table's the newest entry's")
    func dates() throws {
        #expect(try KEVFormat.read(catalogue).newest == time("2025-08-25T17:04:19.979Z"))
        #expect(try KEVFormat.read(table).newest == time("2025-08-25T00:00:00Z"))
    }

    @Test("A malformed entry is skipped by name, a count that is wrong is told")
    func malformed() throws {
        let text = catalogue.replacingOccurrences(of: "2025-08-24", with: "2025-02-30")
            .replacingOccurrences(of: #""count": 2"#, with: #""count": 3"#)
        let result = try KEVFormat.read(text)
        #expect(result.weaknesses.count == 1)
        #expect(result.skipped.map(\.record) == ["CVE-2024-8068", "the catalogue"])
        let row = try KEVFormat.read(table + "\nCVE-2024-1000,short\nnothing,a,b,2025-01-01,c,,\n")
        #expect(row.skipped.map(\.record) == ["line 5", "nothing"])
    }

    @Test("A document that is cut off or another is refused")
    func refused() {
        #expect(KEVFormat.refusal(String(catalogue.dropLast(4)))?.contains("no valid JSON") == true)
        #expect(KEVFormat.refusal("{}")?.contains("'vulnerabilities' is missing") == true)
        #expect(
            KEVFormat.refusal("cveID,due\nCVE-2024-1000,x\n")?.contains("the columns cveID and dateAdded") == true
        )
        let cut = String(table.prefix { !$0.isNewline }) + "\nCVE-2025-48384,Git,\"Git"
        #expect(KEVFormat.refusal(cut)?.contains("cut off within quotes, in line 2") == true)
        #expect(!KEVFormat.recognises(Data("cve,epss\n".utf8)))
    }

    @Test("Any bytes are read or refused, never fatal", arguments: [1, 2, 3] as [UInt64])
    func broken(seed: UInt64) {
        KEVFormat.survivesDamage(catalogue, seed: seed)
        KEVFormat.survivesDamage(table, seed: seed)
    }
}
