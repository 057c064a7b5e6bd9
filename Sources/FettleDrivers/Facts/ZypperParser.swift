import FettleModel

/// Reads the section `zypper`: three XML documents and a text, by the lines between them.
enum ZypperUpdates {
    static func updates(_ text: String, packages: RpmPackages) throws(FactError) -> [AvailableUpdate] {
        var parts: [[Substring]] = [[]]
        let borders = ["locks", "patches", "contents"]
        for line in FactText.lines(text) {
            if parts.count <= borders.count, line == borders[parts.count - 1] {
                parts.append([])
            } else {
                parts[parts.count - 1].append(line)
            }
        }
        guard parts.count == 4 else { throw FactError("zypper stopped in the middle of its answer") }
        let documents = parts.prefix(3).map { ElementReader($0.joined(separator: "\n")) }
        guard documents.allSatisfy({ $0.isComplete("stream") }) else {
            throw FactError("zypper stopped in the middle of its answer")
        }
        let held = Set(documents[1].elements("name").map(\.text))
        let advisories = advisories(documents[2], contents: parts[3])

        var updates: [AvailableUpdate] = []
        for element in documents[0].elements("update") where element.attributes["kind"] == "package" {
            guard let name = element.attributes["name"], let candidate = element.attributes["edition"],
                let architecture = element.attributes["arch"], FactText.isName(name), FactText.isVersion(candidate),
                FactText.isName(architecture)
            else { throw FactError("an update that zypper lists has no name, edition or architecture") }
            guard let present = packages.present(name, architecture) else { continue }
            let known = advisories[name] ?? RpmAdvisories()
            // zypper names no source package: an update's is taken to be that of what is installed.
            updates.append(
                AvailableUpdate(
                    manager: .rpm, name: name, architecture: architecture,
                    installed: element.attributes["edition-old"] ?? present.version, candidate: candidate,
                    source: present.source, sourceVersion: candidate, isHeld: held.contains(name),
                    origins: [UpdateOrigin(origin: "", suite: element.repository ?? "")], declaredClass: known.kind,
                    advisories: known.identifiers))
        }
        return updates.sorted { ($0.name, $0.architecture) < ($1.name, $1.architecture) }
    }

    /// By package: the needed patches that raise it. `zypper info` names a patch's packages as what it conflicts with:
    /// `Conflicts : libinvoice < 2.3-2`, or a count and then a line for each.
    private static func advisories(_ patches: ElementReader, contents: [Substring]) -> [String: RpmAdvisories] {
        var categories: [String: String] = [:]
        for element in patches.elements("update") where element.attributes["kind"] == "patch" {
            if let name = element.attributes["name"] { categories[name] = element.attributes["category"] ?? "" }
        }
        var found: [String: RpmAdvisories] = [:]
        var patch: String?
        for line in contents {
            let words = line.split(separator: " ").map(String.init)
            if words.count >= 3, words[0] == "Name", words[1] == ":" {
                patch = words[2]
            } else if let patch, let category = categories[patch], let less = words.firstIndex(of: "<"), less > 0 {
                // `srcpackage:` and `patch:` are no packages that are installed.
                let name = words[less - 1].split(separator: ".").first.map(String.init) ?? ""
                for candidate in Set([name, words[less - 1]]) where !candidate.contains(":") {
                    found[candidate, default: RpmAdvisories()].add(patch, category)
                }
            }
        }
        return found
    }
}

/// Just enough of XML for what zypper prints: elements with attributes, and text without markup inside. Total, and
/// without a parser that resolves entities from elsewhere.
struct ElementReader {
    struct Element {
        var attributes: [String: String]
        var text: String
        /// What is inside, as it is written.
        var content: String
        /// `alias` of the `source` element inside, where there is one.
        var repository: String?
    }

    private let document: String
    init(_ document: String) { self.document = document }

    func isComplete(_ root: String) -> Bool { document.contains("</\(root)>") }

    func elements(_ name: String) -> [Element] {
        var found: [Element] = []
        var rest = Substring(document)
        while let start = rest.firstRange(of: "<\(name) ") ?? rest.firstRange(of: "<\(name)>") {
            rest = rest[start.lowerBound...].dropFirst(name.utf8.count + 1)
            guard let close = Self.tagEnd(rest) else { break }
            let attributes = Self.attributes(rest[..<close])
            let isEmpty = rest[..<close].hasSuffix("/")
            rest = rest[close...].dropFirst()
            var body: Substring = ""
            if !isEmpty, let end = rest.firstRange(of: "</\(name)>") {
                body = rest[..<end.lowerBound]
                rest = rest[end.upperBound...]
            }
            let source = body.firstRange(of: "<source ").flatMap { range -> String? in
                let tag = body[range.upperBound...]
                return Self.tagEnd(tag).flatMap { Self.attributes(tag[..<$0])["alias"] }
            }
            found.append(
                Element(
                    attributes: attributes, text: Self.unescaped(body), content: String(body), repository: source))
        }
        return found
    }

    /// The `>` that ends a tag; one inside quotes does not.
    private static func tagEnd(_ text: Substring) -> Substring.Index? {
        var quote: Character?
        for index in text.indices {
            let character = text[index]
            if let open = quote {
                if character == open { quote = nil }
            } else if character == "\"" || character == "'" {
                quote = character
            } else if character == ">" {
                return index
            }
        }
        return nil
    }

    private static func attributes(_ tag: Substring) -> [String: String] {
        var attributes: [String: String] = [:]
        var rest = tag
        while let equals = rest.firstIndex(of: "=") {
            let name = rest[..<equals].split(whereSeparator: \.isWhitespace).last.map(String.init) ?? ""
            rest = rest[equals...].dropFirst()
            guard let quote = rest.first, quote == "\"" || quote == "'" else { break }
            rest = rest.dropFirst()
            guard let end = rest.firstIndex(of: quote) else { break }
            attributes[name] = unescaped(rest[..<end])
            rest = rest[end...].dropFirst()
        }
        return attributes
    }

    private static func unescaped(_ text: Substring) -> String {
        guard text.contains("&") else { return String(text) }
        return String(text).replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing("&quot;", with: "\"")
            .replacing("&apos;", with: "'").replacing("&amp;", with: "&")
    }
}
