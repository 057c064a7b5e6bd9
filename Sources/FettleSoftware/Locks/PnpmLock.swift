import FettleModel
import Foundation

/// Reads `pnpm-lock.yaml` ([format](https://github.com/pnpm/spec/tree/master/lockfile)): the keys of `packages`.
///
/// By lines, as pnpm writes them: two spaces before a key, four before its fields. So an alias cannot multiply, and
/// each unreadable key is named.
enum PnpmLock {
    private struct Entry {
        var key: String
        var name = ""
        var version = ""
    }

    static func read(_ data: Data) throws(Refusal) -> SoftwareList {
        var collector = ListCollector()
        var entry: Entry?
        var isInPackages = false
        var lockVersion: Substring?
        let (lines, rest) = data.wholeLines()
        for line in lines where !line.trimmed.isEmpty && line.trimmed.first != "#" {
            let indent = line.prefix { $0 == " " }.count
            let text = line.trimmed
            switch indent {
            case 0:
                if let entry { take(entry, lockVersion ?? "", &collector) }
                entry = nil
                isInPackages = text == "packages:"
                if text.hasPrefix("lockfileVersion:") {
                    lockVersion = text.dropFirst("lockfileVersion:".count).trimmed.unquoted
                }
            case 2 where isInPackages:
                if let entry { take(entry, lockVersion ?? "", &collector) }
                entry = nil
                // With the fields on the same line: `/foo/1.0.0: {}`.
                guard let end = text.range(of: ":", options: text.hasSuffix(":") ? .backwards : []),
                    text.hasSuffix(":") || text[end.upperBound...].hasPrefix(" "), !text.hasPrefix("?")
                else {
                    collector.skip(text, "this line is no key of a package")
                    continue
                }
                entry = Entry(key: String(text[..<end.lowerBound].unquoted))
            case 4 where entry != nil:
                if text.hasPrefix("name: ") { entry?.name = String(text.dropFirst(6).trimmed.unquoted) }
                if text.hasPrefix("version: ") { entry?.version = String(text.dropFirst(9).trimmed.unquoted) }
            default: break
            }
        }
        if let rest, let cut = entry, rest.hasPrefix("   ") {
            collector.skip(cut.key, ListCollector.cutOff)
        } else {
            if let entry { take(entry, lockVersion ?? "", &collector) }
            collector.skipRest(rest)
        }
        guard lockVersion != nil else { throw Refusal("this has no lockfileVersion, as every pnpm-lock.yaml has") }
        return try collector.finished()
    }

    private static func take(_ entry: Entry, _ lockVersion: Substring, _ collector: inout ListCollector) {
        var key = entry.key[...]
        if key.hasPrefix("file:") || key.hasPrefix("link:") {
            return collector.skip(key, LockedSource.reason("a file"))
        }
        let isRegistry = key.hasPrefix("/")
        if isRegistry { key = key.dropFirst() }
        if lockVersion.hasPrefix("5") { return takeOld(key, entry, isRegistry: isRegistry, &collector) }
        // From version 6 on, peers stand in brackets behind the version.
        key = key.prefix { $0 != "(" }
        guard let (name, version) = NpmName.split(key) else {
            return collector.skip(
                entry.name.isEmpty ? entry.key : entry.name, LockedSource.reason("git or an address"))
        }
        if version.contains("/") || version.contains(":") {
            return collector.skip(name, LockedSource.reason(NpmLock.foreign(version) ?? "an address"))
        }
        collector.add(RegistryName.package(RegistryName.npm, name, version))
    }

    /// Version 5: `/@babel/core/7.0.0_peer@1.0.0`.
    private static func takeOld(
        _ key: Substring, _ entry: Entry, isRegistry: Bool, _ collector: inout ListCollector
    ) {
        let parts = key.split(separator: "/")
        let count = parts.first?.hasPrefix("@") == true ? 3 : 2
        guard isRegistry, parts.count >= count else {
            return collector.skip(entry.name.isEmpty ? entry.key : entry.name, LockedSource.reason("git or an address"))
        }
        let version = parts[count - 1].prefix { $0 != "_" }
        let name = parts.prefix(count - 1).joined(separator: "/")
        collector.add(RegistryName.package(RegistryName.npm, name, version))
    }
}
