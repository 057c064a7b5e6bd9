import FettleModel
import FettleVersions
import Foundation

/// Reads what `rpm -qa` printed: full names, or columns between tabs (`SoftwareListFormat.rpmList`).
enum RpmList {
    /// The columns that Fettle asks for in its documentation.
    static let queryFormat = #"%{NAME}\t%{EVR}\t%{ARCH}\t%{SOURCERPM}\t%{MODULARITYLABEL}\n"#

    static func read(_ data: Data) throws(Refusal) -> SoftwareList {
        var collector = ListCollector()
        let (lines, rest) = data.wholeLines()
        for (index, line) in lines.enumerated() where !line.trimmed.isEmpty {
            if isKey(line) { continue }
            guard let package = package(line) else {
                collector.skip(line, "line \(index + 1) is neither `name-version-release.arch` nor columns by tabs")
                continue
            }
            collector.add(package)
        }
        // Lists that were made by hand often lack the last end of a line.
        if let rest, isWhole(rest), let package = package(rest) {
            collector.add(package)
        } else if let rest, !isKey(rest) {
            collector.skipRest(rest)
        }
        return try collector.finished()
    }

    /// Keys of repositories are kept in the database as if they were packages.
    private static func isKey(_ line: Substring) -> Bool { line.hasPrefix("gpg-pubkey") }

    /// Whether a line without an end is all of itself: it ends in an architecture, or in the name of a source's file.
    private static func isWhole(_ line: Substring) -> Bool {
        let columns = line.split(separator: "\t", omittingEmptySubsequences: false)
        switch columns.count {
        case 1: return fullName(line.trimmed) != nil
        case 3: return architectures.contains(String(columns[2].trimmed))
        case 4: return columns[3].trimmed.hasSuffix(".src.rpm") || columns[3].trimmed == "(none)"
        case 5: return columns[4].trimmed == "(none)"
        default: return false
        }
    }

    static func package(_ line: Substring) -> ListedPackage? {
        let columns = line.split(separator: "\t", omittingEmptySubsequences: false)
        if columns.count == 1 { return fullName(line.trimmed) }
        guard (3...5).contains(columns.count) else { return nil }
        return package(
            name: columns[0], version: columns[1], architecture: columns[2],
            sourceRpm: columns.count > 3 ? columns[3] : "", label: columns.count > 4 ? columns[4] : "")
    }

    private static func fullName(_ text: Substring) -> ListedPackage? {
        guard let parts = RpmPackageName(String(text)), architectures.contains(parts.architecture),
            isWord(parts.name[...]), isVersion(parts.version.description[...])
        else { return nil }
        return ListedPackage(
            origin: .system(.rpm), name: parts.name, architecture: parts.architecture,
            version: parts.version.description)
    }

    /// - Parameters:
    ///   - version: `[epoch:]version-release`, where the epoch may be `(none)`.
    ///   - sourceRpm: a file name, empty, or `(none)`.
    ///   - label: a modularity label, empty, or `(none)`.
    static func package(
        name: Substring, version: Substring, architecture: Substring, sourceRpm: Substring, label: Substring
    ) -> ListedPackage? {
        let none = "(none):"
        let withoutNone = version.hasPrefix(none) ? version.dropFirst(none.count) : version
        guard isWord(name), isVersion(withoutNone), architecture == "(none)" || isWord(architecture) else { return nil }
        let parsed = RpmVersion(withoutNone)
        let source = source(sourceRpm, epoch: parsed.epoch)
        return ListedPackage(
            origin: .system(.rpm), name: String(name),
            architecture: architecture == "(none)" ? "" : String(architecture),
            version: parsed.description, source: source?.name, sourceVersion: source?.version, module: module(label))
    }

    /// Name and version of `openssl-3.0.7-1.el9.src.rpm`. A file's name leaves the epoch out; the package's own is
    /// taken, since rpm gives a package its source's epoch unless told otherwise.
    static func source(_ file: Substring, epoch: String?) -> (name: String, version: String)? {
        guard let parts = RpmPackageName(String(file)), parts.isSource else { return nil }
        let version = RpmVersion(
            epoch: parts.version.epoch ?? epoch, version: parts.version.version, release: parts.version.release)
        return (parts.name, version?.description ?? parts.version.description)
    }

    /// `nodejs:18` of `nodejs:18:9020020230825081254:rhel9`; nil for `(none)` and the like.
    static func module(_ label: some StringProtocol) -> String? {
        let parts = label.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count >= 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        return "\(parts[0]):\(parts[1])"
    }

    /// Words of rpm hold no blanks; a line of a log or a message does.
    private static func isWord(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "(") }
    }

    private static func isVersion(_ text: Substring) -> Bool {
        isWord(text) && text.utf8.contains(where: { $0 &- 0x30 < 10 })
    }

    /// What may stand behind the last dot of a full name, so that other text with dots and hyphens is no package.
    private static let architectures: Set<String> = [
        "noarch", "x86_64", "x86_64_v2", "x86_64_v3", "i386", "i486", "i586", "i686", "athlon", "geode", "aarch64",
        "armv5tel", "armv6hl", "armv7l", "armv7hl", "armv7hnl", "ppc", "ppc64", "ppc64le", "ppc64p7", "s390", "s390x",
        "riscv64", "loongarch64", "mips64el", "mipsel", "ia64", "sparcv9", "sparc64", "alpha",
    ]
}
