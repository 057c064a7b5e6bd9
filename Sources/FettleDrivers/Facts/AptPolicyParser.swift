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
            let indentation = line.utf8.prefix { $0 == UInt8(ascii: " ") }.count
            let words = FactText.words(line)
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

/// Reads the package lists that `apt-get indextargets` names, each with the fields of its archive's Release file,
/// separated by tabs: description, origin, suite, codename, label, component.
struct AptSources: Equatable {
    /// By the list's description, which is what the version tables print: `http://mirror/debian bookworm/main amd64
    /// Packages`.
    private(set) var origins: [String: UpdateOrigin] = [:]

    init(parsing text: String) throws(FactError) {
        for line in FactText.lines(text) {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard fields.count >= 6, !fields[0].isEmpty else { throw .notUnderstood(line, of: "apt-get indextargets") }
            origins[fields[0]] = UpdateOrigin(
                origin: fields[1], suite: fields[2], codename: fields[3], label: fields[4], component: fields[5])
        }
    }
}
