import FettleModel

/// Names as rpm writes them.
enum RpmName {
    /// `libinvoice-2.3-1.src.rpm`: name and version-release of the source package.
    static func source(_ file: Substring) -> (name: String, version: String)? {
        guard file.hasSuffix(".rpm") else { return nil }
        let parts = split(file.dropLast(".rpm".count))
        return parts.map { ($0.name, $0.version) }
    }

    /// `invoice-server-1:4.1-1.noarch`: name, architecture and `[epoch:]version-release`, taken apart from the right.
    static func split(_ text: Substring) -> (name: String, architecture: String, version: String)? {
        guard let dot = text.lastIndex(of: ".") else { return nil }
        let stem = text[..<dot]
        guard let release = stem.lastIndex(of: "-"), let version = stem[..<release].lastIndex(of: "-"),
            FactText.isName(stem[..<version]), FactText.isVersion(stem[stem.index(after: version)...])
        else { return nil }
        return (
            String(stem[..<version]), String(text[text.index(after: dot)...]),
            String(stem[stem.index(after: version)...])
        )
    }
}

/// Reads the section `rpm`: the architecture, then name, architecture, version and source of each package.
struct RpmPackages: Equatable {
    private(set) var architecture = ""
    private(set) var installed: [InstalledPackage] = []

    init(parsing text: String) throws(FactError) {
        for line in FactText.lines(text) {
            if line.hasPrefix("architecture "), architecture.isEmpty {
                architecture = String(line.dropFirst("architecture ".count))
                continue
            }
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            // Keys of repositories are kept in the database as if they were packages.
            if fields.first == "gpg-pubkey" { continue }
            guard fields.count == 4, FactText.isName(fields[0]), FactText.isName(fields[1]),
                FactText.isVersion(fields[2])
            else { throw .notUnderstood(line, of: "rpm") }
            let source = RpmName.source(fields[3])
            installed.append(
                InstalledPackage(
                    manager: .rpm, name: String(fields[0]), architecture: String(fields[1]), version: String(fields[2]),
                    source: source?.name ?? String(fields[0]),
                    sourceVersion: source.map { Self.epoch(of: fields[2]) + $0.version } ?? String(fields[2])))
        }
        installed.sort { ($0.name, $0.architecture, $0.version) < ($1.name, $1.architecture, $1.version) }
    }

    /// `1:` of `1:4.0-1`. A source package's file name leaves its epoch out.
    static func epoch(of version: some StringProtocol) -> String {
        version.firstIndex(of: ":").map { String(version[...$0]) } ?? ""
    }

    /// The version that an update of the package replaces: of several kernels that are installed side by side, the
    /// last.
    func present(_ name: String, _ architecture: String) -> InstalledPackage? {
        installed.last { $0.name == name && $0.architecture == architecture } ?? installed.last { $0.name == name }
    }
}

/// Reads the section `dnf`.
enum DnfUpdates {
    static func updates(_ text: String, packages: RpmPackages) throws(FactError) -> [AvailableUpdate] {
        let lines = FactText.lines(text)
        guard let border = lines.firstIndex(of: "advisories"),
            let end = lines[border...].firstIndex(of: "locks")
        else { throw FactError("dnf stopped in the middle of its answer") }
        let locks = try DnfLocks(lines[(end + 1)...])
        var advisories: [String: RpmAdvisories] = [:]
        for line in lines[(border + 1)..<end] {
            guard let (id, kind, package) = try advisory(line) else { continue }
            advisories["\(package.name).\(package.architecture)", default: RpmAdvisories()].add(id, kind)
        }
        var updates: [AvailableUpdate] = []
        for line in lines[..<border] {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard fields.count == 7, FactText.isName(fields[0]), FactText.isName(fields[1]),
                FactText.isVersion(fields[3]),
                FactText.isVersion(fields[4])
            else { throw .notUnderstood(line, of: "dnf repoquery") }
            let (name, architecture) = (String(fields[0]), String(fields[1]))
            guard let present = packages.present(name, architecture) else { continue }
            let epoch = fields[2] == "0" || fields[2] == "(none)" || fields[2].isEmpty ? "" : "\(fields[2]):"
            let candidate = "\(epoch)\(fields[3])-\(fields[4])"
            let source = RpmName.source(fields[6])
            let known = advisories["\(name).\(architecture)"] ?? RpmAdvisories()
            updates.append(
                AvailableUpdate(
                    manager: .rpm, name: name, architecture: architecture, installed: present.version,
                    candidate: candidate, source: source?.name ?? name,
                    sourceVersion: source.map { epoch + $0.version } ?? candidate,
                    isHeld: locks.holds(name, architecture, candidate),
                    origins: [UpdateOrigin(origin: "", suite: String(fields[5]))], declaredClass: known.kind,
                    advisories: known.identifiers))
        }
        return updates.sorted { ($0.name, $0.architecture) < ($1.name, $1.architecture) }
    }

    /// dnf 4: `LAB-SA-2026:0001 Important/Sec. libinvoice-2.3-2.noarch`. dnf 5 has a heading, and columns for name,
    /// type, severity, package and date; its form is known from its documentation only.
    private static func advisory(
        _ line: Substring
    ) throws(FactError) -> (id: String, kind: String, package: (name: String, architecture: String, version: String))? {
        let words = line.split(separator: " ")
        if words.first == "Name" && words.contains("Type") { return nil }
        guard words.count >= 3, let package = RpmName.split(words.count == 3 ? words[2] : words[3]) else {
            throw .notUnderstood(line, of: "dnf updateinfo")
        }
        return (String(words[0]), String(words[1]), package)
    }
}

/// The advisories for one package, and the most pressing of their kinds.
struct RpmAdvisories {
    private var all: Set<String> = []
    private(set) var kind: UpdateClass?

    mutating func add(_ id: String, _ word: String) {
        all.insert(id)
        let order: [UpdateClass] = [.security, .bugfix, .feature, .cosmetic, .unclassified]
        let new = Self.updateClass(word)
        let ranks = (kind.flatMap(order.firstIndex) ?? order.count, order.firstIndex(of: new) ?? order.count)
        if ranks.1 < ranks.0 { kind = new }
    }

    var identifiers: [AdvisoryID] { all.sorted().map { AdvisoryID($0) } }

    /// dnf writes `Important/Sec.` and `bugfix`; zypper the category, such as `recommended`.
    private static func updateClass(_ word: String) -> UpdateClass {
        switch word.lowercased() {
        case "security": .security
        case let word where word.hasSuffix("/sec."): .security
        case "bugfix", "recommended": .bugfix
        case "enhancement", "newpackage", "feature", "optional": .feature
        default: .unclassified
        }
    }
}
