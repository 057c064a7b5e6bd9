import FettleIndex
import FettleModel
import FettleVersions
import Foundation

/// What Debian's tracker says of one release: for each source the version that fixes each weakness.
struct Tracker {
    /// By source; `fixed` of a weakness that is open is nil.
    var sources: [String: [(id: String, fixed: String?)]] = [:]

    init(_ path: String) throws {
        struct Entry: Decodable {
            struct Release: Decodable {
                var status: String
                var fixedVersion: String?

                enum CodingKeys: String, CodingKey {
                    case status
                    case fixedVersion = "fixed_version"
                }
            }
            var releases: [String: Release]
        }
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        for (source, entries) in try JSONDecoder().decode([String: [String: Entry]].self, from: data) {
            for (id, entry) in entries {
                guard let release = entry.releases["bookworm"], release.fixedVersion != "0" else { continue }
                sources[source, default: []].append((id, release.status == "resolved" ? release.fixedVersion : nil))
            }
            sources[source]?.sort { $0.id < $1.id }
        }
    }

    /// The versions that it names of a source, oldest first, at most the 24 newest.
    func versions(of source: String) -> [String] {
        let named = Set((sources[source] ?? []).compactMap(\.fixed)).sorted()
        return Array(VersionOrder(.dpkg).sorted(named).suffix(24))
    }

    func compile(to path: String, _ ecosystem: Ecosystem) throws -> FeedCatalogue {
        var affected: [String: [AffectedPackage]] = [:]
        for (source, entries) in sources {
            for entry in entries {
                let package = entry.fixed.map { AffectedPackage.below($0, of: source, in: ecosystem) }
                affected[entry.id, default: []].append(
                    package
                        ?? AffectedPackage(
                            ecosystem: ecosystem, name: source, intervals: [VersionInterval(lower: nil, upper: nil)]))
            }
        }
        let builder = try AdvisoryIndexBuilder(path: path)
        let feed = builder.begin(.init(format: "debian", origin: "tracker-derived.json"), authority: 5)
        for (id, packages) in affected.sorted(by: { $0.key < $1.key }) {
            try builder.add(AdvisoryRecord(id: id, affected: packages.sorted { $0.name < $1.name }), feed: feed)
        }
        return try builder.finish(builtAt: Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)))
    }
}
