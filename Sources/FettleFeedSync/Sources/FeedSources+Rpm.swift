internal import FettleModel

extension FeedSources {
    private static let megabyte: Int64 = 1_000_000

    // MARK: - Red Hat and its relatives

    /// Red Hat publishes no OVAL for its release 10: `redhat-csaf-vex` has that one too.
    static let redHatReleases = ["7", "8", "9"]
    private static let redHatOVAL = "https://security.access.redhat.com/data/oval/v2"

    /// With what has no fix yet: without it a host looks clean until the fix is out.
    static let redHat = redHatReleases.map { release in
        let name = "rhel-\(release)-including-unpatched.oval.xml.bz2"
        let path = "RHEL\(release)/\(name)"
        return FeedSource(
            id: FeedSourceID("redhat-oval-\(release)"), title: "Red Hat OVAL, RHEL \(release)",
            files: [
                FeedFile(
                    name: name, address: .fixed("\(redHatOVAL)/\(path)"), maximumBytes: 500 * megabyte,
                    checksum: .pulpManifest(address: "\(redHatOVAL)/PULP_MANIFEST", path: path))
            ],
            staleAfterHours: 48, licence: "CC-BY-4.0", documentation: "https://access.redhat.com/articles/5554431")
    }

    static let redHatVEX = redHatCSAF(
        "redhat-csaf-vex", "Red Hat CSAF VEX, all products", "vex", name: "csaf_vex.tar.zst",
        documentation: "https://www.redhat.com/en/blog/red-hat-vex-files-cves-are-now-generally-available")

    static let redHatAdvisories = redHatCSAF(
        "redhat-csaf-advisories", "Red Hat CSAF advisories, all products", "advisories",
        name: "csaf_advisories.tar.zst",
        documentation: "https://redhatproductsecurity.github.io/security-data-guidelines/")

    /// The archive, and the list of what was deleted since and must not be used from it any more.
    private static func redHatCSAF(
        _ id: String, _ title: String, _ folder: String, name: String, documentation: String
    ) -> FeedSource {
        let place = "https://security.access.redhat.com/data/csaf/v2/\(folder)"
        return FeedSource(
            id: FeedSourceID(id), title: title,
            files: [
                FeedFile(
                    name: name, address: .named(in: "\(place)/archive_latest.txt"), maximumBytes: 5_000 * megabyte,
                    checksum: .beside(ending: ".sha256"), signature: .beside(ending: ".asc")),
                FeedFile(
                    name: "deletions.csv", address: .fixed("\(place)/deletions.csv"), maximumBytes: 50 * megabyte,
                    isOptionalOnMirrors: true),
            ],
            staleAfterHours: 72, licence: "CC-BY-4.0", documentation: documentation)
    }

    static let alma = FeedSource(
        id: "almalinux-osv", title: "AlmaLinux OSV database",
        files: [
            FeedFile(
                name: "almalinux-osv.tar.gz",
                address: .fixed("https://github.com/AlmaLinux/osv-database/archive/refs/heads/master.tar.gz"),
                maximumBytes: 500 * megabyte)
        ],
        staleAfterHours: 48, licence: "MIT", documentation: "https://github.com/AlmaLinux/osv-database")

    static let rocky = osv(
        "rocky-osv", ecosystem: "Rocky%20Linux", title: "Rocky Linux (OSV)", licence: "BSD-3-Clause")

    static let oracle = FeedSource(
        id: "oracle-oval", title: "Oracle Linux OVAL, all releases",
        files: [
            FeedFile(
                name: "com.oracle.elsa-all.xml.bz2",
                address: .fixed("https://linux.oracle.com/security/oval/com.oracle.elsa-all.xml.bz2"),
                maximumBytes: 500 * megabyte)
        ],
        staleAfterHours: 48, licence: "Oracle's terms", documentation: "https://linux.oracle.com/security/")

    // MARK: - SUSE

    /// Our name, and the publisher's.
    static let suseProducts = [
        ("suse-oval-server-12", "suse.linux.enterprise.server.12"),
        ("suse-oval-server-15", "suse.linux.enterprise.server.15"),
        ("suse-oval-leap-15.5", "opensuse.leap.15.5"),
        ("suse-oval-leap-15.6", "opensuse.leap.15.6"),
        ("suse-oval-leap-16.0", "opensuse.leap.16.0"),
        ("suse-oval-tumbleweed", "opensuse.tumbleweed"),
    ]

    static let suse = suseProducts.map { id, product in
        FeedSource(
            id: FeedSourceID(id), title: "SUSE OVAL, \(product)",
            files: [
                FeedFile(
                    name: "\(product).xml.gz",
                    address: .fixed("https://ftp.suse.com/pub/projects/security/oval/\(product).xml.gz"),
                    maximumBytes: 1_000 * megabyte)
            ],
            staleAfterHours: 48, licence: "CC-BY-4.0", documentation: "https://www.suse.com/support/security/oval/")
    }

    /// By advisory and by CVE. They take minutes to read and say of most packages what the OVAL of a release says too: for who
    /// wants the publisher's VEX.
    static let suseCSAF = [
        ("suse-csaf", "advisories", "csaf.tar.bz2"), ("suse-csaf-vex", "VEX", "csaf-vex.tar.bz2"),
    ].map { id, what, name in
        FeedSource(
            id: FeedSourceID(id), title: "SUSE CSAF \(what), all products",
            files: [
                FeedFile(
                    name: name, address: .fixed("https://ftp.suse.com/pub/projects/security/\(name)"),
                    maximumBytes: 4_000 * megabyte)
            ],
            staleAfterHours: 72, licence: "CC-BY-4.0", documentation: "https://www.suse.com/support/security/csaf/")
    }

    // MARK: - Distributions by OSV

    /// Our name, the bucket's folder, and the licence. They are made from what the distributions publish themselves, which the
    /// sources above bring first-hand.
    static let distributions = [
        ("osv-debian", "Debian", "MIT"), ("osv-alpine", "Alpine", "CC-BY-SA-4.0"), ("osv-suse", "SUSE", "CC-BY-4.0"),
        ("osv-opensuse", "openSUSE", "CC-BY-4.0"),
    ].map { id, folder, licence in osv(id, ecosystem: folder, title: "OSV, \(folder)", licence: licence) }

    // MARK: - Languages

    /// Ecosystem of this project, the bucket's folder, and the licence of what it holds.
    static let languageEcosystems = [
        ("pypi", "PyPI"), ("npm", "npm"), ("maven", "Maven"), ("go", "Go"), ("crates.io", "crates.io"),
        ("rubygems", "RubyGems"), ("nuget", "NuGet"), ("packagist", "Packagist"), ("hex", "Hex"), ("pub", "Pub"),
        ("swifturl", "SwiftURL"),
    ]

    static let languages = languageEcosystems.map { ecosystem, folder in
        osv(
            "osv-\(ecosystem)", ecosystem: folder, title: "OSV, \(folder)",
            licence: ecosystem == "crates.io" ? "CC0-1.0" : "CC-BY-4.0")
    }

    private static func osv(_ id: String, ecosystem: String, title: String, licence: String) -> FeedSource {
        FeedSource(
            id: FeedSourceID(id), title: title,
            files: [
                FeedFile(
                    name: "all.zip",
                    address: .fixed("https://osv-vulnerabilities.storage.googleapis.com/\(ecosystem)/all.zip"),
                    maximumBytes: 2_000 * megabyte)
            ],
            staleAfterHours: 48, licence: licence, documentation: "https://google.github.io/osv.dev/data/")
    }
}
