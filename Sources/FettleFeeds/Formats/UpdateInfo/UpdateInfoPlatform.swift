import FettleIndex

/// Tells of which distribution and release an update is, from what stands in its notice.
///
/// The distribution, by the first of these that says one:
/// 1. who published the notice (`from`): whoever built the packages signed it, even where the id was taken over from
///    another;
/// 2. the id's beginning: a mirror or a build of one's own may have set `from` to itself and kept the id;
/// 3. the names of the release and of the collection.
///  The release, by the first that says one: those names, since they are written for the whole collection; and then the
/// distribution tag in the package's own release (`el9`, `fc40`, `amzn2023`), which comes last because modules carry
/// over builds of an earlier release.
enum UpdateInfoPlatform {
    static func ecosystem(
        _ notice: UpdateNotice, _ collection: UpdateNotice.Collection, release: String
    ) -> Ecosystem? {
        var names = [collection.name, notice.release, collection.short]
        if collection.short.hasPrefix("rocky-linux-") { names.append(collection.short.replacing("-", with: " ")) }
        let told = names.lazy.compactMap(ProductNames.ecosystem).first
        guard let family = publisher(notice.from) ?? idFamily(notice.id) ?? told?.family else { return nil }
        var found = family
        if family == "fedora", notice.id.contains("EPEL") || names.contains(where: { $0.contains("EPEL") }) {
            found = "epel"
        }
        if family == "suse", let openSUSE = idFamily(notice.id), openSUSE == "opensuse" { found = "opensuse" }
        if let told, told.family == found { return told }
        if found == "suse" || found == "opensuse" { return suse(notice.id, family: found) }
        if found == "amazon", let extra = amazonExtra(notice.id) { return extra }
        let words = names.flatMap { $0.lowercased().split { !$0.isLetter && !$0.isNumber && $0 != "." } }
        if found == "redhat", let channel = words.lazy.compactMap({ RedHatChannel(word: $0) }).first {
            return minorRelease(words, release).flatMap { .redHat($0, channel: channel) }
        }
        let number = shortRelease(words, family: found) ?? tagRelease(release, family: found)
        return number.flatMap { Ecosystem("\(found):\($0)") }
    }

    private static func publisher(_ from: String) -> Substring? {
        let host = from.lowercased().split(separator: "@").last ?? ""
        let known: [(String, Substring)] = [
            ("almalinux.org", "almalinux"), ("rockylinux.org", "rocky"), ("redhat.com", "redhat"),
            ("amazon.com", "amazon"), ("fedoraproject.org", "fedora"), ("suse.de", "suse"), ("suse.com", "suse"),
            ("opensuse.org", "opensuse"), ("oracle.com", "oracle"), ("centos.org", "centos"),
            ("openeuler.org", "openeuler"),
        ]
        return known.first { host == $0.0 || host.hasSuffix("." + $0.0) }?.1
    }

    private static func idFamily(_ id: String) -> Substring? {
        let known: [(String, Substring)] = [
            ("ALSA-", "almalinux"), ("ALBA-", "almalinux"), ("ALEA-", "almalinux"), ("RLSA-", "rocky"),
            ("RLBA-", "rocky"), ("RLEA-", "rocky"), ("RXSA-", "rocky"), ("RHSA-", "redhat"), ("RHBA-", "redhat"),
            ("RHEA-", "redhat"), ("CESA-", "centos"), ("CEBA-", "centos"), ("ELSA-", "oracle"), ("ELBA-", "oracle"),
            ("ELEA-", "oracle"), ("ALAS", "amazon"), ("FEDORA-", "fedora"), ("openSUSE-", "opensuse"),
            ("SUSE-", "suse"), ("openEuler-SA-", "openeuler"),
        ]
        return known.first { id.hasPrefix($0.0) }?.1
    }

    /// The number behind the name by which the family calls its repositories: `rhel-9-for-x86_64`, `ol9_baseos_latest`,
    /// `F43`, `EL-6`.
    private static func shortRelease(_ words: [Substring], family: Substring) -> Substring? {
        let beginnings: [Substring: [String]] = [
            "redhat": ["rhel"], "oracle": ["ol", "el"], "fedora": ["f", "fc"], "epel": ["el", "epel"],
            "centos": ["centos", "el"], "almalinux": ["almalinux"], "rocky": ["rocky"],
        ]
        for (word, next) in zip(words, words.dropFirst() + [""]) {
            for beginning in beginnings[family] ?? [] where word.hasPrefix(beginning) {
                let number = word == beginning ? next.prefix { $0 != "." } : word.dropFirst(beginning.count)
                if (1...2).contains(number.count), number.allSatisfy(\.isNumber) { return number }
            }
        }
        return nil
    }

    /// `ALAS2KERNEL-5.15-2022-001` is `amazon:2:kernel-5.15`, as the collection's name would say; nil for the core's ids.
    private static func amazonExtra(_ id: String) -> Ecosystem? {
        let rest = id.dropFirst(4)
        let release = rest.prefix { $0.isNumber }
        let words = rest.dropFirst(release.count).split(separator: "-", omittingEmptySubsequences: false)
        let name = words.dropLast(2).joined(separator: "-")
        return release.isEmpty || name.isEmpty ? nil : Ecosystem("amazon:\(release):\(name)")
    }

    private static func tagRelease(_ release: String, family: Substring) -> Substring? {
        let tag = family == "fedora" ? "fc" : family == "amazon" ? "amzn" : "el"
        for part in release.split(whereSeparator: { !$0.isLetter && !$0.isNumber }) where part.hasPrefix(tag) {
            let number = part.dropFirst(tag.count).prefix { $0.isNumber }
            if !number.isEmpty { return number }
        }
        return nil
    }

    /// `9.2` of `rhel-9-for-x86_64-baseos-eus-rpms__9_DOT_2`, or of the tag `el9_2`.
    private static func minorRelease(_ words: [Substring], _ release: String) -> String? {
        for (index, word) in words.enumerated() where word == "dot" && index > 0 && index + 1 < words.count {
            return "\(words[index - 1]).\(words[index + 1])"
        }
        if let word = words.first(where: { $0.contains(".") && $0.allSatisfy { $0.isNumber || $0 == "." } }) {
            return String(word)
        }
        for part in release.split(separator: ".") where part.hasPrefix("el") {
            let numbers = part.dropFirst(2).split(separator: "_")
            if numbers.count == 2, numbers.allSatisfy({ $0.allSatisfy(\.isNumber) }) {
                return numbers.joined(separator: ".")
            }
        }
        return nil
    }

    /// `SUSE-SLE-Module-Basesystem-15-SP5-2023-2620` is `suse:15.5`, `openSUSE-SLE-15.5-2023-2620` is `opensuse:15.5`.
    private static func suse(_ id: String, family: Substring) -> Ecosystem? {
        let words = id.split(separator: "-")
        guard let place = words.firstIndex(where: { $0.first?.isNumber == true }), words[place].count <= 5 else {
            return nil
        }
        guard family == "suse" else { return Ecosystem("opensuse:\(words[place])") }
        let pack = words.dropFirst(place + 1).first.flatMap { $0.hasPrefix("SP") ? Int($0.dropFirst(2)) : nil }
        return .suse(words[place], pack: pack, product: id.lowercased())
    }
}
