import FettleModel

/// Gathers the entries of one document: bounded, each package once, each unreadable entry by name.
struct ListCollector {
    /// A large monorepo's lock files have some 10,000 packages, a large image 5,000.
    static let maximumEntries = 1_000_000
    /// Bytes of a name or a version. The longest real ones (Go's module paths) stay below 200.
    static let maximumLength = 512

    /// Of an entry in which a file ends: it may have another version than the file still says.
    static let cutOff = "the file is cut off here: this entry is not judged, and what followed it is missing"

    private(set) var list = SoftwareList()
    private var seen: Set<ListedPackage> = []

    var isFull: Bool { list.packages.count + list.skipped.count >= Self.maximumEntries }

    mutating func add(_ package: ListedPackage) {
        guard !isFull else { return }
        if package.name.isEmpty { return skip("an entry of version \(package.version)", "it has no name") }
        if package.version.isEmpty { return skip(package.name, "it has no version") }
        let texts = [
            package.name, package.architecture, package.version, package.source, package.sourceVersion,
            package.module ?? "",
        ]
        guard texts.allSatisfy(Self.isPlain) else {
            return skip(package.name, "its name or version has control characters or is too long")
        }
        if seen.insert(package).inserted { list.packages.append(package) }
    }

    mutating func skip(_ entry: some StringProtocol, _ reason: String) {
        guard !isFull else { return }
        list.skipped.append("\(Self.shown(entry)): \(reason)")
    }

    /// Of a file that ends within a line, behind an entry that is whole.
    static let endsWithinLine = "the file ends within a line, as if it were cut off: more may be missing"

    /// - Parameter rest: what stands behind the last end of a line; nil for nothing.
    mutating func skipRest(_ rest: Substring?) {
        guard let rest else { return }
        skip(rest.trimmed.isEmpty ? "the last line" : rest.trimmed, Self.cutOff)
    }

    /// Packages that name the platform themselves are then its own.
    mutating func setPlatform(_ platform: String?) {
        list.platform = platform
        guard let platform else { return }
        var settled: Set<ListedPackage> = []
        list.packages = list.packages.compactMap { package in
            var package = package
            if package.platform == platform { package.platform = nil }
            return settled.insert(package).inserted ? package : nil
        }
    }

    /// - Throws: if the document has more entries than any real one.
    func finished() throws(Refusal) -> SoftwareList {
        if isFull { throw Refusal("more than \(Self.maximumEntries) entries; split the file") }
        return list
    }

    private static func isPlain(_ text: String) -> Bool {
        text.utf8.count <= maximumLength && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }

    /// For messages: one line of at most 120 characters, whatever the text holds.
    static func shown(_ text: some StringProtocol) -> String {
        // A scalar at a time: one character may hold any number of combining marks.
        var result = ""
        for scalar in text.unicodeScalars.prefix(120) {
            result.unicodeScalars.append(scalar.value < 0x20 || scalar.value == 0x7F ? "?" : scalar)
        }
        return result.isEmpty ? "an entry without a name" : result
    }
}
