import FettleVersions
import Testing

@Suite("Version orders, cases by hand")
struct OrderTests {
    @Test("A case holds in both directions", arguments: VersionCase.distributions + VersionCase.languages)
    func caseHolds(_ versionCase: VersionCase) {
        let scheme = versionCase.scheme
        #expect(scheme.compare(versionCase.left, versionCase.right) == versionCase.expected)
        #expect(scheme.compare(versionCase.right, versionCase.left) == versionCase.expected.reversed)
    }

    @Test("Every line of the lists by hand is a case: a typing error can't drop one in silence")
    func listsAreWhole() {
        #expect(VersionCase.dpkg.count == 44)
        #expect(VersionCase.rpm.count == 40)
        #expect(VersionCase.apk.count == 44)
        #expect(VersionCase.pep440.count == 25)
        #expect(VersionCase.semver.count == 14)
        #expect(VersionCase.npm.count == 5)
        #expect(VersionCase.go.count == 7)
        #expect(VersionCase.maven.count == 25)
        #expect(VersionCase.rubygems.count == 11)
        #expect(VersionCase.nuget.count == 11)
        #expect(VersionCase.packagist.count == 19)
    }

    @Test("Empty text and single bytes compare in every scheme", arguments: VersionScheme.allCases)
    func everyPairOfShortBytesIsConsistent(_ scheme: VersionScheme) {
        var texts: [[UInt8]] = [[]]
        for byte in UInt8.min...UInt8.max { texts.append([byte]) }
        for left in texts {
            for right in texts {
                let forwards = scheme.compare(left, right)
                let backwards = scheme.compare(right, left)
                if forwards != backwards.reversed { Issue.record("\(left) and \(right): \(forwards), \(backwards)") }
            }
        }
        #expect(scheme.compare("", "") == .equal)
        #expect(scheme.compare("", "1") == .less)
        #expect(scheme.compare("", "0") != .greater)
    }

    @Test("Strings, substrings and bytes give one answer", arguments: VersionCase.dpkg + VersionCase.rpm)
    func formsAgree(_ versionCase: VersionCase) {
        let scheme = versionCase.scheme
        let line = "version=\(versionCase.left);\(versionCase.right);"
        let parts = line.dropFirst("version=".count).split(separator: ";")
        #expect(scheme.compare(parts[0], parts[1]) == versionCase.expected)
        let left = Array(versionCase.left.utf8)
        let right = Array(versionCase.right.utf8)
        #expect(scheme.compare(left, right) == versionCase.expected)
    }

    @Test("A hundred thousand digits or tildes are compared, not overflowed", arguments: VersionScheme.allCases)
    func hugeVersions(_ scheme: VersionScheme) {
        let digits = String(repeating: "9", count: 100_000)
        #expect(scheme.compare(digits, digits + "9") == .less)
        #expect(scheme.compare(digits + "8", digits + "9") == .less)
        #expect(scheme.compare("1." + digits, "1." + digits) == .equal)
        let zeros = String(repeating: ".0", count: 50_000)
        #expect(scheme.compare("1" + zeros + ".1", "1" + zeros + ".1") == .equal)
        #expect(scheme.compare("1" + zeros + ".1", "1" + zeros + ".2") == .less)
        let hyphens = "1" + String(repeating: "-", count: 100_000)
        #expect(scheme.compare(hyphens, hyphens + "1") == scheme.compare(hyphens + "1", hyphens).reversed)
    }

    @Test("A hundred thousand tildes, each below the text without it", arguments: [VersionScheme.dpkg, .rpm])
    func manyTildes(_ scheme: VersionScheme) {
        let tildes = "1" + String(repeating: "~", count: 100_000)
        #expect(scheme.compare(tildes, "1") == .less)
    }

    @Test("A scheme is named in files by its raw value")
    func names() {
        #expect(
            VersionScheme.allCases.map(\.rawValue) == [
                "dpkg", "rpm", "apk", "pep440", "semver", "npm", "maven", "rubygems", "nuget", "packagist", "go",
            ])
    }
}

@Suite("Sorting, picking, ranking")
struct VersionOrderTests {
    @Test("Sorting is oldest first and keeps the order of equals")
    func sorting() {
        let sorted = VersionOrder(.dpkg).sorted(["1.10", "1.0-0", "1:0", "1.9", "1.0", "1.0~rc1"])
        #expect(sorted == ["1.0~rc1", "1.0-0", "1.0", "1.9", "1.10", "1:0"])
    }

    @Test("The newest is picked; of equals the first; of nothing none")
    func newest() {
        let order = VersionOrder(.rpm)
        #expect(order.newest(of: ["1.9-1", "1.10-1", "0:1.10-1"]) == "1.10-1")
        #expect(order.newest(of: []) == nil)
    }

    @Test("Ranks have no gaps, and equal versions share one")
    func ranks() {
        let versions = ["2.0", "1.0~rc1", "1.0", "1.0-0", "2.0"]
        #expect(VersionOrder(.dpkg).ranks(of: versions) == [2, 0, 1, 1, 2])
        #expect(VersionOrder(.apk).ranks(of: []) == [])
    }

    @Test("A ranking places versions that it holds, and versions between", arguments: VersionScheme.allCases)
    func ranking(_ scheme: VersionScheme) {
        var generator = VersionGenerator(seed: 11)
        let versions = (0..<300).map { _ in generator.plausible(scheme) }
        let ranking = VersionRanking(scheme, versions)
        #expect(Set(ranking.ranks) == Set(0..<UInt32(ranking.rankCount)))
        for (version, rank) in zip(versions, ranking.ranks) {
            let place = ranking.place(of: version)
            #expect(place.below == Int(rank) && place.isRanked)
        }
        for _ in 0..<100 {
            let other = generator.plausible(scheme)
            let older = zip(versions, ranking.ranks).filter { scheme.compare($0.0, other) == .less }.map(\.1)
            #expect(ranking.place(of: other).below == Set(older).count)
        }
        #expect(VersionRanking(scheme, []).rankCount == 0)
    }
}
