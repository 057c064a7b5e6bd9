import FettleModel
import Foundation

/// The Debian Security Tracker's JSON: source package -> CVE -> release -> status.
/// Source: https://security-tracker.debian.org/tracker/data/json
enum DebianTracker {
    struct Issue: Sendable, Equatable {
        var advisory: String
        /// `bookworm` ...
        var release: String
        var status: Status
    }

    enum Status: Sendable, Equatable {
        case fixed(in: String)
        /// Open, whatever was decided about it: `nodsa`, `ignored` and `postponed` are still open.
        case open
    }

    struct Parsed {
        var issues: [String: [Issue]]
        var feed: FeedCoverage.Feed
    }

    /// Told from other JSON by its first object's shape, without reading all of it.
    static func recognises(_ data: Data) -> Bool {
        guard data.first(where: { !isSpace($0) }) == UInt8(ascii: "{") else { return false }
        return data.prefix(65_536).firstRange(of: Data(#""releases""#.utf8)) != nil
    }

    static func parse(_ data: Data, name: String) throws(FeedError) -> Parsed {
        let sources: [String: Lenient<[String: Lenient<Record>]>]
        do {
            sources = try JSONDecoder().decode([String: Lenient<[String: Lenient<Record>]>].self, from: data)
        } catch {
            throw FeedError(feed: name, message: "is no JSON of the Debian Security Tracker: \(error)")
        }
        var issues: [String: [Issue]] = [:]
        var skipped: [String] = []
        var count = 0
        for (source, records) in sources {
            guard let records = records.value else {
                skipped.append(source)
                continue
            }
            for (advisory, record) in records {
                guard let record = record.value else {
                    skipped.append("\(source) \(advisory)")
                    continue
                }
                for (release, state) in record.releases {
                    count += 1
                    guard let status = state.status(of: &skipped, name: "\(source) \(advisory) \(release)") else {
                        continue
                    }
                    issues[source, default: []].append(Issue(advisory: advisory, release: release, status: status))
                }
            }
        }
        let feed = FeedCoverage.Feed(
            name: name, kind: .advisories, publishedAt: nil, records: count, skipped: skipped.sorted())
        return Parsed(issues: issues, feed: feed)
    }

    private struct Record: Decodable {
        var releases: [String: State]
    }

    private struct State: Decodable {
        var status: String
        var fixedVersion: String?

        enum CodingKeys: String, CodingKey {
            case status
            case fixedVersion = "fixed_version"
        }

        /// nil: nobody is affected, or it is not known whether anybody is.
        func status(of skipped: inout [String], name: String) -> Status? {
            switch (status, fixedVersion) {
            case ("open", _): return .open
            // "0" says that this release never had it.
            case ("resolved", "0"), ("undetermined", _): return nil
            case ("resolved", .some(let version)): return .fixed(in: version)
            default:
                skipped.append(name)
                return nil
            }
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
}
