import FettleModel
import Foundation
import Testing

@testable import FettleFeeds

@Suite("What the formats share")
struct FeedSupportTests {
    @Test(
        "Times are read as the feeds write them",
        arguments: [
            ("2024-05-28", "2024-05-28T00:00:00.000Z"), ("2024-05-28T18:22:19.401Z", "2024-05-28T18:22:19.401Z"),
            ("2024-10-21T13:05:12.849951Z", "2024-10-21T13:05:12.849Z"),
            ("2025-04-02T10:00:00", "2025-04-02T10:00:00.000Z"),
            ("2025-04-02 10:00:00+0200", "2025-04-02T08:00:00.000Z"),
            ("2025-12-31T23:30:00-01:00", "2026-01-01T00:30:00.000Z"),
            ("2024-02-29T00:00:00z", "2024-02-29T00:00:00.000Z"), ("1999-12-31T23:59:60Z", "2000-01-01T00:00:00.000Z"),
            ("20221018", "2022-10-18T00:00:00.000Z"), ("2011-09-27 22:46", "2011-09-27T22:46:00.000Z"),
            ("2023-12-18 15:00:00 UTC", "2023-12-18T15:00:00.000Z"), ("1357225214", "2013-01-03T15:00:14.000Z"),
            ("1900-03-01", "1900-03-01T00:00:00.000Z"), ("2022-02-04T00:00:00+0000", "2022-02-04T00:00:00.000Z"),
        ])
    func times(text: String, expected: String) {
        #expect(FeedDates.time(text) == Timestamp(expected))
    }

    @Test(
        "What is no time is none",
        arguments: [
            "", "2024", "2024-13-01", "2023-02-29", "1900-02-29", "2024-00-10", "2024-01-00", "2024-01-01T",
            "2024-01-01T24:00:00",
            "2024-01-01T00:60:00", "2024-01-01T00:00:00.", "2024-01-01T00:00:00X", "2024-01-01T00:00:00+",
            "02024-01-01", "2024-0101", "202401-01", "2024-01-01T00:00:00 CET",
            "2024-1-1", "２０２４-01-01", "2024-01-01T00:00:00.000000000000000000000000000Z",
        ])
    func noTimes(text: String) {
        #expect(FeedDates.time(text) == nil)
    }

    @Test("Every day from 1600 to 2400 has the number that the calendar gives it")
    func days() throws {
        var expected: Int64 = -135_140
        for year in 1600...2400 {
            for month in 1...12 {
                for day in 1...31 {
                    let text = String(format: "%04d-%02d-%02d", year, month, day)
                    guard let time = FeedDates.time(text) else { continue }
                    #expect(time.milliseconds == expected * 86_400_000)
                    expected += 1
                }
            }
        }
        #expect(expected == 157_420)
    }

    @Test("A splitter gives an object's members and an array's elements as they stand")
    func members() throws {
        let text = #" {"a\"b": {"x": "}]"}, "\u00e9": [1, "\\"], "n": null ,"t":1e5} "#
        var splitter = try JSONSplitter(Data(text.utf8), of: "it")
        var found: [String] = []
        while let member = try splitter.next() {
            found.append("\(member.key ?? "-")=\(String(decoding: member.value, as: UTF8.self))")
        }
        #expect(found == [#"a"b={"x": "}]"}"#, #"é=[1, "\\"]"#, "n=null", "t=1e5"])
        var array = try JSONSplitter(Data("\u{FEFF}[[], {}, \"a,b\"]".utf8), of: "it")
        var elements: [String] = []
        while let member = try array.next() { elements.append(String(decoding: member.value, as: UTF8.self)) }
        #expect(elements == ["[]", "{}", "\"a,b\""])
        #expect(try array.next() == nil)
    }

