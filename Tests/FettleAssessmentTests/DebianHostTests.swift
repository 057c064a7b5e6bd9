import FettleAssessment
import FettleIndex
import FettleModel
import FettleSoftware
import FettleTestSupport
import Foundation
import Testing

/// The whole of a real host's findings, against a list made by other means. The data lies beside the project and is not part of it.
@Suite(.enabled(if: PublishedData.isPresent, "\(PublishedData.absence)"))
struct DebianHostTests {
    @Test(
        "A real host's findings are exactly the expected ones, by Debian's tracker, by OSV and by both",
        arguments: [["tracker-derived.json"], ["osv-derived.zip"], ["tracker-derived.json", "osv-derived.zip"]])
    func findsExactlyWhatIsExpected(feeds: [String]) throws {
        let files = feeds.map { PublishedData.folder.appending(path: "debian12/\($0)").path }
        let index = try #require(try CompiledFeeds.from(files: files).index)
        let status = try Self.decompress("debian12/host-12.0.dpkg-status.zst")
        let list = try SoftwareListReader.read(status, name: "status", as: .dpkgStatus)
        let judge = SoftwareJudge(index: index, platform: Ecosystem("debian:12"))
        let judgement = try judge.judge(list)
        #expect(judgement.gaps.isEmpty)
        var rows: Set<String> = []
        var count = 0
        for (package, lot) in zip(list.packages, judgement.lots) {
            for finding in judge.lots[try #require(lot)].findings {
                let record = try index.advisory(finding.advisory).record
                let cve = ([record.id] + record.aliases).first { $0.hasPrefix("CVE-") } ?? record.id
                rows.insert(
                    [package.name, package.architecture, package.source, package.sourceVersion, cve].joined(
                        separator: "\t"))
                count += 1
            }
        }
        let expected = Set(
            String(decoding: try Self.decompress("debian12/host-12.0.expected.tsv.zst"), as: UTF8.self)
                .split(separator: "\n").map { line in
                    // The list's fixed versions are of no single feed: some are those of another release.
                    line.split(separator: "\t", omittingEmptySubsequences: false).prefix(5).joined(separator: "\t")
                })
        #expect(expected.count == 10_248)
        #expect(count == expected.count)
        #expect(rows.subtracting(expected).sorted().prefix(5) == [])
        #expect(expected.subtracting(rows).sorted().prefix(5) == [])
    }

    private static func decompress(_ name: String) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["zstd", "-dc", PublishedData.folder.appending(path: name).path]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "zstd is needed to read \(name)")
        return data
    }
}
