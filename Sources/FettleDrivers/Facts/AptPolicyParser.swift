import FettleModel

/// Reads the version tables that `apt-cache policy NAME...` prints
/// ([apt-cache(8)](https://manpages.debian.org/apt-cache)):
///
///     openssl:
///       Installed: 3.0.17-1~deb12u2
///       Candidate: 3.0.18-1~deb12u1
///       Version table:
///          3.0.18-1~deb12u1 500
///             500 http://mirror/debian-security bookworm-security/main amd64 Packages
///      *** 3.0.17-1~deb12u2 100
///             100 /var/lib/dpkg/status
struct AptPolicy: Equatable {
    struct Entry: Equatable {
        /// As apt prints it: `name`, or `name:architecture` where that is not the native one.
        var name: String
        var installed: String?
        var candidate: String?
        /// Newest first.
        var versions: [Version] = []
    }

    struct Version: Equatable {
        var version: String
        /// Package lists and files that offer it, without their priority, such as
        /// `http://mirror/debian bookworm/main amd64 Packages`. dpkg's own status file is not among them.
        var files: [String] = []
    }

    var entries: [Entry] = []

    init(parsing text: String) throws(FactError) {
        for line in FactText.lines(text) {
            let indentation = line.prefix { $0 == " " }.count
            let words = line.split(separator: " ")
            if indentation == 0 {
                guard line.hasSuffix(":"), line.dropLast().split(separator: ":").allSatisfy(FactText.isName) else {
                    throw .notUnderstood(line, of: "apt-cache policy")
                }
                entries.append(Entry(name: String(line.dropLast())))
                continue
            }
            guard !entries.isEmpty, let first = words.first else { throw .notUnderstood(line, of: "apt-cache policy") }
            try Self.read(line, words, first, indentation, into: &entries[entries.count - 1])
        }
    }

    private static func read(
        _ line: Substring, _ words: [Substring], _ first: Substring, _ indentation: Int, into entry: inout Entry
    ) throws(FactError) {
        switch first {
        case "Installed:" where indentation == 2: entry.installed = try version(words, line)
        case "Candidate:" where indentation == 2: entry.candidate = try version(words, line)
        case "Version" where indentation == 2, "Package" where indentation == 2: break
        case "***":
            guard words.count >= 2, FactText.isVersion(words[1]) else {
                throw .notUnderstood(line, of: "apt-cache policy")
            }
            entry.versions.append(Version(version: String(words[1])))
        case _ where indentation < 8:
            guard FactText.isVersion(first) else { throw .notUnderstood(line, of: "apt-cache policy") }
            entry.versions.append(Version(version: String(first)))
        default:
            guard !entry.versions.isEmpty, words.count >= 2 else { throw .notUnderstood(line, of: "apt-cache policy") }
            let file = words.dropFirst().joined(separator: " ")
            if !file.hasSuffix("/dpkg/status") { entry.versions[entry.versions.count - 1].files.append(file) }
        }
    }

    private static func version(_ words: [Substring], _ line: Substring) throws(FactError) -> String? {
        guard words.count == 2 else { throw .notUnderstood(line, of: "apt-cache policy") }
        if words[1] == "(none)" { return nil }
        guard FactText.isVersion(words[1]) else { throw .notUnderstood(line, of: "apt-cache policy") }
        return String(words[1])
    }
}

/// Reads the package lists that `apt-cache policy` names when it is asked for no package: each with the fields of its
/// archive's Release file.
struct AptSources: Equatable {
    /// By the list's line without its priority, as in `AptPolicy.Version.files`.
    var origins: [String: UpdateOrigin] = [:]

    init(parsing text: String) {
        var file: String?
        for line in FactText.lines(text) {
            let words = line.split(separator: " ")
            guard let first = words.first else { continue }
            if first == "release", let file {
                origins[file] = Self.origin(String(line.drop { $0 == " " }.dropFirst("release ".count)))
            } else if words.count >= 2, FactText.number(first, Int.self) != nil || first.hasPrefix("-") {
                file = words.dropFirst().joined(separator: " ")
            }
        }
        origins = origins.filter { !$0.key.hasSuffix("/dpkg/status") }
    }

    /// `v=12,o=Debian,a=stable,n=bookworm,l=Debian,c=main,b=amd64`. A value may hold commas: what follows one and does not
    /// begin with a letter and `=` still belongs to the value before.
    static func origin(_ release: String) -> UpdateOrigin {
        var fields: [Character: String] = [:]
        var current: Character?
        for part in release.split(separator: ",", omittingEmptySubsequences: false) {
            if let letter = part.first, part.dropFirst().first == "=", "voanlcb".contains(letter), fields[letter] == nil
            {
                fields[letter] = String(part.dropFirst(2))
                current = letter
            } else if let current {
                fields[current, default: ""] += ",\(part)"
            }
        }
        return UpdateOrigin(
            origin: fields["o"] ?? "", suite: fields["a"] ?? "", codename: fields["n"] ?? "", label: fields["l"] ?? "",
            component: fields["c"] ?? "")
    }
}
