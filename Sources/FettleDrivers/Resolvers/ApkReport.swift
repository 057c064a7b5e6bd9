import FettleModel

/// Reads what `apk add --simulate` prints
/// ([print_change](https://gitlab.alpinelinux.org/alpine/apk-tools/-/blob/master/src/commit.c)):
///
///     ( 1/10) Upgrading libcrypto3 (3.1.4-r2 -> 3.1.7-r0)
///     ( 2/10) Installing ncurses@edge (6.4_p20231125-r0)
///     ( 3/10) Purging libold (1.0-r0)
///     ...
///     OK: 6668 KiB in 8 packages
///
/// The numbers must run through and the last line must be there, so that a line which is not known is no silent omission.
struct ApkReport: Equatable {
    struct Entry: Equatable {
        var name: String
        var from: String?
        var to: String?
    }

    private(set) var entries: [Entry] = []

    init(parsing text: String) throws(FactError) {
        var number = 0
        var total = 0
        var isWhole = false
        for line in FactText.lines(text) {
            if line.hasPrefix("(") {
                let (place, count, words) = try Self.place(line)
                guard place == number + 1, number == 0 || count == total, !isWhole else {
                    throw FactError("apk's numbers do not run through: \(FactText.excerpt(String(line), limit: 120))")
                }
                (number, total) = (place, count)
                try read(words, line)
            } else if line.hasPrefix("OK: ") {
                isWhole = true
            } else if !line.hasPrefix("WARNING: "), !line.hasPrefix("NOTE: ") {
                throw .notUnderstood(line, of: "apk")
            }
        }
        guard isWhole, number == total else { throw FactError("apk stopped in the middle of its answer") }
        guard Set(entries.map(\.name)).count == entries.count else { throw FactError("apk names a package twice") }
    }

    /// `( 1/10) ...`: 1, 10, and the words behind.
    private static func place(_ line: Substring) throws(FactError) -> (place: Int, count: Int, words: [Substring]) {
        let parts = line.dropFirst().split(separator: ")", maxSplits: 1)
        let numbers = (parts.first ?? "").drop { $0 == " " }.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, numbers.count == 2, let place: Int = FactText.number(numbers[0]),
            let count: Int = FactText.number(numbers[1]), count <= 100_000, place <= count
        else { throw .notUnderstood(line, of: "apk") }
        return (place, count, FactText.words(parts[1]))
    }

    private mutating func read(_ words: [Substring], _ line: Substring) throws(FactError) {
        // Only the repository that the package is taken from in future.
        if words.starts(with: ["Updating", "pinning"]) { return }
        guard words.count >= 3, let verb = words.first else { throw .notUnderstood(line, of: "apk") }
        // A tag behind the name says which repository it comes from.
        let name = words[1].prefix { $0 != "@" }
        let versions = words.dropFirst(2).joined(separator: " ")
        guard FactText.isName(name), versions.hasPrefix("("), versions.hasSuffix(")") else {
            throw .notUnderstood(line, of: "apk")
        }
        let parts = versions.dropFirst().dropLast().split(separator: " -> ", omittingEmptySubsequences: false).map(
            String.init)
        guard parts.allSatisfy({ FactText.isVersion($0) }) else { throw .notUnderstood(line, of: "apk") }
        switch (verb, parts.count) {
        case ("Installing", 1): entries.append(Entry(name: String(name), from: nil, to: parts[0]))
        case ("Purging", 1): entries.append(Entry(name: String(name), from: parts[0], to: nil))
        case ("Upgrading", 2), ("Downgrading", 2):
            entries.append(Entry(name: String(name), from: parts[0], to: parts[1]))
        case ("Replacing", 2), ("Reinstalling", 1):
            // The same version, built again: no version says afterwards which of the two is there.
            throw FactError("apk would install \(name) anew at its own version")
        default: throw .notUnderstood(line, of: "apk")
        }
    }

    /// The changes with their architectures, sorted.
    ///
    /// - Throws: if apk and its own database do not agree on what is installed.
    func changes(
        of installed: [InstalledPackage], lists: ApkLists, native: String
    ) throws(FactError) -> [PackageChange] {
        let present = Dictionary(installed.map { ($0.name, $0) }) { first, _ in first }
        var changes: [PackageChange] = []
        for entry in entries {
            let now = present[entry.name]
            guard entry.from == now?.version else {
                throw FactError("apk and its database do not agree on what is installed of \(entry.name)")
            }
            let listed = entry.to.flatMap { lists.architecture(of: entry.name, $0) }
            changes.append(
                PackageChange(
                    name: entry.name, architecture: now?.architecture ?? listed ?? native, from: entry.from,
                    to: entry.to))
        }
        return changes.sorted { ($0.name, $0.architecture) < ($1.name, $1.architecture) }
    }
}

/// What the cached lists of the repositories say of packages: name, version, architecture and size of each, a line for each.
struct ApkLists {
    private struct Row {
        var architecture: String
        var bytes: Int64
    }

    private var rows: [String: Row] = [:]

    init(parsing text: String) throws(FactError) {
        for line in FactText.lines(text) {
            let words = FactText.words(line)
            guard words.count == 4, FactText.isName(words[0]), FactText.isVersion(words[1]), FactText.isName(words[2]),
                let bytes: Int64 = FactText.number(words[3])
            else { throw .notUnderstood(line, of: "apk's lists") }
            rows["\(words[0])=\(words[1])"] = Row(architecture: String(words[2]), bytes: bytes)
        }
    }

    func architecture(of name: String, _ version: String) -> String? { rows["\(name)=\(version)"]?.architecture }

    /// What would be fetched. What no list tells counts as nothing: apk 3's own form of lists is not read.
    func downloadBytes(of changes: [PackageChange]) -> Int64 {
        changes.reduce(0) { sum, change in
            let bytes = change.to.flatMap { rows["\(change.name)=\($0)"]?.bytes } ?? 0
            let (total, overflow) = sum.addingReportingOverflow(bytes)
            return overflow ? .max : total
        }
    }
}
