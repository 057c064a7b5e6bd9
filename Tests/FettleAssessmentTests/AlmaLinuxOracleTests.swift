import FettleAssessment
import FettleIndex
import FettleModel
import FettleSoftware
import FettleTestSupport
import Foundation
import Testing

/// All that AlmaLinux publishes as OSV, against an oracle: the same files read by other means, and versions compared by rpm itself.
/// The data lies beside the project and is not part of it.
@Suite(
    .enabled(if: PublishedData.isPresent, "\(PublishedData.absence)"),
    .enabled(if: AlmaLinuxOracle.rpm != nil, "needs rpm: scripts/install-needs peers"))
struct AlmaLinuxOracleTests {
    @Test("AlmaLinux's plain packages have exactly the findings that rpm's own comparison gives them")
    func findsExactlyWhatRpmSays() throws {
        let oracle = try AlmaLinuxOracle()
        defer { oracle.remove() }
        let index = try #require(
            try CompiledFeeds.from(files: [PublishedData.folder.appending(path: "alma-osv.tar.zst").path]).index)
        #expect(index.catalogue.feeds.allSatisfy { $0.skippedCount == 0 && $0.keptAsUnknown.count == 0 })
        let expected = try oracle.findings()
        #expect(expected.count > 25_000, "\(expected.count) packages")
        var open = 0
        for (release, packages) in Dictionary(grouping: expected, by: \.release).sorted(by: { $0.key < $1.key }) {
            let judge = SoftwareJudge(index: index, platform: Ecosystem("almalinux:\(release)"))
            let judgement = try judge.judge(
                SoftwareList(
                    packages: packages.map {
                        ListedPackage(
                            origin: .system(.rpm), name: $0.name, architecture: "x86_64", version: $0.version,
                            source: $0.name)
                    }))
            #expect(judgement.gaps.isEmpty)
            var wrong: [String] = []
            for (package, lot) in zip(packages, judgement.lots) {
                let found = try (lot.map { judge.lots[$0].findings } ?? []).filter { $0.status == .affected }
                    .map { try index.advisory($0.advisory).record.id }
                open += found.count
                guard Set(found) != package.advisories || found.count != package.advisories.count else { continue }
                wrong.append("\(package): \(Set(found).symmetricDifference(package.advisories).sorted().prefix(3))")
            }
            #expect(wrong.prefix(5) == [], "almalinux:\(release): \(wrong.count) of \(packages.count) packages")
        }
        #expect(open > 50_000, "\(open) findings")
    }
}

/// What of a published file's packages without modules is open, told without Fettle: JSON by Foundation, the order of versions by rpm.
struct AlmaLinuxOracle {
    struct Package {
        var release: String
        var name: String
        var version: String
        var advisories: Set<String>
    }

    private struct Fix {
        var advisory: String
        var version: String
    }

    static let rpm = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
        .map { "\($0)/rpm" }.first { FileManager.default.isExecutableFile(atPath: $0) }

    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fettle-\(UUID().uuidString)")
    /// By release and name.
    private var fixes: [String: [Fix]] = [:]

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let archive = PublishedData.folder.appending(path: "alma-osv.tar.zst").path
        _ = try run(["tar", "--zstd", "-xf", archive, "-C", folder.path])
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        for case let file as URL in files ?? .init() where file.pathExtension == "json" { try read(file) }
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }

    private mutating func read(_ file: URL) throws {
        guard let record = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any],
            let id = record["id"] as? String, record["withdrawn"] == nil
        else { return }
        for affected in record["affected"] as? [[String: Any]] ?? [] {
            guard let package = affected["package"] as? [String: String], let name = package["name"],
                let release = package["ecosystem"]?.split(separator: ":").last
            else { continue }
            let events = (affected["ranges"] as? [[String: Any]] ?? []).flatMap {
                $0["events"] as? [[String: String]] ?? []
            }
            for version in events.compactMap({ $0["fixed"] }) {
                fixes["\(release) \(name)", default: []].append(Fix(advisory: id, version: version))
            }
        }
    }

    /// Of each package without modules up to seven of the versions that fix something, and for each what is newer than that.
    func findings() throws -> [Package] {
        let plain = fixes.filter { !$0.value.contains { $0.version.contains("module") } }
        var packages: [Package] = []
        var pairs: [String: Int] = [:]
        for (key, fixes) in plain.sorted(by: { $0.key < $1.key }) {
            let versions = Set(fixes.map(\.version)).sorted()
            let words = key.split(separator: " ").map(String.init)
            for place in stride(from: 0, to: versions.count, by: max(1, versions.count / 6)) {
                packages.append(Package(release: words[0], name: words[1], version: versions[place], advisories: []))
                for other in versions { pairs["\(versions[place]) \(other)"] = 0 }
            }
        }
        for (pair, order) in try orders(pairs.keys.sorted()) { pairs[pair] = order }
        return packages.map { package in
            var package = package
            for fix in plain["\(package.release) \(package.name)"] ?? []
            where pairs["\(package.version) \(fix.version)"] == -1 {
                package.advisories.insert(fix.advisory)
            }
            return package
        }
    }

    private func orders(_ pairs: [String]) throws -> [(String, Int)] {
        let file = folder.appendingPathComponent("pairs")
        try Data((pairs.joined(separator: "\n") + "\n").utf8).write(to: file)
        let program = """
            for line in io.lines('\(file.path)') do local space = line:find(' ') \
            io.write(rpm.vercmp(line:sub(1, space - 1), line:sub(space + 1)), ' ') end
            """
        let printed = try run([Self.rpm ?? "rpm", "--eval", "%{lua:\(program)}"]).split(whereSeparator: \.isWhitespace)
        try #require(printed.count == pairs.count, "rpm answers for every pair")
        return try zip(pairs, printed).map { ($0, try #require(Int($1))) }
    }

    private func run(_ words: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(words.prefix(1))")
        return String(decoding: data, as: UTF8.self)
    }
}
