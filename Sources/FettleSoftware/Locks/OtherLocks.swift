import FettleModel
import Foundation

/// Reads `Gemfile.lock` ([about](https://bundler.io/man/bundle-lock.1.html)): the `specs` of its sections.
enum GemfileLock {
    static func read(_ data: Data) throws(Refusal) -> SoftwareList {
        var collector = ListCollector()
        var section: Substring = ""
        let (lines, rest) = data.wholeLines()
        for line in lines where !line.trimmed.isEmpty {
            guard line.first == " " else {
                section = line.trimmed
                continue
            }
            // Six spaces are a package's own dependencies.
            guard line.hasPrefix("    "), !line.hasPrefix("     ") else { continue }
            switch section {
            case "GEM": takeGem(line.trimmed, &collector)
            case "GIT", "PLUGIN SOURCE":
                collector.skip(line.trimmed, LockedSource.reason(section == "GIT" ? "git" : "a plugin"))
            default: break
            }
        }
        collector.skipRest(rest)
        return try collector.finished()
    }

    /// `nokogiri (1.15.0-x86_64-linux)`; a gem's version has no hyphen, so what follows one is the platform.
    private static func takeGem(_ line: Substring, _ collector: inout ListCollector) {
        guard let space = line.range(of: " ("), line.hasSuffix(")") else {
            return collector.skip(line, "it is not `name (version)`")
        }
        let version = line[space.upperBound...].dropLast().prefix { $0 != "-" }
        collector.add(RegistryName.package(RegistryName.rubygems, line[..<space.lowerBound], version))
    }
}

/// Reads `composer.lock` ([about](https://getcomposer.org/doc/01-basic-usage.md#commit-your-composer-lock-file-to-version-control)).
enum ComposerLock {
    static func read(_ root: JSONObject) throws(Refusal) -> SoftwareList {
        var collector = ListCollector()
        for (index, value) in ((root.array("packages") ?? []) + (root.array("packages-dev") ?? [])).enumerated() {
            guard let package = JSONObject(value) else {
                collector.skip("package \(index)", "it is no object")
                continue
            }
            if package.object("dist")?.string("type") == "path" { continue }
            let (name, version) = (package.string("name") ?? "", package.string("version") ?? "")
            collector.add(RegistryName.package(RegistryName.packagist, name, version))
        }
        return try collector.finished()
    }
}

/// Reads NuGet's `packages.lock.json`
/// ([about](https://learn.microsoft.com/en-us/nuget/consume-packages/package-references-in-project-files#locking-dependencies)).
enum NuGetLock {
    static func read(_ root: JSONObject) throws(Refusal) -> SoftwareList {
        var collector = ListCollector()
        for (framework, value) in root.object("dependencies")?.sorted ?? [] {
            guard let packages = JSONObject(value) else {
                collector.skip(framework, "it is no object")
                continue
            }
            for (name, value) in packages.sorted {
                guard let package = JSONObject(value) else {
                    collector.skip(name, "it is no object")
                    continue
                }
                if package.string("type")?.lowercased() == "project" { continue }
                collector.add(RegistryName.package(RegistryName.nuget, name, package.string("resolved") ?? ""))
            }
        }
        return try collector.finished()
    }
}

/// Reads `gradle.lockfile` ([about](https://docs.gradle.org/current/userguide/dependency_locking.html)):
/// `group:artifact:version=configurations`.
enum GradleLock {
    static func read(_ data: Data) throws(Refusal) -> SoftwareList {
        var collector = ListCollector()
        let (lines, rest) = data.wholeLines()
        for (index, line) in lines.enumerated() {
            let text = line.trimmed
            if text.isEmpty || text.hasPrefix("#") || text.hasPrefix("empty=") { continue }
            guard isEntry(text) else {
                collector.skip(text, "line \(index + 1) is not `group:artifact:version=configurations`")
                continue
            }
            let parts = text.prefix { $0 != "=" }.split(separator: ":", omittingEmptySubsequences: false)
            collector.add(RegistryName.package(RegistryName.maven, "\(parts[0]):\(parts[1])", parts[2]))
        }
        collector.skipRest(rest)
        return try collector.finished()
    }

    static func isEntry(_ line: Substring) -> Bool {
        guard let equals = line.utf8.firstIndex(of: UInt8(ascii: "=")) else { return false }
        let coordinates = line[..<equals]
        let parts = coordinates.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 3 && parts.allSatisfy { !$0.isEmpty } && !coordinates.contains(" ")
    }
}
