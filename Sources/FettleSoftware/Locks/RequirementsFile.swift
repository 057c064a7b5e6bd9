import FettleModel
import Foundation

/// Reads `requirements.txt` ([format](https://pip.pypa.io/en/stable/reference/requirements-file-format/)): what is pinned
/// with `==`; all else that is required is named.
enum RequirementsFile {
    private enum Line {
        case pinned(name: Substring, version: Substring)
        case skipped(String)
        case nothing
    }

    static func read(_ data: Data) throws(Refusal) -> SoftwareList {
        var collector = ListCollector()
        var joined = ""
        // People write this one by hand, often without an end of the last line, and pip reads it all the same.
        for line in data.textLines() {
            // A backslash at the end joins lines; pip-compile puts hashes on lines of their own.
            if line.utf8.last == UInt8(ascii: "\\") {
                joined += line.dropLast() + " "
                continue
            }
            let whole = joined + line
            joined = ""
            take(whole[...], &collector)
        }
        if !joined.isEmpty { take(joined[...], &collector) }
        return try collector.finished()
    }

    private static func take(_ line: Substring, _ collector: inout ListCollector) {
        switch read(line) {
        case .nothing: return
        case .skipped(let reason): collector.skip(line.trimmed, reason)
        case .pinned(let name, let version):
            collector.add(RegistryName.package(RegistryName.pypi, name, version))
        }
    }

    static func isPinned(_ line: Substring) -> Bool {
        if case .pinned = read(line) { return true }
        return line.hasPrefix("--hash=")
    }

    private static func read(_ line: Substring) -> Line {
        var text = line.trimmed
        if text.isEmpty || text.hasPrefix("#") { return .nothing }
        if let comment = text.range(of: " #") { text = text[..<comment.lowerBound].trimmed }
        if text.hasPrefix("-") { return option(text) }
        if let hash = text.range(of: " --") { text = text[..<hash.lowerBound].trimmed }
        if let marker = text.utf8.firstIndex(of: UInt8(ascii: ";")) { text = text[..<marker].trimmed }
        if text.contains(" @ ") || text.contains("://") {
            return .skipped("it comes from an address, not from a registry")
        }
        guard let equals = text.range(of: "==") else { return .skipped("it is not pinned with ==") }
        var version = text[equals.upperBound...]
        // `===` asks for the very text.
        if version.hasPrefix("=") { version = version.dropFirst() }
        version = version.trimmed
        let name = text[..<equals.lowerBound].prefix { $0 != "[" }.trimmed
        guard !version.isEmpty, !version.contains("*"), !version.contains(","), !version.contains(" ") else {
            return .skipped("it is not pinned to one version")
        }
        guard isName(name) else { return .skipped("it is no requirement") }
        return .pinned(name: name, version: version)
    }

    private static func option(_ text: Substring) -> Line {
        let words = text.split(whereSeparator: { $0 == " " || $0 == "=" })
        switch words.first {
        case "-r", "--requirement", "-c", "--constraint": return .skipped("the other file is not read")
        case "-e", "--editable": return .skipped("it comes from an address, not from a registry")
        default: return .nothing
        }
    }

    private static func isName(_ text: Substring) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy {
                $0 &- 0x30 < 10 || ($0 | 0x20) &- 0x61 < 26 || "._-".utf8.contains($0)
            }
    }
}
