internal import FettleIndex

/// Which release a code name stands for.
enum DistributionReleases {
    /// `debian:12` of `bookworm`; nil for a name that is not known.
    static func debian(codename: String) -> Ecosystem? {
        debianVersions[codename].flatMap { Ecosystem("debian:\($0)") }
    }

    /// `22.04` of `jammy`; nil for a name that is not known.
    static func ubuntuVersion(codename: String) -> String? { ubuntuVersions[codename] }

    /// Ubuntu's release with the pocket that is patched apart from it: `ubuntu:22.04`, `ubuntu:22.04:pro`.
    ///
    /// - Parameter pocket: as Ubuntu writes it: `security`, `updates`, `esm-infra`, `esm-apps`, `fips-updates`; nil:
    ///   the archive.
    static func ubuntu(codename: String, pocket: String?) -> Ecosystem? {
        guard let version = ubuntuVersions[codename] else { return nil }
        let suffix: String
        switch pocket ?? "" {
        case "", "release", "security", "updates", "proposed", "backports": suffix = ""
        case let pocket where pocket.hasPrefix("esm") || pocket.hasPrefix("ros-esm"): suffix = ":pro"
        case let pocket: suffix = ":\(pocket)"
        }
        return Ecosystem("ubuntu:\(version)\(suffix)")
    }

    /// https://www.debian.org/releases/ and https://wiki.debian.org/DebianReleases
    private static let debianVersions = [
        "buzz": "1.1", "rex": "1.2", "bo": "1.3", "hamm": "2.0", "slink": "2.1", "potato": "2.2", "woody": "3.0",
        "sarge": "3.1", "etch": "4", "lenny": "5", "squeeze": "6", "wheezy": "7", "jessie": "8", "stretch": "9",
        "buster": "10", "bullseye": "11", "bookworm": "12", "trixie": "13", "forky": "14", "duke": "15",
        "sid": "unstable", "unstable": "unstable", "experimental": "experimental",
    ]

    /// https://wiki.ubuntu.com/Releases
    private static let ubuntuVersions = [
        "warty": "4.10", "hoary": "5.04", "breezy": "5.10", "dapper": "6.06", "edgy": "6.10", "feisty": "7.04",
        "gutsy": "7.10", "hardy": "8.04", "intrepid": "8.10", "jaunty": "9.04", "karmic": "9.10", "lucid": "10.04",
        "maverick": "10.10", "natty": "11.04", "oneiric": "11.10", "precise": "12.04", "quantal": "12.10",
        "raring": "13.04", "saucy": "13.10", "trusty": "14.04", "utopic": "14.10", "vivid": "15.04",
        "wily": "15.10", "xenial": "16.04", "yakkety": "16.10", "zesty": "17.04", "artful": "17.10",
        "bionic": "18.04", "cosmic": "18.10", "disco": "19.04", "eoan": "19.10", "focal": "20.04",
        "groovy": "20.10", "hirsute": "21.04", "impish": "21.10", "jammy": "22.04", "kinetic": "22.10",
        "lunar": "23.04", "mantic": "23.10", "noble": "24.04", "oracular": "24.10", "plucky": "25.04",
        "questing": "25.10", "resolute": "26.04",
    ]
}
