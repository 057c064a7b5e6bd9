import FettleVersions
import Testing

/// A statement about two versions, in the form of the case files: `1.0~rc1 < 1.0`.
struct VersionCase: Sendable, CustomTestStringConvertible {
    let scheme: VersionScheme
    let left: String
    let expected: VersionOrdering
    let right: String

    /// Nil where the line is empty, a comment (`#` or `//`), or not `left relation right`.
    init?(_ scheme: VersionScheme, _ line: Substring) {
        let words = line.split(separator: " ").map(String.init)
        guard words.count == 3, !words[0].hasPrefix("#"), !words[0].hasPrefix("//"),
            let expected = Self.relations[words[1]]
        else { return nil }
        self.scheme = scheme
        left = words[0]
        self.expected = expected
        right = words[2]
    }

    static let relations: [String: VersionOrdering] = ["<": .less, "=": .equal, ">": .greater]

    var testDescription: String {
        let relation = Self.relations.first { $0.value == expected }?.key ?? "?"
        return "\(scheme.rawValue): \(left) \(relation) \(right)"
    }

    static func list(_ scheme: VersionScheme, _ lines: String) -> [VersionCase] {
        lines.split(whereSeparator: \.isNewline).compactMap { VersionCase(scheme, $0) }
    }

    static let dpkg = list(
        .dpkg,
        """
        1.0 = 1.0
        1.0 = 0:1.0
        1.0 = 1.0-0
        1.0 = 1.0-000
        1.0 = 00:1.0-0
        1.0 < 1:0.1
        1:9 < 2:1
        9:1 < 10:1
        99999999999999999999:1 < 100000000000000000000:1
        1.9 < 1.10
        1.01 = 1.1
        1.0.0 > 1.0
        1.0a > 1.0
        1.0a < 1.0b
        1.0Z < 1.0a
        1.0a < 1.0+
        1.0+ < 1.0.
        1.0+ > 1.0-
        1.0- = 1.0
        1.0~rc1 < 1.0
        1.0~~ < 1.0~
        1.0~ < 1.0
        1.0~~a < 1.0~
        1.0~rc1-1 < 1.0-1
        590-2.1~deb12u2 < 590-2.1
        3.0.20-1~deb12u2 < 3.0.22-1~deb12u1
        1.2.3-1~deb12u1 < 1.2.3-1
        1.2.3-1+deb12u1 > 1.2.3-1
        1.2.3-1+deb12u1 > 1.2.3-1+b1
        1.2.3-1+b1 > 1.2.3-1
        1.2-3-4 > 1.2-3-3
        1.2-3-4 > 1.2-2-9
        1.2-3 < 1.2-3-4
        1:2:3-1 > 1:2:2-9
        18446744073709551616 > 18446744073709551615
        1.18446744073709551616 < 1.18446744073709551617
        10000000000000000000000000000000000000000 > 9999999999999999999999999999999999999999
        2024a-0+deb12u1 < 2024b-0+deb12u1
        5.36.0-7+deb12u1 < 5.36.0-7+deb12u2
        6.1.90-1 < 6.1.112-1
        7.0.0~20240101 < 7.0.0
        abc < abd
        1.0-1ubuntu1 > 1.0-1
        1.0-1ubuntu1 < 1.0-1+deb12u1
        """)

    static let rpm = list(
        .rpm,
        """
        1.0-1 = 1.0-1
        1.0-1 = 0:1.0-1
        1.0-1 = 00:1.0-1
        1.0-1 = :1.0-1
        1.0-1 < 1:0.1-1
        1:1.1.1k-12.el8_9 > 1.1.1k-14.el8_9
        9:1 < 10:1
        a:1 < b:1
        1.9 < 1.10
        1.010 = 1.10
        1.0.0 > 1.0
        1.0 = 1_0
        1.0 = 1.0.
        1.0 < 1.0a
        1.a < 1.1
        1.0~rc1 < 1.0
        1.0~rc1 < 1.0~rc2
        1.0~~ < 1.0~
        1.0~ < 1.0
        1.0^ > 1.0
        1.0^git1 > 1.0
        1.0^git1 < 1.0.1
        1.0^git1 < 1.01
        1.0^git1~pre < 1.0^git1
        1.0~rc1^git1 > 1.0~rc1
        1.0~rc1^git1 < 1.0
        1.0^^ > 1.0^
        1.0 < 1.0-1
        1.0 < 1.0-
        1.0- < 1.0-1
        1.0-1 < 1.0-1.el9
        1.0-2.el9 < 1.0-10.el9
        1.0-1.el8 < 1.0-1.el9
        1.0-1.el9 < 1.0-1.el9_4
        1.0-1.el9_4 < 1.0-1.el9_4.1
        5.14.0-362.8.1.el9_3 < 5.14.0-427.13.1.el9_4
        1.0-3-1 > 1.0-2-9
        1.18446744073709551616 > 1.18446744073709551615
        1.α = 1.β
        1.α < 1.a
        """)

    static let apk = list(
        .apk,
        """
        1.0 = 1.0
        1.0-r0 > 1.0
        1.0-r9 < 1.0-r10
        1.0-r1 = 1.0-r01
        1.9 < 1.10
        01.1 = 1.1
        1.02 < 1.1
        1.010 < 1.02
        1.0 < 1.00
        1.0 < 1.0.0
        1.0 < 1.0a
        1.0a < 1.0b
        1.0a < 1.0.1
        1.0_alpha < 1.0_beta
        1.0_beta < 1.0_pre
        1.0_pre < 1.0_rc
        1.0_rc9 < 1.0_rc10
        1.0_rc1 < 1.0
        1.0_rc1-r9 < 1.0-r0
        1.0 < 1.0_cvs
        1.0_cvs < 1.0_svn
        1.0_svn < 1.0_git
        1.0_git < 1.0_hg
        1.0_hg < 1.0_p
        1.0_p1 < 1.0a
        1.0_p1_alpha1 < 1.0_p1
        1.0_p1_p1 > 1.0_p1
        1.0_git20240101 < 1.0_git20240102
        1.0~ab < 1.0~ac
        1.0~ab > 1.0-r1
        1.0~ab < 1.0_p1
        1.0~ab-r1 < 1.0~ab-r2
        3.1.4-r5 < 3.1.4-r6
        3.1.4-r5 < 3.1.5-r0
        9.6_p1-r0 < 9.7_p1-r4
        1.36.1-r29 > 1.36.1-r2
        6.6.2p1 < 6.6.2p2
        6.6.2p1 > 6.6.2_p1
        1.0_blah < 1.0
        1.0_blah = 1.0_bloh
        1.0_rc1 < 1.0_blah
        1.0A = 1.0B
        18446744073709551616 > 18446744073709551615
        1.0-r18446744073709551616 > 1.0-r0
        """)
}
