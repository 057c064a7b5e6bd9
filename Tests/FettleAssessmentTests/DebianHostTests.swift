import FettleAssessment
import FettleModel
import Foundation
import Testing

/// The whole of a real host's findings, against a list made by other means. The data lies beside the project and is not part of it.
@Suite(.enabled(if: SharedData.isPresent, "../shared/data is not there: its data is not part of the project"))
struct DebianHostTests {
    @Test func aRealHostsFindingsAreExactlyTheExpectedOnes() throws {
        var feeds = AdvisoryFeeds()
        #expect(try feeds.add(SharedData.read("debian12/tracker-derived.json"), name: "tracker-derived.json"))
        let facts = DpkgStatus.facts(try SharedData.decompress("debian12/host-12.0.dpkg-status.zst"))
        let found = Assessor(fleet: facts.fleet, policy: Policy(), feeds: feeds)
            .assess(
                facts.set, reference: StageReference(id: "f", digest: Digest(rawValue: "0")), id: "a",
                at: Timestamp(milliseconds: 0))

        var rows: Set<String> = []
        for finding in found.findings {
            for name in finding.packages {
                for advisory in finding.advisories {
                    rows.insert("\(name)\t\(finding.source)\t\(advisory.id)")
                }
            }
        }
        let expected = Set(
            String(decoding: try SharedData.decompress("debian12/host-12.0.expected.tsv.zst"), as: UTF8.self)
                .split(separator: "\n").map { line in
                    let field = line.split(separator: "\t", omittingEmptySubsequences: false)
                    // The fixed versions of the list come from OSV, which tells some of them apart from the tracker.
                    return "\(field[0])\t\(field[2])\t\(field[4])"
                })
        #expect(expected.count > 5_000)
        #expect(rows.subtracting(expected).sorted().prefix(5) == [])
        #expect(expected.subtracting(rows).sorted().prefix(5) == [])
    }
}

enum SharedData {
    static let folder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/data")
    static var isPresent: Bool { FileManager.default.fileExists(atPath: folder.path) }

    static func read(_ name: String) throws -> Data { try Data(contentsOf: folder.appendingPathComponent(name)) }

    static func decompress(_ name: String) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["zstd", "-dc", folder.appendingPathComponent(name).path]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "zstd is needed to read \(name)")
        return data
    }
}

/// Reads a dpkg status file, as far as the test needs it.
enum DpkgStatus {
    static func facts(_ data: Data) -> (set: FactSet, fleet: Fleet) {
        let packages = String(decoding: data, as: UTF8.self).components(separatedBy: "\n\n").compactMap(package)
        let resource = Resource(id: "host", address: .local, environment: "production")
        var host = HostFacts.nothingObserved(
            of: "host", at: Timestamp(milliseconds: 0), reachability: .reachable, reason: "read from a file")
        host.packages = .observed(packages)
        host.platform = .observed(
            Platform(
                distribution: "debian", version: "12", codename: "bookworm", prettyName: "Debian 12",
                architecture: "amd64"))
        let fleet = Fleet(
            environments: [Environment(id: "production", isProtected: true)], resources: [resource], groups: [])
        return (FactSet(id: "facts", observedAt: Timestamp(milliseconds: 0), hosts: [host]), fleet)
    }

    private static func package(_ paragraph: String) -> InstalledPackage? {
        var field: [String: String] = [:]
        for line in paragraph.split(separator: "\n") where line.first != " " {
            guard let colon = line.firstIndex(of: ":") else { continue }
            field[String(line[..<colon])] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        guard let name = field["Package"], let version = field["Version"],
            field["Status"]?.hasSuffix(" installed") == true
        else { return nil }
        let source = (field["Source"] ?? name).split(separator: " ")
        let sourceVersion = source.count > 1 ? source[1].trimmingCharacters(in: ["(", ")"]) : version
        return InstalledPackage(
            manager: .dpkg, name: name, architecture: field["Architecture"] ?? "", version: version,
            source: String(source[0]), sourceVersion: sourceVersion)
    }
}
