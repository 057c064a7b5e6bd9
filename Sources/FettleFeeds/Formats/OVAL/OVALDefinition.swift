import FettleIndex
import FettleModel

/// A `<definition>` while it is read: what it says of itself, and the tree of what must hold for it to be true.
struct OVALDefinition {
    /// More than the largest real definition has: SUSE's of a kernel have some ten thousand.
    static let nodeLimit = 500_000

    enum Node {
        case criterion(test: String, comment: String, isNegated: Bool)
        case criteria(isAny: Bool, isNegated: Bool, children: [Int])
    }

    struct CVE {
        var id: String
        var vectors: [CVSSRating]
        var severity: String
        var publishedAt: Timestamp?
    }

    var id = ""
    var definitionClass = ""
    var title = ""
    var severity = ""
    var issued: Timestamp?
    var updated: Timestamp?
    var references: [(source: String, id: String)] = []
    var cves: [CVE] = []
    var platforms: [String] = []
    var cpes: [String] = []
    /// Red Hat's word on components without a fix: `Will not fix`, `Affected`, `Under investigation`.
    var resolutions: [(state: String, components: [String])] = []
    var nodes: [Node] = []
    var isTooLarge = false

    var isVulnerability: Bool { definitionClass == "vulnerability" }

    /// Red Hat's definitions of what is not affected, whose tests can never be true.
    var isOfUnaffected: Bool { id.contains(".unaffected:") || title.hasPrefix("Unaffected components for") }

    /// CVEs of references first, in their order, then those that only the advisory names.
    var cveIDs: [String] {
        var seen: Set<String> = []
        return (references.map(\.id) + cves.map(\.id)).filter { AdvisoryNames.isCVE($0) && seen.insert($0).inserted }
    }

    /// The advisory's name, such as `RHSA-2022:4765`, `DSA-5179-1`; the CVE of a definition about one.
    var recordID: String? {
        if isVulnerability, let cve = cveIDs.first { return cve }
        let own = references.first {
            !AdvisoryNames.isCVE($0.id) && $0.source != "Package" && AdvisoryNames.isID($0.id)
        }
        if let own { return own.id }
        let word = title.prefix { $0 != " " && $0 != "\n" }
        let name = word.last == ":" ? word.dropLast() : word
        return AdvisoryNames.isID(String(name)) ? String(name) : cveIDs.first
    }

    /// https://access.redhat.com/articles/explaining_redhat_errata
    var updateClass: UpdateClass {
        if isVulnerability || !cveIDs.isEmpty { return .security }
        let id = recordID ?? ""
        if ["RHBA", "ALBA", "ELBA", "RLBA"].contains(where: id.hasPrefix) { return .bugfix }
        if ["RHEA", "ALEA", "ELEA", "RLEA"].contains(where: id.hasPrefix) { return .feature }
        return .security
    }
}
