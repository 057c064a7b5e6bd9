import FettleModel

/// Reads what `apt-get install --print-uris --verbose-versions` prints
/// ([apt-get(8)](https://manpages.debian.org/apt-get)):
///
///     The following packages will be upgraded:
///        libssl3 (3.0.20-1~deb12u2 => 3.0.22-1~deb12u2)
///     1 upgraded, 0 newly installed, 0 to remove and 23 not upgraded.
///     Need to get 2040 kB of archives.
///     'http://mirror/pool/libssl3_3.0.22-1%7edeb12u2_amd64.deb' libssl3_3.0.22-1~deb12u2_amd64.deb 2039888 SHA256:...
///
/// The lists must agree with the line of numbers, so that a list under a heading which is not known is no silent
/// omission.
struct AptInstallReport: Equatable {
    struct Entry: Equatable {
        /// As apt prints it: with its architecture where that is not the native one.
        var name: String
        var from: String?
        var to: String?
    }

    private(set) var entries: [Entry] = []
    private(set) var downloadBytes: Int64 = 0
    /// The architecture of each file that would be fetched, by `name=version`.
    private(set) var architectures: [String: String] = [:]

    private enum List {
        case new, changed, removed
    }

    init(parsing text: String) throws(FactError) {
        var list: List?
        var hasNumbers = false
        for line in FactText.lines(text) {
            if line.hasPrefix("'") {
                try readFile(line)
            } else if line.hasPrefix("   ") {
                if let list { try readEntry(line, in: list) }
            } else {
                list = Self.list(under: line)
                if line.contains(" upgraded, ") && line.contains(" newly installed, ") {
                    try checkNumbers(line)
                    hasNumbers = true
                }
            }
        }
        guard hasNumbers else { throw FactError("apt-get told no numbers of packages") }
    }

    /// A package may stand in more than one list, such as that of additional packages: only these say what would
    /// change.
    private static func list(under heading: Substring) -> List? {
        switch heading {
        case "The following NEW packages will be installed:": .new
        case "The following packages will be upgraded:", "The following packages will be DOWNGRADED:": .changed
        case "The following packages will be REMOVED:": .removed
        default: nil
        }
    }

    private mutating func readEntry(_ line: Substring, in list: List) throws(FactError) {
        let words = line.split(separator: " ")
        var name = words.first ?? ""
        // A star behind it: its configuration files would go too.
        if name.hasSuffix("*") { name = name.dropLast() }
        guard !name.isEmpty, name.split(separator: ":").allSatisfy(FactText.isName) else {
            throw .notUnderstood(line, of: "apt-get")
        }
        var entry = Entry(name: String(name))
        let versions = words.dropFirst().map { $0.drop { $0 == "(" }.prefix { $0 != ")" } }
        switch list {
        case .new where versions.count == 1: entry.to = String(versions[0])
        case .changed where versions.count == 3 && versions[1] == "=>":
            entry.from = String(versions[0])
            entry.to = String(versions[2])
        case .removed: break
        default: throw .notUnderstood(line, of: "apt-get")
        }
        guard [entry.from, entry.to].compactMap({ $0 }).allSatisfy({ FactText.isVersion($0) }) else {
            throw .notUnderstood(line, of: "apt-get")
        }
        entries.append(entry)
    }

    private mutating func readFile(_ line: Substring) throws(FactError) {
        let words = line.split(separator: " ")
        guard words.count >= 3, let bytes: Int64 = FactText.number(words[2]) else {
            throw .notUnderstood(line, of: "apt-get")
        }
        let (sum, overflow) = downloadBytes.addingReportingOverflow(bytes)
        guard !overflow else { throw .notUnderstood(line, of: "apt-get") }
        downloadBytes = sum
        guard words[1].hasSuffix(".deb") else { return }
        let parts = words[1].dropLast(".deb".count).split(separator: "_")
        guard parts.count == 3 else { return }
        architectures["\(parts[0])=\(parts[1].replacing("%3a", with: ":"))"] = String(parts[2])
    }

    /// `6 upgraded, 0 newly installed, 1 downgraded, 0 to remove and 18 not upgraded.`
    private func checkNumbers(_ line: Substring) throws(FactError) {
        var told: [List: Int] = [:]
        for part in line.split(separator: ",").flatMap({ $0.split(separator: " and ") }) {
            let words = part.split(separator: " ")
            guard words.count >= 2, let number: Int = FactText.number(words[0]) else { continue }
            switch words[1...].joined(separator: " ") {
            case "upgraded", "downgraded": told[.changed, default: 0] += number
            case "newly installed": told[.new] = number
            case "to remove": told[.removed] = number
            case "reinstalled" where number > 0:
                throw FactError("apt-get would install a package anew at its own version")
            default: break
            }
        }
        let listed = (
            entries.count { $0.from != nil }, entries.count { $0.from == nil && $0.to != nil },
            entries.count { $0.to == nil }
        )
        guard listed == (told[.changed] ?? 0, told[.new] ?? 0, told[.removed] ?? 0) else {
            throw FactError(
                "apt-get's lists do not agree with its numbers: \(FactText.excerpt(String(line), limit: 120))")
        }
    }

    /// The changes with the architectures and present versions that dpkg has, sorted.
    func changes(of packages: DpkgPackages, native: String) throws(FactError) -> [PackageChange] {
        var present: [String: (architecture: String, version: String)] = [:]
        func add(_ name: String, _ architecture: String, _ version: String) {
            let isNative = architecture == native || architecture == "all"
            present[isNative ? name : "\(name):\(architecture)"] = (architecture, version)
        }
        for package in packages.broken { add(package.name, package.architecture, package.version) }
        for package in packages.installed { add(package.name, package.architecture, package.version) }

        var changes: [PackageChange] = []
        for entry in entries {
            let words = entry.name.split(separator: ":").map(String.init)
            let now = present[entry.name]
            let isNew = entry.from == nil && entry.to != nil
            guard let name = words.first, isNew || now != nil, entry.from == nil || entry.from == now?.version else {
                throw FactError("apt-get and dpkg do not agree on what is installed of \(entry.name)")
            }
            let architecture =
                now?.architecture ?? entry.to.flatMap { architectures["\(name)=\($0)"] }
                ?? (words.count > 1 ? words[1] : native)
            // A new package may have had a version before of which dpkg keeps the configuration files only.
            changes.append(
                PackageChange(name: name, architecture: architecture, from: isNew ? nil : now?.version, to: entry.to))
        }
        return changes.sorted { ($0.name, $0.architecture) < ($1.name, $1.architecture) }
    }
}
