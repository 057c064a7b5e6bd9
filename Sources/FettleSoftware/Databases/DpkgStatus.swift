import FettleModel
import FettleVersions
import Foundation

/// Reads dpkg's status file ([deb822(5)](https://manpages.debian.org/deb822.5), `dpkg-query(1)` for the states).
///
/// Works on bytes: of a stanza only the five fields that matter become text, since a host's file of 2 MB is mostly
/// descriptions. A stanza without a Status, as distroless images keep them in `status.d`, counts as installed.
struct DpkgStatus {
    private struct Stanza {
        var package = 0..<0
        var status = 0..<0
        var architecture = 0..<0
        var source = 0..<0
        var version = 0..<0
        var isOfArchive = false
    }

    private var lines: ByteLines
    private var collector = ListCollector()
    private var stanza = Stanza()
    private var archived = 0

    static func read(_ data: Data) throws(Refusal) -> SoftwareList {
        let collector = data.withUnsafeBytes { bytes -> Result<ListCollector, Refusal> in
            var reader = DpkgStatus(lines: ByteLines(bytes))
            reader.readAll()
            if reader.archived > 0, reader.collector.list.packages.isEmpty {
                return .failure(
                    Refusal(
                        "this is the index of an archive (Packages), which says what could be installed; "
                            + "give /var/lib/dpkg/status"))
            }
            return .success(reader.collector)
        }
        return try collector.get().finished()
    }

    private init(lines: ByteLines) {
        self.lines = lines
    }

    private mutating func readAll() {
        while lines.advance() {
            let line = lines.line
            guard !line.isEmpty else {
                finishStanza()
                continue
            }
            // Every wanted field begins with one of these; all else, above all continuation lines, is passed over.
            switch lines.bytes[line.lowerBound] | 0x20 {
            case UInt8(ascii: "p"): readPackage(line)
            case UInt8(ascii: "s"):
                if let value = value(of: "Status", line) { stanza.status = value }
                if let value = value(of: "Source", line) { stanza.source = value }
            case UInt8(ascii: "a"): if let value = value(of: "Architecture", line) { stanza.architecture = value }
            case UInt8(ascii: "v"): if let value = value(of: "Version", line) { stanza.version = value }
            case UInt8(ascii: "f"): if value(of: "Filename", line) != nil { stanza.isOfArchive = true }
            default: break
            }
        }
        switch ending {
        case .whole: finishStanza()
        case .cutOff: collector.skip(lastName, ListCollector.cutOff)
        case .withinLine:
            finishStanza()
            collector.skip("what follows \(lastName)", ListCollector.endsWithinLine)
        }
    }

    private var lastName: String {
        let name = lines.text(stanza.package)
        return name.isEmpty ? "the stanza at line \(lines.number)" : name
    }

    private enum Ending { case whole, cutOff, withinLine }

    /// How the last stanza, with no empty line behind it, ends. dpkg gives each a maintainer, behind that its version, near the end a
    /// description, and each line an end: one of dpkg's own without a description was cut off, and its version may be half of one. One
    /// that others wrote with less is whole, with an end of its last line or without. An end that was lost further on cannot be told
    /// from an empty line that was lost, as copies often lose it.
    private var ending: Ending {
        guard !stanza.package.isEmpty else { return lines.endsWithinLine ? .cutOff : .whole }
        var rest = ByteLines(UnsafeRawBufferPointer(rebasing: lines.bytes[stanza.package.lowerBound...]))
        var hasMaintainer = false
        while rest.advance() {
            let start = rest.line.lowerBound
            if rest.line.count >= 12, rest.isWord("Description:", start..<start + 12) {
                return hasMaintainer && lines.endsWithinLine ? .withinLine : .whole
            }
            if rest.line.count >= 11, rest.isWord("Maintainer:", start..<start + 11) { hasMaintainer = true }
        }
        let isOwn = hasMaintainer && !stanza.status.isEmpty
        // A word that is only begun is no field, and says that something was to follow.
        return isOwn || lines.endsWithinLine && !lines.bytes[lines.line].contains(UInt8(ascii: ":")) ? .cutOff : .whole
    }

