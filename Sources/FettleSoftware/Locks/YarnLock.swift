import FettleModel
import Foundation

/// Reads `yarn.lock` of [Yarn 1](https://classic.yarnpkg.com/en/docs/yarn-lock) and of Yarn 2 and later. Both are written by
/// the machine: an unindented line with what was asked for, and indented lines with what was found.
enum YarnLock {
    private struct Entry {
        var line = 0
        var asked = ""
        var version = ""
        var resolved = ""
        var resolution = ""
    }

    static func read(_ data: Data) throws(Refusal) -> SoftwareList {
        var collector = ListCollector()
        var entry: Entry?
        let (lines, rest) = data.wholeLines()
        for (index, line) in lines.enumerated() where !line.trimmed.isEmpty && !line.hasPrefix("#") {
            if line.first != " " {
                if let entry { take(entry, &collector) }
                entry = Entry(line: index + 1, asked: String(line.trimmed))
            } else if line.hasPrefix("  "), !line.hasPrefix("   ") {
                let (key, value) = field(line.trimmed)
                switch key {
                case "version": entry?.version = value
                case "resolved": entry?.resolved = value
                case "resolution": entry?.resolution = value
                default: break
                }
            }
        }
        // A rest that is indented is of the last entry, which then may lack what tells where it comes from.
        if let rest, let cut = entry, rest.first == " " {
            collector.skip(cut.asked, ListCollector.cutOff)
        } else {
            if let entry { take(entry, &collector) }
            collector.skipRest(rest)
        }
        return try collector.finished()
    }

    /// `version "1.2.3"` of Yarn 1, `version: 1.2.3` of later ones.
    private static func field(_ line: Substring) -> (Substring, String) {
        let key = line.prefix { $0 != " " && $0 != ":" }
        let value = line.dropFirst(key.count).drop { $0 == ":" }.trimmed
        return (key, String(value.unquoted))
    }

    private static func take(_ entry: Entry, _ collector: inout ListCollector) {
        if entry.asked == "__metadata:" { return }
        guard entry.asked.hasSuffix(":") else {
            return collector.skip(entry.asked, "line \(entry.line) has no colon at its end")
        }
        if entry.resolution.isEmpty { takeClassic(entry, &collector) } else { takeResolution(entry, &collector) }
    }

    private static func takeClassic(_ entry: Entry, _ collector: inout ListCollector) {
        let first = entry.asked.dropLast().split(separator: ",").first?.trimmed ?? ""
        let whole = first.hasPrefix("\"") ? first.drop { $0 == "\"" }.prefix { $0 != "\"" } : first
        guard var (name, range) = NpmName.split(whole) else {
            return collector.skip(entry.asked, "line \(entry.line) is not `name@range`")
        }
        // An alias is asked for as `alias@npm:name@range`.
        if range.hasPrefix("npm:"), let real = NpmName.split(range.dropFirst(4)) { (name, range) = real }
        // `user/repository` is GitHub's; a registry's range has no slash.
        if let kind = NpmLock.foreign(range) ?? NpmLock.foreign(entry.resolved) ?? (range.contains("/") ? "git" : nil) {
            return collector.skip(name, LockedSource.reason(kind))
        }
        collector.add(RegistryName.package(RegistryName.npm, name, entry.version))
    }

    /// `name@npm:1.2.3`, `name@workspace:.`, `name@patch:...`. A patched package keeps its version.
    private static func takeResolution(_ entry: Entry, _ collector: inout ListCollector) {
        guard let (name, reference) = NpmName.split(entry.resolution) else {
            return collector.skip(entry.asked, "its resolution is not `name@reference`")
        }
        let scheme = reference.prefix { $0 != ":" }
        switch scheme {
        case "workspace", "portal", "link": return
        case "npm", "patch": collector.add(RegistryName.package(RegistryName.npm, name, entry.version))
        default:
            collector.skip(name, LockedSource.reason(NpmLock.foreign(reference) ?? String(scheme.prefix(40))))
        }
    }
}
