import FettleVersions
import Foundation

/// Ranges and orders of versions: the first line is a range, the others are versions.
enum RangesTarget {
    @Sendable
    static func run(_ bytes: Data) {
        let lines = bytes.split(separator: 0x0A, maxSplits: 8, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard let range = lines.first else { return }
        let versions = Array(lines.dropFirst())
        let npm = try? NpmRange(range)
        let maven = try? MavenRange(range)
        let python = try? Pep440Specifiers(range)
        for version in versions {
            _ = npm?.contains(version)
            _ = maven?.contains(version)
            for rule in [Pep440Specifiers.Prereleases.whereNamed, .always, .never] {
                _ = python?.contains(version, prereleases: rule)
            }
        }
        for scheme in VersionScheme.allCases {
            check(versions, scheme)
            osv(range, versions, scheme)
        }
    }

    /// An order is one only if both ways agree and a version equals itself.
    private static func check(_ versions: [String], _ scheme: VersionScheme) {
        for left in versions {
            _ = scheme.isValid(left)
            precondition(scheme.compare(left, left) == .equal, "\(scheme): a version is not equal to itself")
            for right in versions {
                let (there, back) = (scheme.compare(left, right), scheme.compare(right, left))
                precondition((there == .less) == (back == .greater), "\(scheme): an order that is none")
            }
        }
    }

    private static func osv(_ range: String, _ versions: [String], _ scheme: VersionScheme) {
        let events = range.split(separator: ",").prefix(64).map { part -> OSVEvent in
            let text = String(part.dropFirst())
            return switch part.utf8.first ?? 0 {
            case 0x2B: .introduced(text)
            case 0x2D: .fixed(text)
            case 0x3D: .lastAffected(text)
            default: .limit(text)
            }
        }
        guard let range = try? OSVRange(scheme, events: events),
            let affected = try? AffectedVersions(scheme, enumerated: versions, ranges: [range])
        else { return }
        for version in versions { precondition(affected.match(version) == .enumerated, "a listed version isn't found") }
    }
}