    /// Files put in a row may lack the empty line between them, so each Package begins a stanza.
    private mutating func readPackage(_ line: Range<Int>) {
        guard let value = value(of: "Package", line) else { return }
        if !stanza.package.isEmpty { finishStanza() }
        stanza.package = value
    }

    private func value(of field: StaticString, _ line: Range<Int>) -> Range<Int>? {
        let colon = line.lowerBound + field.utf8CodeUnitCount
        guard colon < line.upperBound, lines.bytes[colon] == UInt8(ascii: ":"),
            lines.isWord(field, line.lowerBound..<colon)
        else { return nil }
        return lines.trimmed(colon + 1..<line.upperBound)
    }

    private mutating func finishStanza() {
        defer { stanza = Stanza() }
        guard !stanza.package.isEmpty else {
            // A heading without a package, such as that of a Release file, is no entry; a version alone is a lost one.
            if !stanza.version.isEmpty {
                collector.skip("the stanza up to line \(lines.number)", "it has no Package")
            }
            return
        }
        let name = lines.text(stanza.package)
        if stanza.status.isEmpty, stanza.isOfArchive {
            archived += 1
            return collector.skip(name, "a stanza of an archive's index, not of what is installed")
        }
        switch isOnDisk() {
        case .some(false): return
        case nil: return collector.skip(name, "the status \(lines.text(stanza.status).debugDescription) is unknown")
        case .some(true): break
        }
        guard !stanza.version.isEmpty else { return collector.skip(name, "it has no Version") }
        let version = lines.text(stanza.version)
        guard DpkgVersion.isValid(version) else {
            return collector.skip(name, "\(ListCollector.shown(version).debugDescription) is no Debian version")
        }
        let source = lines.text(stanza.source)
        let parts = DebianSource(source)
        collector.add(
            ListedPackage(
                origin: .system(.dpkg), name: name, architecture: lines.text(stanza.architecture), version: version,
                source: parts?.name, sourceVersion: parts?.version))
        if parts == nil, !source.isEmpty {
            collector.skip(
                name,
                "its Source \(ListCollector.shown(source).debugDescription) is not `name (version)`; "
                    + "read as its own source")
        }
    }

    /// Whether the package's files are on the disk: in every state but `not-installed` and `config-files`. In
    /// `half-installed` and `unpacked` they are there, as old or new as the Version says, though nothing is set up.
    /// Nil for a state that dpkg doesn't have. The first word (`install`, `hold`, `deinstall`) is only a wish.
    private func isOnDisk() -> Bool? {
        if stanza.status.isEmpty { return true }
        var start = stanza.status.upperBound
        while start > stanza.status.lowerBound, lines.bytes[start - 1] != 0x20 { start -= 1 }
        let state = start..<stanza.status.upperBound
        if lines.isWord("installed", state) { return true }
        if lines.isWord("config-files", state) || lines.isWord("not-installed", state) { return false }
        let isBetween =
            lines.isWord("half-installed", state) || lines.isWord("unpacked", state)
            || lines.isWord("half-configured", state) || lines.isWord("triggers-awaited", state)
            || lines.isWord("triggers-pending", state)
        return isBetween ? true : nil
    }
}

/// The value of a Source field: `name` or `name (version)`.
struct DebianSource: Equatable {
    var name: String
    /// Nil where it is the binary package's own.
    var version: String?

    /// Nil for an empty or malformed value.
    init?(_ text: String) {
        guard let space = text.utf8.firstIndex(of: 0x20) else {
            if text.isEmpty || text.utf8.contains(UInt8(ascii: "(")) { return nil }
            name = text
            return
        }
        let rest = text[space...].trimmed
        guard space > text.startIndex, rest.utf8.first == UInt8(ascii: "("), rest.utf8.last == UInt8(ascii: ")"),
            rest.utf8.count > 2
        else { return nil }
        name = String(text[..<space])
        let inner = String(rest.dropFirst().dropLast().trimmed)
        guard DpkgVersion.isValid(inner) else { return nil }
        version = inner
    }
}
