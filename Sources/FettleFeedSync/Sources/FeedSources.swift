public import FettleModel

/// Every source that is known: the one list. A new feed is a line here, and in `FeedSources.needed` if a platform needs
/// it.
///
/// No release is missing on purpose: Amazon Linux and Fedora publish advisories only inside their package repositories
/// (`updateinfo.xml`), whose address changes with every build; such a file is brought in as a folder.
public enum FeedSources {
    public static let all: [FeedSource] =
        [debian, knownExploited, exploitPrediction, vulnrichment, cveList, redHatVEX, alma, oracle, ubuntuOSV]
        + languages + redHat + ubuntu + suse + alpine + [rocky] + onDemand

    /// What no fleet needs, since another source says the same sooner or in fewer bytes: fetched where it is named.
    private static let onDemand =
        debianOVAL + ubuntuNotices + [ubuntuVEX, redHatAdvisories] + suseCSAF + distributions

    /// nil if it is not known.
    public static func source(_ id: FeedSourceID) -> FeedSource? { byID[id] }

    private static let byID = Dictionary(all.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })

    /// 1 MB. The bounds are several times what is published today: they stop what is no feed, not one that grows.
    private static let megabyte: Int64 = 1_000_000

    private static func single(
        _ id: String, _ title: String, _ name: String, _ address: String, megabytes: Int64, hours: Int = 48,
        licence: String, documentation: String, checksum: FeedFile.Checksum = .none
    ) -> FeedSource {
        FeedSource(
            id: FeedSourceID(id), title: title,
            files: [
                FeedFile(
                    name: name, address: .fixed(address), maximumBytes: megabytes * megabyte, checksum: checksum)
            ],
            staleAfterHours: hours, licence: licence, documentation: documentation)
    }

    // MARK: - All of CVE

    /// Exploited today outranks everything, so a day without it counts.
    static let knownExploited = single(
        "kev", "CISA Known Exploited Vulnerabilities", "known_exploited_vulnerabilities.json",
        "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json", megabytes: 50, hours: 24,
        licence: "CC0-1.0", documentation: "https://www.cisa.gov/known-exploited-vulnerabilities-catalog")

    /// Answers with a redirect to the day's file.
    static let exploitPrediction = single(
        "epss", "FIRST EPSS scores", "epss_scores-current.csv.gz",
        "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz", megabytes: 100,
        licence: "free to use, with a reference to FIRST", documentation: "https://www.first.org/epss/data_stats")

    static let vulnrichment = single(
        "vulnrichment", "CISA vulnrichment (SSVC)", "vulnrichment.zip",
        "https://github.com/cisagov/vulnrichment/archive/refs/heads/develop.zip", megabytes: 2_000, hours: 72,
        licence: "CC0-1.0", documentation: "https://github.com/cisagov/vulnrichment")

    static let cveList = single(
        "cve-list", "CVE list, version 5", "cvelistV5.zip",
        "https://github.com/CVEProject/cvelistV5/archive/refs/heads/main.zip", megabytes: 4_000, hours: 72,
        licence: "CVE terms of use", documentation: "https://github.com/CVEProject/cvelistV5")

    // MARK: - Debian, Ubuntu, Alpine

    static let debian = single(
        "debian-tracker", "Debian Security Tracker", "debian-tracker.json",
        "https://security-tracker.debian.org/tracker/data/json", megabytes: 400, licence: "MIT",
        documentation: "https://security-tracker.debian.org/tracker/data/json")

    static let ubuntuReleases = ["trusty", "xenial", "bionic", "focal", "jammy", "noble", "plucky", "questing"]

    static let ubuntu = ubuntuReleases.map { codename in
        single(
            "ubuntu-oval-\(codename)", "Ubuntu OVAL, \(codename)", "com.ubuntu.\(codename).cve.oval.xml.bz2",
            "https://security-metadata.canonical.com/oval/com.ubuntu.\(codename).cve.oval.xml.bz2", megabytes: 300,
            licence: "CC-BY-SA-4.0", documentation: "https://documentation.ubuntu.com/security/security-updates/oval/")
    }

    static let debianOVALReleases = ["bullseye", "bookworm", "trixie"]

    static let debianOVAL = debianOVALReleases.map { codename in
        single(
            "debian-oval-\(codename)", "Debian OVAL, \(codename)", "oval-definitions-\(codename).xml.bz2",
            "https://www.debian.org/security/oval/oval-definitions-\(codename).xml.bz2", megabytes: 200,
            licence: "MIT", documentation: "https://www.debian.org/security/oval/")
    }

    /// By notice, where `ubuntu-oval-<release>` is by CVE.
    static let ubuntuNotices = ubuntuReleases.map { codename in
        single(
            "ubuntu-usn-oval-\(codename)", "Ubuntu OVAL of notices, \(codename)",
            "com.ubuntu.\(codename).usn.oval.xml.bz2",
            "https://security-metadata.canonical.com/oval/com.ubuntu.\(codename).usn.oval.xml.bz2", megabytes: 300,
            licence: "CC-BY-SA-4.0", documentation: "https://documentation.ubuntu.com/security/security-updates/oval/")
    }

    static let ubuntuVEX = single(
        "ubuntu-vex", "Ubuntu OpenVEX, all releases", "vex-all.tar.xz",
        "https://security-metadata.canonical.com/vex/vex-all.tar.xz", megabytes: 1_000, licence: "CC-BY-SA-4.0",
        documentation: "https://documentation.ubuntu.com/security/security-updates/vex/")

    /// By CVE and by notice.
    static let ubuntuOSV = single(
        "ubuntu-osv", "Ubuntu OSV, all releases", "osv-all.tar.xz",
        "https://security-metadata.canonical.com/osv/osv-all.tar.xz", megabytes: 1_000, licence: "CC-BY-SA-4.0",
        documentation: "https://documentation.ubuntu.com/security/security-updates/osv/")

    static let alpineReleases = (15...24).map { "3.\($0)" } + ["edge"]

    static let alpine = alpineReleases.map { release in
        FeedSource(
            id: FeedSourceID("alpine-secdb-\(release)"), title: "Alpine secdb, \(release)",
            files: ["main", "community"].map { repository in
                FeedFile(
                    name: "\(repository).json",
                    address: .fixed(
                        "https://secdb.alpinelinux.org/\(release == "edge" ? "" : "v")\(release)/\(repository).json"),
                    maximumBytes: 50 * megabyte)
            },
            staleAfterHours: 48, licence: "CC-BY-SA-4.0", documentation: "https://secdb.alpinelinux.org/")
    }
}
