import FettleVersions
import Testing

@Suite("Ranges of versions")
struct RangeTests {
    @Test("OSV: introduced, fixed, last affected, limit")
    func osv() throws {
        let range = try OSVRange(
            .semver,
            events: [.fixed("1.2.0"), .introduced("0"), .introduced("2.0.0"), .lastAffected("2.5.0")])
        let held = ["0.0.0-0", "1.1.9", "2.0.0", "2.5.0"]
        let free = ["1.2.0", "1.9.9", "2.0.0-rc.1", "2.5.1"]
        #expect(held.allSatisfy(range.contains))
        #expect(!free.contains(where: range.contains))
        #expect(range.intervals.count == 2)
        #expect(range.intervals[0] == VersionInterval(lower: nil, upper: VersionBound("1.2.0", isInclusive: false)))
    }

    @Test("OSV: introduced only is unfixed; a limit cuts off; the star is no limit")
    func osvLimits() throws {
        let open = try OSVRange(.dpkg, events: [.introduced("1.0")])
        #expect(open.contains("99:1"))
        #expect(!open.contains("1.0~rc1"))
        let limited = try OSVRange(.dpkg, events: [.introduced("0"), .limit("2.0"), .limit("1.0")])
        #expect(limited.contains("1.5"))
        #expect(!limited.contains("2.0"))
        let unlimited = try OSVRange(.dpkg, events: [.introduced("0"), .limit("2.0"), .limit("*")])
        #expect(unlimited.contains("2.0"))
        let touching = try OSVRange(
            .semver, events: [.introduced("1.0.0"), .fixed("2.0.0"), .introduced("2.0.0"), .fixed("3.0.0")])
        #expect(touching.contains("2.0.0"))
    }

    @Test("OSV: intervals answer as the schema's own evaluation of events does", arguments: [1, 2, 3] as [UInt64])
    func osvAgainstEvaluation(_ seed: UInt64) throws {
        var generator = VersionGenerator(seed: seed)
        for _ in 0..<300 {
            var events: [OSVEvent] = [.introduced(generator.pick(["0", "1.0.0", "2.0.0"]))]
            for _ in 0..<generator.number(below: 5) {
                let version = "\(generator.number(below: 4)).\(generator.number(below: 2)).0"
                switch generator.number(below: 4) {
                case 0: events.append(.introduced(version))
                case 1: events.append(.fixed(version))
                case 2: events.append(.lastAffected(version))
                default: events.append(.limit(version))
                }
            }
            let range = try OSVRange(.semver, events: events)
            for version in ["0.0.0", "0.1.0", "1.0.0", "1.0.1", "1.1.0", "2.0.0", "2.1.0", "3.0.0", "3.1.0", "4.0.0"]
            where range.contains(version) != Self.evaluate(events, version) {
                Issue.record("\(events) and \(version)")
            }
        }
    }

    /// https://ossf.github.io/osv-schema/#evaluation, line by line.
    private static func evaluate(_ events: [OSVEvent], _ version: String) -> Bool {
        let scheme = VersionScheme.semver
        let limits = events.compactMap { if case .limit(let version) = $0 { version } else { nil } }
        guard limits.isEmpty || limits.contains(where: { scheme.compare(version, $0) == .less }) else { return false }
        let sorted = events.enumerated().sorted { left, right in
            if left.element == .introduced("0") || right.element == .introduced("0") {
                return left.element == .introduced("0")
                    && (right.element != .introduced("0") || left.offset < right.offset)
            }
            let order = scheme.compare(left.element.version, right.element.version)
            return order == .less || (order == .equal && left.offset < right.offset)
        }
        var isAffected = false
        for (_, event) in sorted {
            switch event {
            case .introduced("0"): isAffected = true
            case .introduced(let start): if scheme.compare(version, start) != .less { isAffected = true }
            case .fixed(let end): if scheme.compare(version, end) != .less { isAffected = false }
            case .lastAffected(let last): if scheme.compare(version, last) == .greater { isAffected = false }
            case .limit: break
            }
        }
        return isAffected
    }

    @Test("A listed version wins, each range is judged by itself")
    func affectedVersions() throws {
        let affected = try AffectedVersions(
            .pep440, enumerated: ["3.0", "1.0"],
            ranges: [
                OSVRange(.pep440, events: [.introduced("0"), .fixed("0.5")]),
                OSVRange(.pep440, events: [.introduced("0"), .fixed("0.9")]),
            ])
        #expect(affected.match("1.0.0") == .enumerated)
        #expect(affected.match("0.4") == .range(0))
        #expect(affected.match("0.7") == .range(1))
        #expect(affected.match("2.0") == nil)
        #expect(affected.enumerated == ["1.0", "3.0"])
    }

    @Test(
        "npm",
        arguments: [
            ("^1.2.3", "1.9.0", true), ("^1.2.3", "2.0.0-rc.1", false), ("^0.2.3", "0.3.0", false),
            ("^0.0.3", "0.0.4", false), ("^0.x", "0.9.9", true), ("~1.2", "1.2.9", true), ("~1.2.3", "1.3.0", false),
            ("~>1", "1.9.0", true), ("1.x", "1.0.0", true), ("1.2.*", "1.3.0", false), ("*", "1.0.0-rc.1", false),
            ("", "1.0.0", true), ("1.2 - 2.3", "2.3.9", true), ("1.2.3 - 2.3.4", "2.3.5", false),
            (">=1.0.0 <2 || 3.0.0", "3.0.0", true), (">= 1.0.0 < 2", "2.0.0-0", false), (">1.2", "1.2.9", false),
            ("<=1.2", "1.2.9", true), (">1.2.3-alpha.3", "1.2.3-alpha.7", true),
            (">1.2.3-alpha.3", "3.4.5-alpha.9", false), ("* || 1.2.3-beta", "1.2.3-beta", false),
            (">*", "1.0.0", false),
            ("=v1.2.3", "v1.2.3+build", true), ("<1", "not.a.version", false),
        ])
    func npm(_ range: String, _ version: String, _ isHeld: Bool) throws {
        #expect(try NpmRange(range).contains(version) == isHeld)
    }

