import FettleModel
import Foundation

/// Reads `go.mod` ([reference](https://go.dev/ref/mod#go-mod-file)): what is required, after replacements.
///
/// The `go` line is the least version of Go that is needed, not the one that builds; it is not listed.
enum GoMod {
    private struct Module: Hashable {
        var path: String
        /// Empty in a replacement of all versions.
        var version: String
    }

    static func read(_ data: Data) throws(Refusal) -> SoftwareList {
        var collector = ListCollector()
        var required: [Module] = []
        var replaced: [Module: Module] = [:]
        var block: Substring?
        let (lines, rest) = data.wholeLines()
        for (index, line) in lines.enumerated() {
            let code = line.range(of: "//").map { line[..<$0.lowerBound] } ?? line
            var words = code.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(\.unquoted)
            guard let first = words.first else { continue }
            if first == ")" {
                block = nil
                continue
            }
            if words.count == 2, words[1] == "(" {
                block = first
                continue
            }
            if block == nil { words.removeFirst() }
            switch block ?? first {
            case "require":
                guard words.count == 2 else {
                    collector.skip(line.trimmed, "line \(index + 1) is not `path version`")
                    continue
                }
                required.append(Module(path: String(words[0]), version: String(words[1])))
            case "replace":
                guard let (old, new) = replacement(words) else {
                    collector.skip(line.trimmed, "line \(index + 1) is not `path [version] => path [version]`")
                    continue
                }
                replaced[old] = new
            default: break
            }
        }
        collector.skipRest(rest)
        for module in required {
            let new = replaced[module] ?? replaced[Module(path: module.path, version: "")] ?? module
            if new.version.isEmpty {
                collector.skip(module.path, LockedSource.reason("the folder \(ListCollector.shown(new.path))"))
            } else {
                collector.add(RegistryName.package(RegistryName.go, new.path, new.version))
            }
        }
        return try collector.finished()
    }

    private static func replacement(_ words: [Substring]) -> (Module, Module)? {
        guard let arrow = words.firstIndex(of: "=>") else { return nil }
        let (old, new) = (words[..<arrow], words[(arrow + 1)...])
        guard let oldPath = old.first, let newPath = new.first, old.count <= 2, new.count <= 2 else { return nil }
        return (
            Module(path: String(oldPath), version: old.count == 2 ? old.last.map(String.init) ?? "" : ""),
            Module(path: String(newPath), version: new.count == 2 ? new.last.map(String.init) ?? "" : "")
        )
    }
}

/// Reads `go.sum` ([reference](https://go.dev/ref/mod#go-sum-files)). Lines of a `go.mod` alone are passed over: of those
/// versions nothing but the requirements was read.
enum GoSum {
    static func read(_ data: Data) throws(Refusal) -> SoftwareList {
        var collector = ListCollector()
        let (lines, rest) = data.wholeLines()
        for (index, line) in lines.enumerated() where !line.trimmed.isEmpty {
            guard isEntry(line) else {
                collector.skip(line, "line \(index + 1) is not `path version h1:...`")
                continue
            }
            let words = line.split(separator: " ")
            if words[1].hasSuffix("/go.mod") { continue }
            collector.add(RegistryName.package(RegistryName.go, words[0], words[1]))
        }
        collector.skipRest(rest)
        return try collector.finished()
    }

    static func isEntry(_ line: Substring) -> Bool {
        let words = line.split(separator: " ")
        return words.count == 3 && words[1].hasPrefix("v") && words[2].hasPrefix("h1:")
    }
}
