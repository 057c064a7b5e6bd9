import FettleVersions

/// Orders of the languages' packages, by hand.
extension VersionCase {
    static let distributions = dpkg + rpm + apk
    static let languages = pep440 + semver + npm + go + maven + rubygems + nuget + packagist

    static let pep440 = list(
        .pep440,
        """
        1.0 = 1.0.0
        1.0 = v1
        1.0.dev1 < 1.0a1
        1.0a1 < 1.0a2.dev1
        1.0a2.dev1 < 1.0a2
        1.0a2 < 1.0a2.post1
        1.0a2 < 1.0b1
        1.0b1 < 1.0rc1
        1.0rc1 < 1.0
        1.0rc1 = 1.0.C-1
        1.0rc1 = 1.0preview1
        1.0 < 1.0+local
        1.0+local < 1.0+1
        1.0+a.1 = 1.0+A_1
        1.0+a < 1.0+a.0
        1.0+1 < 1.0.post1.dev1
        1.0.post1.dev1 < 1.0.post1
        1.0.post1 = 1.0-1
        1.0.post = 1.0.r0
        1.0.post1 < 1.0.1.dev1
        1!0.1 > 9999.9
        1.0a. = 1.0a0
        1.0adev1 < 1.0a0
        1.0.* < 0.dev0
        2004d < 0.1
        """)

    static let semver = list(
        .semver,
        """
        1.0.0-alpha < 1.0.0-alpha.1
        1.0.0-alpha.1 < 1.0.0-alpha.beta
        1.0.0-beta.2 < 1.0.0-beta.11
        1.0.0-rc.1 < 1.0.0
        1.0.0-2 < 1.0.0-a
        1.0.0-A < 1.0.0-a
        1.0.0-- > 1.0.0-1
        1.0.0+a = 1.0.0+b
        v1.0.0 = 1.0.0
        1.9.0 < 1.10.0
        1.0 = 1.0.0
        1.2.3.4 < 1.2.3.5
        99999999999999999999.0.0 < 100000000000000000000.0.0
        1.0.0-99999999999999999999 < 1.0.0-100000000000000000000
        """)

    static let npm = list(
        .npm,
        """
        v1.2.3 = 1.2.3
        =v1.2.3 = 1.2.3
        1.2.3beta < 1.2.3
        1.2.3-beta.2 < 1.2.3-beta.10
        1.2.3-4 < 1.2.3-4-foo
        """)

    static let go = list(
        .go,
        """
        v0.0.0-20191109021931-daa7c04131f5 < v0.0.0-20200101000000-000000000000
        v1.2.3-0.20200101000000-abcdefabcdef < v1.2.3
        v1.2.2 < v1.2.3-0.20200101000000-abcdefabcdef
        v2.0.0+incompatible = v2.0.0
        v1 = v1.0.0
        go1.20.3 < 1.20.10
        1.21.0-rc.2 < 1.21.0
        """)

    static let maven = list(
        .maven,
        """
        1-alpha-1 < 1-beta-1
        1-beta-1 < 1-milestone-1
        1-milestone-1 < 1-rc-1
        1-rc-1 = 1-cr-1
        1-rc-1 < 1-SNAPSHOT
        1-SNAPSHOT < 1
        1 = 1.0.0-final
        1 = 1-ga
        1 < 1-sp
        1-sp < 1-foo
        1-foo < 1-1
        1-1 < 1.1
        1a1 = 1-alpha-1
        1a < 1b
        1-a > 1
        1.0.RC2 < 1.0-RC3
        1.0-RC3 < 1.0.1
        2.0.0.Final = 2
        4.3.0.Beta1 < 4.3.0.Final-redhat-1
        1-1 > 1-ga-1
        1.foo.1 > 1-alpha
        20240131.1 < 99999999999999999999
        1.0.0-0.0.0 = 1
        1.0-1 = 1-1
        33.0.0-android < 33.0.0-jre
        """)

    static let rubygems = list(
        .rubygems,
        """
        1 = 1.0.0
        1.0.a < 1.0
        1.0.a = 1.a
        1.0.a9 < 1.0.a10
        1.0.a2 = 1.0.a.2
        1.0-1 = 1.0.pre.1
        1.0-1 < 1.0
        1.0.0.1 > 1.0.b
        1.a.0 = 1.a
        1.A < 1.a
        1.0.0.0.1 > 1.0.0.0
        """)

    static let nuget = list(
        .nuget,
        """
        1.0 = 1.0.0.0
        1.0.0.1 > 1.0.0
        1.01 = 1.1
        1.0.0-Beta = 1.0.0-beta
        1.0.0-beta.2 < 1.0.0-beta.10
        1.0.0-1 < 1.0.0-a
        1.0.0+a = 1.0.0+b
        1.0.0--5 < 1.0.0-0
        1.0.0-10000000000 < 1.0.0-9999999999
        1.0.0-5 < 1.0.0-10000000000
        1.0.0-beta < 1.0.0
        """)

    static let packagist = list(
        .packagist,
        """
        1.0 = v1.0.0.0
        1.0-dev < 1.0-alpha
        1.0-alpha < 1.0-beta
        1.0-b2 = 1.0.beta.2
        1.0-beta < 1.0-RC1
        1.0-RC1 < 1.0
        1.0 < 1.0-p1
        1.0pl1 = 1.0-patch1
        1.0-beta-dev < 1.0-beta
        1.0-stable = 1.0
        1.0+build = 1.0
        1.x-dev > 1.999
        1.x-dev < 2.0-dev
        1.x-dev = 1.*.X-dev
        dev-main < 0.0.1-dev
        dev-a < dev-b
        20240131 > 2.0
        2024-01-31 = 2024.01-31
        20240131 < 20240131.1
        """)
}
