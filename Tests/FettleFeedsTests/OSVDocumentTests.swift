import FettleFeeds
import FettleIndex
import FettleVersions
import Foundation
import Testing

@Suite("OSV documents")
struct OSVDocumentTests {
    private let record = """
        {"schema_version": "1.6.0", "id": "GHSA-aaaa-bbbb-cccc", "modified": "2024-05-01T10:00:00.123456Z",
         "published": "2024-04-01T00:00:00Z", "summary": "a {nasty} \\"title\\" [of brackets",
         "affected": [{"package": {"ecosystem": "npm", "name": "left-pad"},
                       "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.3.0"}]}]}]}
        """
    private let yaml = """
        id: PYSEC-2021-1
        details: 'It says & and * and **kwargs: no harm'
        affected:
        - package: {name: Django_Thing, ecosystem: PyPI}
          ranges:
          - type: ECOSYSTEM
            events:
            - introduced: "0"
            - fixed: 1.10
          versions:
          - 1.0.1
        aliases:
        - CVE-2021-1111
        modified: 2021-07-15T02:22:07.728618Z
        published: "2021-06-30T19:46:00Z"
        """

    @Test("A record, an array of records and JSON lines are read alike")
    func shapes() throws {
        let line = record.replacingOccurrences(of: "\n", with: " ")
        for (text, count) in [(record, 1), ("[\(record), \(record)]", 2), ("\(line)\n\(line)\n\(line)\n", 3)] {
            #expect(OSVFormat.recognises(Data(text.utf8)))
            let result = try OSVFormat.read(text)
            #expect(result.advisories.count == count)
            #expect(result.skipped.isEmpty)
            #expect(result.advisories.last?.summary == #"a {nasty} "title" [of brackets"#)
            #expect(result.newest == time("2024-05-01T10:00:00.123Z"))
        }
    }

    @Test("A record in YAML is read, a version without quotes stays as written")
    func yamlRecord() throws {
        #expect(OSVFormat.recognises(Data(yaml.utf8)))
        let advisory = try #require(try OSVFormat.read(yaml).advisories.first)
        #expect(advisory.aliases == ["CVE-2021-1111"])
        #expect(advisory.modifiedAt == time("2021-07-15T02:22:07.728Z"))
        let package = try #require(advisory.affected.first)
        #expect(package.name == "django-thing")
        #expect(package.intervals.first?.upper?.version == "1.10")
    }

    @Test("YAML that would explode is refused before it is built")
    func explosions() {
        let bomb = (1...9).reduce("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n") { text, level in
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ",")
            return text + "a\(level): &a\(level) [\(aliases)]\n"
        }
        #expect(OSVFormat.refusal("id: X\nmodified: y\n" + bomb)?.contains("repeats the anchor") == true)
        #expect(OSVFormat.refusal("id: X\nmodified: y\n? [&b [x], *b]\n: z\n")?.contains("'b'") == true)
        let nested = "id: X\nmodified: y\naffected: " + String(repeating: "[", count: 5000)
        #expect(OSVFormat.refusal(nested)?.contains("nests deeper") == true)
        let dashes = "id: X\nmodified: y\naffected:\n" + String(repeating: "- ", count: 5000)
        #expect(OSVFormat.refusal(dashes)?.contains("nests deeper") == true)
        let large = "id: X\nmodified: y\ndetails: " + String(repeating: "long ", count: 500_000)
        #expect(OSVFormat.refusal(large)?.contains("more than") == true)
    }

    @Test("A malformed record is skipped by name and its neighbours are kept")
    func malformedRecords() throws {
        let result = try OSVFormat.read(
            "[\(record), {\"modified\": \"2024\"}, {\"id\": 7}, {\"id\": \"a b\"}, \(record)]")
        #expect(result.advisories.count == 2)
        #expect(result.skipped.map(\.record) == ["record 2", "record 3", "record 4"])
        #expect(result.skipped[0].reason == "'id' is missing")
    }

    @Test("A malformed package is skipped by name and the record's others are kept")
    func malformedPackages() throws {
        let text = """
            {"id": "OSV-9", "modified": "2024-05-01T10:00:00Z", "affected": [
              {"package": {"ecosystem": "npm"}},
              {"package": {"ecosystem": "npm", "name": "a"}, "ranges": [{"type": "SEMVER", "events": [{"fixed": "1"}]}]},
              {"package": {"ecosystem": "npm", "name": "b"}, "versions": ["1.0.0"]}]}
            """
        let result = try OSVFormat.read(text)
        #expect(result.advisories[0].affected.map(\.name) == ["b"])
        #expect(result.skipped.map(\.record) == ["OSV-9, affected 1", "OSV-9, a in npm"])
        #expect(result.skipped[1].reason.contains("introduced nowhere"))
    }

    @Test("A text that is cut off is refused with the place")
    func cutOff() throws {
        #expect(OSVFormat.refusal(String(record.dropLast(9)))?.contains("is cut off") == true)
        #expect(OSVFormat.refusal("[\(record), ")?.contains("byte") == true)
        #expect(OSVFormat.refusal("") == "holds no OSV record")
    }

    @Test(
        "Other formats are not taken for it",
        arguments: [
            #"{"document": {"category": "csaf_vex"}, "vulnerabilities": []}"#,
            #"{"cveMetadata": {"cveId": "CVE-2024-1"}}"#,
            #"{"packages": [{"pkg": {"name": "a"}}], "distroversion": "v3.16"}"#, "cve,epss\nCVE-2020-5902,0.65117\n",
            #"{"curl": {"CVE-2024-1": {"releases": {}}}}"#, "<xml id='affected'/>", "", "apiVersion: v1\nkind: Fleet\n",
        ])
    func otherFormats(text: String) {
        #expect(!OSVFormat.recognises(Data(text.utf8)))
    }

    @Test("Any bytes are read or refused, never fatal", arguments: [1, 2, 3] as [UInt64])
    func brokenDocuments(seed: UInt64) {
        OSVFormat.survivesDamage("[\(record), \(record)]", seed: seed)
        OSVFormat.survivesDamage(yaml, seed: seed)
    }
}
