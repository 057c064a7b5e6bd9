import FettleVersions
import Foundation
import Testing

/// What makes an order an order, over versions from a seed. A seed that fails once belongs into the list for good.
@Suite("Version orders, properties")
struct PropertyTests {
    static let seeds: [UInt64] = isLong ? [1, 2, 3, 5, 8, 13, 0xFE77_1E00, 0xDEAD_BEEF] + Array(100..<140) : [1, 2]
    private static let isLong = ProcessInfo.processInfo.environment["FETTLE_TEST_LONG"] == "1"

    @Test("Reflexive and antisymmetric", arguments: VersionScheme.allCases, seeds)
    func antisymmetry(_ scheme: VersionScheme, _ seed: UInt64) {
        var generator = VersionGenerator(seed: seed)
        let versions = generator.family(scheme, count: 120)
        for left in versions {
            #expect(scheme.compare(left, left) == .equal, "\(left)")
            for right in versions {
                let forwards = scheme.compare(left, right)
                let backwards = scheme.compare(right, left)
                if forwards != backwards.reversed { Issue.record("\(left) and \(right): \(forwards), \(backwards)") }
            }
        }
    }

    @Test("Transitive: sorted, every pair stands as the order says", arguments: VersionScheme.allCases, seeds)
    func transitivity(_ scheme: VersionScheme, _ seed: UInt64) {
        var generator = VersionGenerator(seed: seed)
        let versions = generator.family(scheme, count: 120)
        // In an order, the neighbours in a sorted list decide for all pairs; a cycle of three anywhere among the
        // versions shows as a pair that stands the wrong way round.
        let sorted = versions.sorted { scheme.compare($0, $1) == .less }
        var ranks = [Int](repeating: 0, count: sorted.count)
        for index in sorted.indices.dropFirst() {
            let isAbove = scheme.compare(sorted[index - 1], sorted[index]) == .less
            ranks[index] = ranks[index - 1] + (isAbove ? 1 : 0)
        }
        #expect((ranks.last ?? 0) > 20, "so few classes would prove little")
        for left in sorted.indices {
            for right in sorted.indices {
                let expected: VersionOrdering =
                    ranks[left] < ranks[right] ? .less : ranks[left] > ranks[right] ? .greater : .equal
                let found = scheme.compare(sorted[left], sorted[right])
                if found != expected {
                    Issue.record("\(sorted[left]) and \(sorted[right]): \(found), by the others \(expected)")
                }
            }
        }
    }

    @Test("Plausible versions are valid ones", arguments: VersionScheme.allCases, seeds)
    func plausibleIsValid(_ scheme: VersionScheme, _ seed: UInt64) {
        var generator = VersionGenerator(seed: seed)
        for _ in 0..<200 {
            let version = generator.plausible(scheme)
            #expect(scheme.isValid(version), "\(version)")
        }
    }

    @Test("Parsing hostile text ends, and what parses as dpkg is put together again", arguments: seeds)
    func parsingIsTotal(_ seed: UInt64) {
        var generator = VersionGenerator(seed: seed)
        for version in generator.family(.dpkg, count: 400) {
            let text = String(decoding: version, as: UTF8.self)
            if let parsed = DpkgVersion(text) {
                #expect(VersionScheme.dpkg.compare("\(parsed.epoch):\(parsed.withoutEpoch)", text) == .equal)
            }
            let evr = RpmVersion(text)
            let release = evr.release.map { "-\($0)" } ?? ""
            let epoch = evr.epoch.map { "\($0):" } ?? ""
            #expect(epoch + evr.version + release == text)
            #expect(VersionScheme.rpm.compare(evr.description, text) == .equal, "\(version)")
            _ = RpmPackageName(text)
            _ = ApkVersion.isValid(text)
        }
    }
}
