import FettleModel

/// Reads the section `apt`: what the host's package lists offer for the packages it has.
struct AptUpdates {
    private(set) var updates: [AvailableUpdate] = []

    /// - Parameters:
    ///   - packages: the host's packages, for their architectures and holds. Also the broken ones: a newer version is
    ///     often what repairs them.
    ///   - native: the architecture that apt leaves out of names.
    init(parsing text: String, packages: DpkgPackages, native: String) throws(FactError) {
        // Nothing at all: no package has a candidate other than what is installed.
        if text.utf8.allSatisfy({ $0 == UInt8(ascii: "\n") }) { return }
        let answer = try AptAnswer(text)
        let sources = try AptSources(parsing: answer.sources)
        let policy = try AptPolicy(parsing: answer.updates)
        let records = try AptRecords(parsing: answer.records)
        let present = Self.present(packages, native: native)

        for entry in policy.entries {
            guard let package = present[entry.name], let installed = entry.installed, let candidate = entry.candidate,
                let newer = entry.versions.firstIndex(where: { $0.version == candidate }),
                let current = entry.versions.firstIndex(where: { $0.version == installed }),
                // The table is sorted, newest first. A pin can make an older version the candidate: that is no update.
                newer < current
            else { continue }
            let source = records.sources["\(package.name)=\(candidate)"]
            let origins = entry.versions[newer].files.map { file in
                sources.origins[file] ?? UpdateOrigin(origin: "", suite: file)
            }
            updates.append(
                AvailableUpdate(
                    manager: .dpkg, name: package.name, architecture: package.architecture, installed: installed,
                    candidate: candidate, source: source?.name ?? package.name,
                    sourceVersion: source?.version ?? candidate, isHeld: package.isHeld, origins: unique(origins)))
        }
        updates.sort { ($0.name, $0.architecture) < ($1.name, $1.architecture) }
    }

    private struct Present {
        var name: String
        var architecture: String
        var isHeld: Bool
    }

    /// By the name that apt prints.
    private static func present(_ packages: DpkgPackages, native: String) -> [String: Present] {
        var present: [String: Present] = [:]
        func add(_ package: Present) {
            let isNative = package.architecture == native || package.architecture == "all"
            present[isNative ? package.name : "\(package.name):\(package.architecture)"] = package
        }
        for package in packages.broken {
            add(Present(name: package.name, architecture: package.architecture, isHeld: false))
        }
        for package in packages.installed {
            add(Present(name: package.name, architecture: package.architecture, isHeld: package.isHeld))
        }
        return present
    }
}

/// The three parts of the section, by the lines between them.
private struct AptAnswer {
    var sources = ""
    var updates = ""
    var records = ""

    init(_ text: String) throws(FactError) {
        var parts = [""]
        let names = ["sources", "updates", "records"]
        for line in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map({
            Substring($0)
        }) {
            if parts.count <= names.count, line == names[parts.count - 1] {
                parts.append("")
            } else {
                parts[parts.count - 1] += line + "\n"
            }
        }
        guard parts.count == 4 else { throw FactError("apt-cache stopped in the middle of its answer") }
        (sources, updates, records) = (parts[1], parts[2], parts[3])
    }
}

/// The source package of each version, from the records that `apt-cache show` prints, cut down to four fields.
struct AptRecords: Equatable {
    struct Source: Equatable {
        var name: String
        var version: String
    }

    /// By `name=version`.
    private(set) var sources: [String: Source] = [:]

    init(parsing text: String) throws(FactError) {
        var fields: [Substring: Substring] = [:]
        for bytes in (text + "\n\n").utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            let line = Substring(bytes)
            guard !line.isEmpty else {
                if let name = fields["Package"], let version = fields["Version"] {
                    sources["\(name)=\(version)"] = Self.source(fields["Source"], name: name, version: version)
                }
                fields = [:]
                continue
            }
            guard let colon = line.firstIndex(of: ":") else { throw .notUnderstood(line, of: "apt-cache show") }
            fields[line[..<colon]] = line[line.index(after: colon)...].drop { $0 == " " }
        }
    }

    /// `Source` is missing where it says nothing new, and names a version only where that differs: `glibc (2.36-9)`.
    private static func source(_ field: Substring?, name: Substring, version: Substring) -> Source {
        guard let field else { return Source(name: String(name), version: String(version)) }
        let words = field.split(separator: " ")
        let ownVersion = words.count > 1 ? words[1].dropFirst().dropLast() : version
        return Source(name: String(words.first ?? name), version: String(ownVersion))
    }
}

/// Elements in their order, each once.
func unique<Element: Hashable>(_ elements: [Element]) -> [Element] {
    var seen: Set<Element> = []
    return elements.filter { seen.insert($0).inserted }
}