    @Test(
        "What is no JSON between members is refused with the place",
        arguments: [
            ("{", "is cut off, at byte 1"), (#"{"a": 1"#, "is cut off, at byte 7"),
            (#"{"a": [1, {"b": "#, "is cut off inside"),
            (#"{"a" 1}"#, "a ':' must stand, at byte 5"), (#"{"a": 1 "b": 2}"#, "must stand, at byte 8"),
            ("[1, ]", "a value must stand, at byte 4"), (#"{"a": "x"#, "is cut off in a string, at byte 6"),
            (#"{"a": [}}"#, "a bracket of the wrong kind stands, at byte 7"), ("{} {}", "goes on behind"),
            ("{7: 1}", "a name in quotes must stand"), ("7", "is no JSON object or array"),
            ("", "is no JSON object or array"),
            (#"{"a\q": 1}"#, "a name that is no JSON string"),
        ])
    func refusedTexts(text: String, expected: String) throws {
        let error = try #require(throws: FeedError.self) {
            var splitter = try JSONSplitter(Data(text.utf8), of: "it")
            while try splitter.next() != nil {}
        }
        #expect(error.message.contains(expected), "\(error.message)")
    }

    @Test("A slice of other bytes, as a member of an archive may be, is read like a whole")
    func slices() throws {
        let bytes = Data(#"xx{"a": {"b": "c"}, "d": [1]}"#.utf8).dropFirst(2)
        var splitter = try JSONSplitter(bytes, of: "it")
        var found: [String] = []
        while let member = try splitter.next() { found.append(String(decoding: member.value, as: UTF8.self)) }
        #expect(found == [#"{"b": "c"}"#, "[1]"])
        #expect(JSONOutline(bytes).paths == ["a", "a/b", "d"])
    }

    @Test("An outline has the names of a text that is cut off, as far as it goes")
    func outlines() {
        let text = #"[{"a": {"b:,": ["x", {"c": 1}]}, "d": "e"}, {"f": {"cut": {"off"#
        #expect(
            JSONOutline(Data(text.utf8)).paths == ["[]/a", "[]/a/b:,", "[]/a/b:,/[]/c", "[]/d", "[]/f", "[]/f/cut"])
        #expect(JSONOutline(Data("text {\"a\": 1}".utf8)).paths.isEmpty)
        #expect(JSONOutline(Data(String(repeating: "[{\"a\":", count: 9000).utf8)).paths == ["[]/a", "[]/a/[]/a"])
    }

    @Test("A splitter goes only so deep")
    func depth() throws {
        let levels = JSONSplitter.maximumDepth
        func text(_ count: Int) -> Data {
            Data(("[" + String(repeating: "[", count: count) + String(repeating: "]", count: count) + "]").utf8)
        }
        var allowed = try JSONSplitter(text(levels), of: "it")
        #expect(try allowed.next() != nil)
        var tooDeep = try JSONSplitter(text(levels + 1), of: "it")
        #expect(throws: FeedError.self) { try tooDeep.next() }
    }

    @Test("A splitter takes any text apart as JSONDecoder does", arguments: 1...50 as ClosedRange<UInt64>)
    func agreement(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let pieces = ["\"", "\\", "a", "{", "}", "[", "]", ",", ":", "1", " ", "é", "\\\""]
        let values = (0..<5).map { _ in
            (0..<Int.random(in: 0...12, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
                .joined()
        }
        let text = try JSONEncoder().encode([values, [values.joined()]])
        var splitter = try JSONSplitter(text, of: "it")
        var found: [[String]] = []
        while let member = try splitter.next() {
            found.append(try JSONDecoder().decode([String].self, from: member.value))
        }
        #expect(found == [values, [values.joined()]])
    }

    @Test("CSV's quotes hold commas, line ends and quotes; the end within quotes is told")
    func rows() {
        var rows = CSVRows(Data("a,\"b,\n\"\"c\"\"\"\r\n\n,\n\"x".utf8))
        #expect(rows.next() == ["a", "b,\n\"c\""])
        #expect(rows.next() == ["", ""])
        #expect(rows.line == 4)
        #expect(!rows.isCutOff)
        #expect(rows.next() == ["x"])
        #expect(rows.isCutOff)
        #expect(rows.next() == nil)
    }

    @Test("An id is a CVE only in its exact form")
    func cves() {
        #expect(["CVE-1999-0001", "CVE-2024-1234567"].allSatisfy { AdvisoryNames.isCVE($0) })
        #expect(
            !["CVE-24-1234", "CVE-2024-123", "cve-2024-1234", "CVE-2024-1234x", "CVE-2024_1234", ""].contains {
                AdvisoryNames.isCVE($0)
            })
    }
}
