import FettleVersions

extension VersionGenerator {
    /// A version such as packages of this scheme really have.
    mutating func plausible(_ scheme: VersionScheme) -> String {
        switch scheme {
        case .dpkg:
            epoch() + numbers(["0", "1", "2", "10", "09"])
                + pick(["", "", "a", "~rc1", "~", "+dfsg", "+git2", "-3"])
                + pick(["", "-1", "-2", "-10", "-0", "-1+b1", "-1~deb12u1", "-1+deb12u1", "-1ubuntu2"])
        case .rpm:
            epoch() + numbers(["0", "1", "2", "10", "09"])
                + pick(["", "", "k", "~rc1", "~", "^git1", "^", "_2", "^1~pre"])
                + pick(["", "-1", "-2", "-10", "-1.el9", "-1.el9_4", "-1.el9_4.1", "-1.fc40"])
        case .apk:
            numbers(["0", "1", "2", "10", "09"]) + pick(["", "", "a", "b"])
                + pick(["", "_rc1", "_alpha", "_p1", "_git20240101", "_p1_alpha2", "_rc", "_cvs", "_hg3"])
                + pick(["", "", "~0a", "~ff"]) + pick(["", "-r0", "-r1", "-r10", "-r01"])
        case .pep440: pythonVersion()
        case .semver: semanticVersion()
        case .npm, .go: pick(["", "v"]) + semanticVersion()
        case .maven: mavenVersion()
        case .rubygems:
            numbers(["0", "1", "2", "10"]) + pick(["", ".rc1", ".pre.2", ".beta", ".a.0", "-x86", "-1", ".A"])
                + pick(["", "", ".1", ".0", ".b2"])
        case .nuget:
            pick(["1", "2", "1.0", "1.01", "1.2.3", "1.2.3.0", "1.2.3.4", "0.0.0.1"])
                + pick(["", "-alpha", "-Beta.1", "-beta.10", "-rc.20240131120000", "--5", "-9999999999", "-a-b"])
                + pick(["", "", "+build", "+001"])
        case .packagist: composerVersion()
        }
    }

    private mutating func epoch() -> String {
        pick(["", "", "", "0:", "1:", "2:"])
    }

    private mutating func numbers(_ first: [String]) -> String {
        var numbers = pick(first)
        for _ in 0..<number(below: 4) { numbers += "." + pick(["0", "1", "9", "10", "01", "00", "20240101"]) }
        return numbers
    }

    private mutating func pythonVersion() -> String {
        pick(["", "", "", "v", "1!"]) + numbers(["0", "1", "2", "10"])
            + pick(["", "", "a1", "b", ".rc2", "-alpha_1", "c1", "PRE3"])
            + pick(["", "", ".post1", "-1", ".rev", "r2"]) + pick(["", "", ".dev0", "dev", "-DEV2"])
            + pick(["", "", "+local", "+ubuntu.1", "+1_a", "+LOCAL"])
    }

    private mutating func semanticVersion() -> String {
        let numbers = (0..<3).map { _ in pick(["0", "1", "2", "10"]) }
        return numbers.joined(separator: ".")
            + pick(["", "-alpha", "-alpha.1", "-rc.10", "-0", "-a-b.c", "-0.20240131120000-abcdef012345", "-A", "--"])
            + pick(["", "", "+build.1", "+incompatible", "+001"])
    }

    private mutating func mavenVersion() -> String {
        let words = [
            "alpha", "beta-2", "m3", "rc1", "cr", "SNAPSHOT", "ga", "Final", "RELEASE", "sp", "sp2", "foo", "redhat-1",
            "jre", "a1", "x", "0", "1", "0.0", "01",
        ]
        var version = numbers(["0", "1", "2", "10"])
        for _ in 0..<number(below: 3) { version += pick(["-", "."]) + pick(words) }
        return version
    }

    private mutating func composerVersion() -> String {
        let plain = pick(["", "", "v", "V"]) + pick(["1", "0", "10.2", "1.0", "1.0.0", "1.2.3.4", "2.01"])
        return switch number(below: 5) {
        case 0:
            pick(["dev-main", "dev-fix/1", "master", "1.x-dev", "2.1.x-dev", "1.*-dev", "20240131", "2024-01-31.1"])
        case 1: plain + pick(["+build", "-dev", ".dev", "stable", "-STABLE"])
        default: plain + pick(["", "-alpha", "b2", "-RC1", ".rc.2", "-p1", "-patch2.1", "pl3", "-beta-dev", "_a1"])
        }
    }
}
