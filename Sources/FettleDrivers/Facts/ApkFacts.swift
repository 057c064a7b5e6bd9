import FettleModel

/// What is asked of apk (Alpine). Written from its documentation and its sources' formats; never yet run on an Alpine
/// host.
enum ApkSections {
    static let packages = SectionedScript.Section(
        name: "apk", limit: 8 * 1_024 * 1_024,
        body: #"""
                file=/lib/apk/db/installed
                if [ ! -s "$file" ]; then file=/usr/lib/apk/db/installed; fi
                if [ ! -s "$file" ] || ! have apk; then return 77; fi
                sed -n -e '/^[PVAo]:/p' -e '/^$/p' "$file"
            """#)

    static let updates = SectionedScript.Section(
        name: "apkupdates", limit: 2 * 1_024 * 1_024,
        body: #"""
                if [ ! -s /lib/apk/db/installed ] && [ ! -s /usr/lib/apk/db/installed ] || ! have apk; then return 77; fi
                updates=$(within 60 apk --no-network version -v -l '<') || return
                printf '%s\n' "$updates"
                echo policy
                names=$(printf '%s\n' "$updates" | sed -n 's/^\([A-Za-z0-9.+_-]*\)-[0-9][^-]*-r[0-9]* *<.*/\1/p')
                if [ -n "$names" ]; then within 60 apk --no-network policy $names; fi
            """#)
}

/// Reads apk's database of installed packages ([format](https://wiki.alpinelinux.org/wiki/Apk_spec)): paragraphs with
/// `P:` name, `V:` version, `A:` architecture and `o:` the source it was built from.
enum ApkPackages {
    static func installed(_ text: String) throws(FactError) -> [InstalledPackage] {
        var found: [InstalledPackage] = []
        var fields: [Character: String] = [:]
        for line: Substring in (text + "\n\n").split(separator: "\n", omittingEmptySubsequences: false) {
            if let letter = line.first {
                guard line.dropFirst().first == ":" else { throw .notUnderstood(line, of: "apk's database") }
                fields[letter] = String(line.dropFirst(2))
                continue
            }
            defer { fields = [:] }
            if fields.isEmpty { continue }
            guard let name = fields["P"], let version = fields["V"], FactText.isName(name), FactText.isVersion(version)
            else { throw FactError("a package in apk's database has no name or version") }
            found.append(
                InstalledPackage(
                    manager: .apk, name: name, architecture: fields["A"] ?? "", version: version,
                    source: fields["o"] ?? name, sourceVersion: version))
        }
        guard !found.isEmpty else { throw FactError("apk's database names no package at all") }
        return found.sorted { $0.name < $1.name }
    }

    /// Lines such as `busybox-1.36.1-r2   < 1.36.1-r5`, then what `apk policy` tells: a package, its versions, and
    /// under each version the repositories that have it.
    static func updates(_ text: String, installed: [InstalledPackage]) throws(FactError) -> [AvailableUpdate] {
        var present: [String: InstalledPackage] = [:]
        for package in installed { present["\(package.name)-\(package.version)"] = package }
        let lines = FactText.lines(text)
        guard let border = lines.firstIndex(of: "policy") else {
            throw FactError("apk stopped in the middle of its answer")
        }
        let repositories = repositories(lines[(border + 1)...])
        var updates: [AvailableUpdate] = []
        for line in lines[..<border] where !line.hasPrefix("Installed:") {
            let words = line.split(separator: " ")
            guard words.count >= 3, words[1] == "<", let package = present[String(words[0])],
                FactText.isVersion(words[2])
            else { throw .notUnderstood(line, of: "apk version") }
            let candidate = String(words[2])
            let origins = repositories["\(package.name)=\(candidate)"] ?? []
            updates.append(
                AvailableUpdate(
                    manager: .apk, name: package.name, architecture: package.architecture, installed: package.version,
                    candidate: candidate, source: package.source, sourceVersion: candidate,
                    origins: origins.map { UpdateOrigin(origin: "", suite: $0) }))
        }
        return updates.sorted { $0.name < $1.name }
    }

    /// By `name=version`, where it is on offer; what is only installed has no place.
    static func repositories(_ lines: ArraySlice<Substring>) -> [String: [String]] {
        var found: [String: [String]] = [:]
        var (name, version) = ("", "")
        for line in lines {
            let text = line.drop { $0 == " " }
            switch line.count - text.count {
            case 0: name = text.hasSuffix(" policy:") ? String(text.dropLast(" policy:".count)) : ""
            case 1...3: version = String(text.hasSuffix(":") ? text.dropLast() : text)
            default:
                if !text.hasSuffix("db/installed") { found["\(name)=\(version)", default: []].append(String(text)) }
            }
        }
        return found
    }
}
