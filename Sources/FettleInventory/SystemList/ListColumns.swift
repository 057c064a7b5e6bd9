internal import FettleModel

/// What the columns of a team's list mean.
struct ListColumns {
    enum Meaning: Hashable {
        case system, package, version
        case claim(SystemList.Subject)

        var words: String {
            switch self {
            case .system: "system"
            case .package: "package"
            case .version: "version"
            case .claim(.platform): "platform"
            case .claim(.package(let name)): "package:\(name)"
            case .claim(let subject): subject.words
            }
        }
    }

    /// By the column's place in the header.
    private(set) var meanings: [Int: Meaning] = [:]

    /// What people call them, without blanks and marks. The first of each is how a mapping names it.
    private static let names: [(Meaning, [String])] = [
        (
            .system,
            ["system", "host", "hostname", "server", "servername", "machine", "node", "resource", "fqdn", "name", "id"]
        ),
        (.package, ["package", "software", "component", "application", "product", "packagename"]),
        (.version, ["version", "installed", "installedversion", "patchlevel", "currentversion", "level"]),
        (.claim(.platform), ["platform", "os", "operatingsystem", "distribution", "osversion"]),
        (.claim(.kernel), ["kernel", "runningkernel", "kernelversion"]),
        (.claim(.environment), ["environment", "env", "stage"]),
        (.claim(.owner), ["owner", "team", "responsible", "contact"]),
    ]

    static let mappingNames = [
        "system", "package", "version", "platform", "kernel", "environment", "owner", "package:NAME", "none",
    ]

    init(_ header: SystemListReader.Row, _ options: SystemListFile.Options, _ reading: Reading) {
        var wanted = options.meanings.reduce(into: [String: String]()) { $0[Self.folded($1.key)] = $1.value }
        var systemTitle: String?
        let packages = options.packages.reduce(into: [String: String]()) { $0[$1.lowercased()] = $1 }
        for (index, cell) in header.cells.enumerated() where !cell.text.isEmpty {
            let folded = Self.folded(cell.text)
            if let word = wanted[folded] {
                if Self.meaning(word) == .system { systemTitle = folded }
                if word != "none" { set(Self.meaning(word), index, cell, reading) }
                continue
            }
            if let known = Self.names.first(where: { $0.1.contains(folded) })?.0 {
                // Two columns may look like the name: the one that says so most plainly is, and it comes first in the list.
                if known == .system, let first = systemTitle, first != folded { continue }
                if known == .system { systemTitle = folded }
                set(known, index, cell, reading)
            } else if let package = packages[cell.text.lowercased()] {
                set(.claim(.package(package)), index, cell, reading)
            } else {
                reading.warning(
                    "the column \(cell.text.quoted) is neither known nor a package that any system has: passed over",
                    at: cell.place, hint: "--column '\(cell.text.shown())=MEANING' says what it is")
            }
        }
        for cell in header.cells { wanted[Self.folded(cell.text)] = nil }
        for title in options.meanings.keys.sorted() where wanted[Self.folded(title)] != nil {
            let hint = Suggestion.hint(
                for: title, in: header.cells.map(\.text).filter { !$0.isEmpty }, otherwise: "columns")
            reading.problem("there is no column \(title.quoted)", at: header.place, hint: hint)
        }
        check(header, reading)
    }

    /// A meaning as a mapping names it; nil: there is none such.
    static func meaning(_ word: String) -> Meaning? {
        if word.lowercased().hasPrefix("package:") {
            let name = String(word.dropFirst("package:".count))
            return isPackage(name) ? .claim(.package(name)) : nil
        }
        return names.first { $0.1[0] == word.lowercased() }?.0
    }

    private mutating func set(
        _ meaning: Meaning?, _ index: Int, _ cell: SystemListReader.Cell, _ reading: Reading
    ) {
        guard let meaning else {
            return reading.problem(
                "the column \(cell.text.quoted) has no such meaning", at: cell.place,
                hint: "a meaning is one of \(Self.mappingNames.joined(separator: ", "))")
        }
        guard !meanings.values.contains(meaning) else {
            return reading.problem(
                "the column \(cell.text.quoted) means '\(meaning.words.shown())', as another one does", at: cell.place,
                hint: "--column '\(cell.text.shown())=none' passes it over")
        }
        meanings[index] = meaning
    }

    private func check(_ header: SystemListReader.Row, _ reading: Reading) {
        let found = Set(meanings.values)
        if !found.contains(.system) {
            reading.problem(
                "no column names the systems", at: header.place,
                hint: "call one 'system', or say --column 'TITLE=system'")
        }
        if found.contains(.package) != found.contains(.version) {
            let (there, lacking) = found.contains(.package) ? ("package", "version") : ("version", "package")
            reading.problem(
                "there is a column '\(there)' and none '\(lacking)'", at: header.place,
                hint: "--column 'TITLE=\(lacking)', or 'TITLE=package:NAME' for the versions of one package")
        }
        if found == [.system] {
            reading.problem(
                "no column says anything of the systems that could be compared", at: header.place,
                hint: "columns are versions of packages, or \(Self.mappingNames.dropFirst().joined(separator: ", "))")
        }
    }

    static func folded(_ text: String) -> String {
        String(
            String.UnicodeScalarView(text.lowercased().unicodeScalars.filter { !" _-./".unicodeScalars.contains($0) }))
    }

    /// As package managers allow names: letters, digits and `+-._:`, beginning with a letter or a digit.
    static func isPackage(_ name: String) -> Bool {
        guard let first = name.utf8.first, NameRule.isAlphanumeric(first), name.utf8.count <= 128 else { return false }
        return name.utf8.allSatisfy { NameRule.isAlphanumeric($0) || "+-._:".utf8.contains($0) }
    }
}
