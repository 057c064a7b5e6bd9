import FettleIndex

/// Tells an ecosystem from a distribution's name as vendors write it for people: `Red Hat Enterprise Linux 9`,
/// `Debian GNU/Linux 11`, `Ubuntu Pro FIPS-updates 22.04 LTS`, `Amazon Linux 2 - Kernel-5.15`.
enum ProductNames {
    /// Longer beginnings before shorter ones.
    private static let families: [(beginning: String, family: String)] = [
        ("red hat enterprise linux", "redhat"), ("almalinux", "almalinux"), ("rocky linux", "rocky"),
        ("oracle linux", "oracle"), ("centos", "centos"), ("fedora epel", "epel"), ("epel", "epel"),
        ("fedora", "fedora"), ("amazon linux", "amazon"), ("debian", "debian"), ("ubuntu", "ubuntu"),
        ("suse linux enterprise", "suse"), ("suse linux micro", "suse"), ("suse liberty", ""),
        ("opensuse leap", "opensuse"), ("opensuse tumbleweed", "opensuse"), ("openeuler", "openeuler"),
    ]

    /// Nil where the distribution or its release isn't told.
    static func ecosystem(_ product: String) -> Ecosystem? {
        let lower = product.prefix(200).lowercased()
        guard let (beginning, family) = families.first(where: { lower.hasPrefix($0.beginning) }) else { return nil }
        let rest = lower.dropFirst(beginning.count)
        switch family {
        case "amazon": return amazon(rest)
        case "ubuntu": return ubuntu(rest)
        case "suse": return suse(lower.dropFirst("suse linux".count))
        case "redhat":
            return number(in: rest).flatMap { .redHat($0, channel: RedHatChannel(productName: rest)) }
        case "opensuse" where beginning.hasSuffix("tumbleweed"): return Ecosystem("opensuse:tumbleweed")
        case "opensuse" where rest.hasPrefix(" micro"):
            return number(in: rest).flatMap { Ecosystem("opensuse:micro-\($0)") }
        case "opensuse": return number(in: rest).flatMap { Ecosystem("opensuse:\($0)") }
        case "openeuler": return openEuler(rest)
        default: return major(in: rest).flatMap { Ecosystem("\(family):\($0)") }
        }
    }

    /// The number that begins a word: `9.2` of ` 9.2 extended update support`, `11` of ` gnu/linux 11`.
    private static func number(in text: Substring) -> String? {
        for word in text.split(whereSeparator: { $0 == " " || $0 == "-" || $0 == "_" || $0 == "(" }) {
            let digits = word.drop { $0 == "v" || $0 == "." }.prefix { $0.isNumber || $0 == "." }
            let trimmed = digits.last == "." ? digits.dropLast() : digits
            if !trimmed.isEmpty, trimmed.allSatisfy(\.isASCII) { return String(trimmed) }
        }
        return nil
    }

    private static func major(in text: Substring) -> String? {
        number(in: text).map { String($0.prefix { $0 != "." }) }
    }

    /// What Amazon Linux 2 and 2023 offer beside their core (`Amazon Linux 2 - Kernel-5.15`) holds other versions of
    /// the core's packages, so each is an ecosystem of its own: `amazon:2:kernel-5.15`.
    private static func amazon(_ rest: Substring) -> Ecosystem? {
        let parts = rest.split(separator: " - ", maxSplits: 1)
        guard let head = parts.first else { return nil }
        let release = head.contains("ami") ? "1" : number(in: head)
        guard let release else { return nil }
        guard parts.count == 2 else { return Ecosystem("amazon:\(release)") }
        let extra = parts[1].split(separator: " ").joined(separator: "-")
        return Ecosystem("amazon:\(release):\(extra)")
    }

    private static func ubuntu(_ rest: Substring) -> Ecosystem? {
        guard let number = number(in: rest), number.contains(".") else { return nil }
        let isPro = rest.contains("pro ") || rest.contains("esm")
        let pocket = UbuntuPockets.certified.first { rest.contains($0) } ?? (isPro ? "pro" : "")
        return .ubuntu(version: number, pocket: pocket)
    }

    /// `SUSE Linux Enterprise Module for Python 3 15 SP5`: the number of the release is the last one.
    private static func suse(_ rest: Substring) -> Ecosystem? {
        let words = rest.split(whereSeparator: { $0 == " " || $0 == "-" })
        guard let place = words.lastIndex(where: { $0.utf8.allSatisfy { $0 == 0x2E || $0 &- 0x30 < 10 } }) else {
            return nil
        }
        let next = place + 1 < words.count ? words[place + 1] : ""
        let pack = next.hasPrefix("sp") && !words[place].contains(".") ? Int(next.dropFirst(2)) : nil
        return .suse(words[place], pack: pack, product: rest)
    }

    /// `openEuler-22.03-LTS-SP1` is `openeuler:22.03-lts-sp1`.
    private static func openEuler(_ rest: Substring) -> Ecosystem? {
        let words = rest.split(whereSeparator: { $0 == " " || $0 == "-" })
        guard let first = words.first, first.first?.isNumber == true else { return nil }
        let endings = words.dropFirst().prefix { $0 == "lts" || $0.hasPrefix("sp") }
        return Ecosystem("openeuler:" + ([first] + endings).joined(separator: "-"))
    }
}