    @Test(
        "npm refuses, and says where",
        arguments: [("1.2.3.4", 5), (">", 1), ("1 - ", 4), ("^1.2.3-", 6), ("01", 0), ("1 |2", 2), ("1.2.3-01", 5)])
    func npmRefuses(_ range: String, _ place: Int) {
        let error = #expect(throws: VersionRangeError.self) { try NpmRange(range) }
        #expect(error?.place == place)
    }

    @Test(
        "PEP 440",
        arguments: [
            ("==1.0", "1.0.0+local", true), ("==1.0+local", "1.0", false), ("==1.1.*", "1.1a1", true),
            ("!=1.1.*", "1.1.post1", false), ("~=2.2", "2.9", true), ("~=2.2.0", "2.3", false),
            ("<1.0", "1.0rc1", false),
            ("<1.0rc2", "1.0rc1", true), (">1.0", "1.0.post1", false), (">1.0", "1.0+local", false),
            (">1.0.post1", "1.0.post2", true), ("<1.0.post1", "1.0.post1.dev0", false), ("<=1.0", "1.0+local", true),
            (">=1.0,!=1.3,<2", "1.3.0", false), ("===foo", "FOO", true), ("===1.0", "1.0.0", false), ("", "1.0", true),
            (">=1", "not a version", false), ("==1!1.*", "1.5", false),
        ])
    func pep440(_ specifiers: String, _ version: String, _ isHeld: Bool) throws {
        #expect(try Pep440Specifiers(specifiers).contains(version) == isHeld)
    }

    @Test("PEP 440: pre-releases count where one is named, always, or never")
    func pep440Prereleases() throws {
        let plain = try Pep440Specifiers(">=1.0")
        #expect(!plain.contains("2.0rc1", prereleases: .whereNamed))
        #expect(plain.contains("2.0rc1", prereleases: .always))
        let named = try Pep440Specifiers(">=1.0rc1")
        #expect(named.contains("2.0rc1", prereleases: .whereNamed))
        #expect(!named.contains("2.0rc1", prereleases: .never))
    }

    @Test(
        "PEP 440 refuses, and says where",
        arguments: [("1.0", 0), (">=1,~=2", 4), (">=1.0.*", 0), ("<1.0+local", 0), ("==1.0a1.*", 0), ("=>1", 0)])
    func pep440Refuses(_ specifiers: String, _ place: Int) {
        let error = #expect(throws: VersionRangeError.self) { try Pep440Specifiers(specifiers) }
        #expect(error?.place == place)
    }

    @Test(
        "Maven",
        arguments: [
            ("[1,2)", "2-alpha", true), ("[1,2)", "2.0", false), ("(,1.0]", "1.0.0", true), ("[1.5]", "1.5.0", true),
            ("(,1.0],[1.2,)", "1.1", false), ("(,1.0],[1.2,)", "1.3", true), ("1.0", "0.5", true),
            ("(1,2)", "1-sp", true),
        ])
    func maven(_ range: String, _ version: String, _ isHeld: Bool) throws {
        #expect(try MavenRange(range).contains(version) == isHeld)
    }

    @Test(
        "Maven refuses, and says where",
        arguments: [("[1,2", 0), ("(1.0)", 0), ("[2,1]", 0), ("[1,3],[2,4]", 6), ("[1,2],3", 6), ("", 0)])
    func mavenRefuses(_ range: String, _ place: Int) {
        let error = #expect(throws: VersionRangeError.self) { try MavenRange(range) }
        #expect(error?.place == place)
    }

    @Test("What is too large is refused before it is read")
    func limits() {
        let long = String(repeating: "1 || ", count: 10_000)
        #expect(throws: VersionRangeError.self) { try NpmRange(long) }
        #expect(throws: VersionRangeError.self) { try Pep440Specifiers(long) }
        #expect(throws: VersionRangeError.self) { try MavenRange(long) }
        let events = [OSVEvent](repeating: .introduced("1"), count: VersionRangeLimits.events + 1)
        #expect(throws: VersionRangeError.self) { try OSVRange(.dpkg, events: events) }
        #expect(throws: VersionRangeError.self) { try OSVRange(.dpkg, events: [.fixed("1")]) }
        #expect(throws: VersionRangeError.self) { try OSVRange(.dpkg, events: [.introduced("")]) }
    }

    @Test("Hostile text ends in a range or an error", arguments: [1, 2] as [UInt64])
    func hostile(_ seed: UInt64) {
        var generator = VersionGenerator(seed: seed, alphabet: Array("0129.x*-+~^<>=!|,[]() va".utf8))
        for _ in 0..<3_000 {
            let text = String(decoding: generator.noise() + generator.noise(), as: UTF8.self)
            _ = try? NpmRange(text).contains("1.2.3-0")
            _ = try? Pep440Specifiers(text).contains("1.2.3rc0")
            _ = try? MavenRange(text).contains("1.2.3-0")
        }
    }
}
