import FettleModel

/// What dnf or zypper would change, read from its own report.
struct RpmReport {
    private struct Entry {
        var name: String
        var architecture: String
        var version: String
        var isRemoved: Bool
        /// Told as an upgrade or a downgrade, so that one of its name must be installed.
        var isReplacing = false
    }

    private var entries: [Entry] = []
    /// From dnf rounded to its three digits, from zypper exact.
    private(set) var downloadBytes: Int64 = 0
    /// `name=version` of everything that the repositories offer of these packages.
    private(set) var offered: Set<String> = []

    // MARK: dnf

    /// dnf's table: rows below headings, then numbers that must agree with them. A long name stands on a line of its
    /// own, and the other columns below it.
    init(dnf text: String, offers: String) throws(FactError) {
        var isRemoval: Bool?
        var isReplacing = false
        var row: [Substring] = []
        var told = 0
        for line in FactText.lines(text) {
            let words = line.split(separator: " ")
            if line.hasPrefix(" "), let isRemoval {
                // `     replacing  old.noarch 1.0-1`: the replaced package is counted among no numbers.
                if words.first == "replacing" {
                    throw FactError("dnf would replace \(words.dropFirst().joined(separator: " ")) by another package")
                }
                row += words
                guard row.count >= 5 else { continue }
                try addRow(row, isRemoved: isRemoval, isReplacing: isReplacing)
                row = []
            } else {
                isRemoval = Self.isRemoval(under: line)
                isReplacing = line.hasPrefix("Upgrading") || line.hasPrefix("Downgrading")
                told += Self.number(in: words)
            }
        }
        guard row.isEmpty, told == entries.count else {
            throw FactError("dnf's table does not agree with its numbers: \(entries.count) rows for \(told) packages")
        }
        for line in FactText.lines(offers) {
            let fields = line.split(separator: "\t")
            guard fields.count == 3 else { throw .notUnderstood(line, of: "dnf repoquery") }
            offered.insert("\(fields[0])=\(fields[2].hasPrefix("0:") ? fields[2].dropFirst(2) : fields[2])")
        }
    }

    private static func isRemoval(under heading: Substring) -> Bool? {
        if heading.hasPrefix("Removing") && heading.hasSuffix(":") { return true }
        let others = ["Installing", "Upgrading", "Downgrading"]
        return others.contains { heading.hasPrefix($0) } && heading.hasSuffix(":") ? false : nil
    }

    /// `Install  1 Package (+2 Dependent packages)`: three. 0 for other lines.
    private static func number(in words: [Substring]) -> Int {
        guard words.count >= 3, ["Install", "Upgrade", "Remove", "Downgrade"].contains(words[0]),
            words[2].hasPrefix("Package"), let packages: Int = FactText.number(words[1]), packages <= 100_000
        else { return 0 }
        guard words.count > 3, words[3].hasPrefix("(+"), let more: Int = FactText.number(words[3].dropFirst(2)),
            more <= 100_000
        else { return packages }
        return packages + more
    }

    private mutating func addRow(_ row: [Substring], isRemoved: Bool, isReplacing: Bool) throws(FactError) {
        guard FactText.isName(row[0]), FactText.isName(row[1]), FactText.isVersion(row[2]) else {
            throw .notUnderstood(row.joined(separator: " "), of: "dnf")
        }
        entries.append(
            Entry(
                name: String(row[0]), architecture: String(row[1]), version: String(row[2]), isRemoved: isRemoved,
                isReplacing: isReplacing))
        guard !isRemoved, let number = Double(row[4]), number.isFinite, number >= 0, number < 1e6 else { return }
        let units: [Substring: Double] = ["k": 1_024, "M": 1_048_576, "G": 1_073_741_824]
        downloadBytes += Int64(number * (row.count > 5 ? units[row[5]] ?? 1 : 1))
    }

    // MARK: zypper

    init(zypper text: String, offers: String) throws(FactError) {
        let document = ElementReader(text)
        for list in ["to-install", "to-upgrade", "to-downgrade", "to-remove"] {
            for element in document.elements(list) {
                try addSolvables(
                    ElementReader(element.content), isRemoved: list == "to-remove",
                    isReplacing: list == "to-upgrade" || list == "to-downgrade")
            }
        }
        // Without a summary there is nothing to do.
        let summary = document.elements("install-summary").first?.attributes ?? [:]
        let told: Int = FactText.number(summary["packages-to-change"] ?? "0") ?? -1
        guard document.isComplete("stream"), told == entries.count else {
            throw FactError("zypper's lists do not agree with its numbers: \(entries.count) for \(told)")
        }
        downloadBytes = FactText.number(summary["download-size"] ?? "0") ?? 0
        for element in ElementReader(offers).elements("solvable") {
            guard let name = element.attributes["name"], let edition = element.attributes["edition"],
                element.attributes["repository"] != "(System Packages)"
            else { continue }
            offered.insert("\(name)=\(edition)")
        }
    }

    private mutating func addSolvables(
        _ list: ElementReader, isRemoved: Bool, isReplacing: Bool
    ) throws(FactError) {
        for element in list.elements("solvable") {
            // Patches and products are names for packages that are listed by themselves.
            guard element.attributes["type"] == "package" else {
                throw FactError("zypper would change a \(element.attributes["type"] ?? "thing") that is no package")
            }
            guard let name = element.attributes["name"], let edition = element.attributes["edition"],
                let architecture = element.attributes["arch"], FactText.isName(name), FactText.isVersion(edition),
                FactText.isName(architecture)
            else { throw FactError("a package that zypper would change has no name, edition or architecture") }
            entries.append(
                Entry(
                    name: name, architecture: architecture, version: edition, isRemoved: isRemoved,
                    isReplacing: isReplacing))
        }
    }

    // MARK: Changes

    /// The changes with the present versions that rpm has, sorted.
    func changes(of packages: RpmPackages) throws(FactError) -> [PackageChange] {
        var changes: [PackageChange] = []
        for entry in entries {
            guard !entry.isReplacing || packages.installed.contains(where: { $0.name == entry.name }) else {
                throw FactError("\(entry.name) would be replaced and is not installed")
            }
            let present = packages.installed.last { $0.name == entry.name && $0.architecture == entry.architecture }
            guard !entry.isReplacing || present != nil else {
                throw FactError("\(entry.name) would change its architecture to \(entry.architecture)")
            }
            if entry.isRemoved {
                guard let present else { throw FactError("\(entry.name) would be removed and is not installed") }
                changes.append(
                    PackageChange(
                        name: entry.name, architecture: entry.architecture, from: present.version, to: nil))
            } else {
                changes.append(
                    PackageChange(
                        name: entry.name, architecture: entry.architecture, from: present?.version, to: entry.version))
            }
        }
        return changes.sorted { ($0.name, $0.architecture) < ($1.name, $1.architecture) }
    }

    /// Versions that the host would leave behind and that no repository offers any more.
    func unavailableEarlier(of changes: [PackageChange]) -> [PackageVersion] {
        changes.compactMap { change -> PackageVersion? in
            guard let from = change.from, !offered.contains("\(change.name)=\(from)") else { return nil }
            return PackageVersion(name: change.name, architecture: change.architecture, version: from)
        }.sorted()
    }
}
