import FettleModel
import FettleVersions
import Foundation

/// Reads apk's database of installed packages: stanzas of `X:value` lines, parted by empty lines
/// ([format](https://wiki.alpinelinux.org/wiki/Apk_spec)).
enum ApkDatabase {
    private struct Stanza {
        var fields: [UInt8: String] = [:]
        /// Which apk writes first of each package.
        var hasChecksum = false
        var name: String { fields[UInt8(ascii: "P")] ?? "" }
    }

    static func read(_ data: Data) throws(Refusal) -> SoftwareList {
        var collector = ListCollector()
        data.withUnsafeBytes { bytes in
            var lines = ByteLines(bytes)
            var stanza = Stanza()
            while lines.advance() {
                let line = lines.line
                if line.isEmpty {
                    finish(&stanza, lines.number, &collector)
                } else if line.count >= 2, bytes[line.lowerBound + 1] == UInt8(ascii: ":") {
                    let field = bytes[line.lowerBound]
                    switch field {
                    // Architecture, origin, package, version. After the first of F:, R: and M: come the files, whose
                    // lines never have these letters in this case but for `a:`, an owner and a mode.
                    case UInt8(ascii: "C"): stanza.hasChecksum = true
                    case UInt8(ascii: "A"), UInt8(ascii: "o"), UInt8(ascii: "P"), UInt8(ascii: "V"):
                        stanza.fields[field] = lines.text(lines.trimmed(line.lowerBound + 2..<line.upperBound))
                    default: break
                    }
                }
            }
            // apk names the origin of what it installs, behind the version: without it the entry has lost its end.
            // One that was made by hand has no checksum, and is whole as it stands.
            let isOwn = stanza.hasChecksum
            let lastLine = lines.line
            let inOrigin =
                lines.endsWithinLine && lastLine.count > 1 && lines.bytes[lastLine.lowerBound] == UInt8(ascii: "o")
            let isHalf = lines.endsWithinLine && lastLine.count < 2
            let name = stanza.name.isEmpty ? "the stanza at line \(lines.number)" : stanza.name
            if isHalf || isOwn && (stanza.fields[UInt8(ascii: "o")] == nil || inOrigin) {
                collector.skip(name, ListCollector.cutOff)
            } else {
                finish(&stanza, lines.number, &collector)
                if isOwn, lines.endsWithinLine { collector.skip("what follows \(name)", ListCollector.endsWithinLine) }
            }
        }
        return try collector.finished()
    }

    private static func finish(_ stanza: inout Stanza, _ line: Int, _ collector: inout ListCollector) {
        defer { stanza = Stanza() }
        guard !stanza.fields.isEmpty else { return }
        guard !stanza.name.isEmpty else {
            return collector.skip("the stanza up to line \(line)", "it has no name (P:)")
        }
        let version = stanza.fields[UInt8(ascii: "V")] ?? ""
        guard version.isEmpty || ApkVersion.isValid(version) else {
            return collector.skip(
                stanza.name, "\(ListCollector.shown(version).debugDescription) is no version of apk's")
        }
        let origin = stanza.fields[UInt8(ascii: "o")] ?? ""
        collector.add(
            ListedPackage(
                origin: .system(.apk), name: stanza.name, architecture: stanza.fields[UInt8(ascii: "A")] ?? "",
                version: version, source: origin.isEmpty ? nil : origin))
    }
}
