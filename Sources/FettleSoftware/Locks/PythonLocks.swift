import FettleModel

/// Reads `poetry.lock` ([about](https://python-poetry.org/docs/basic-usage/#installing-with-poetrylock)).
enum PoetryLock {
    static func read(_ root: TOMLTable) throws(Refusal) -> SoftwareList {
        try TOMLPackages.read(root, RegistryName.pypi) { package in
            switch package.table("source")?.string("type") {
            // `legacy` is another index, with the same names.
            case nil, "legacy": .registry
            case "directory": .own
            case .some(let type): .elsewhere(type)
            }
        }
    }
}

/// Reads `uv.lock` ([about](https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile)).
enum UvLock {
    static func read(_ root: TOMLTable) throws(Refusal) -> SoftwareList {
        try TOMLPackages.read(root, RegistryName.pypi) { package in
            guard let source = package.table("source") else { return .registry }
            if source.has("registry") { return .registry }
            if source.has("virtual") || source.has("editable") || source.has("directory") { return .own }
            return .elsewhere(["git", "url", "path"].first { source.has($0) } ?? "another source")
        }
    }
}

/// Reads `pdm.lock` ([about](https://pdm-project.org/latest/usage/lockfile/)).
enum PdmLock {
    static func read(_ root: TOMLTable) throws(Refusal) -> SoftwareList {
        try TOMLPackages.read(root, RegistryName.pypi) { package in
            if package.isTrue("editable") { return .own }
            return ["git", "hg", "svn", "bzr", "url", "path"].first { package.has($0) }.map { .elsewhere($0) }
                ?? .registry
        }
    }
}

/// Reads `Cargo.lock` ([about](https://doc.rust-lang.org/cargo/guide/cargo-toml-vs-cargo-lock.html)), versions 1 to 4.
enum CargoLock {
    static func read(_ root: TOMLTable) throws(Refusal) -> SoftwareList {
        try TOMLPackages.read(root, RegistryName.crates) { package in
            // The workspace's own crates have no source.
            guard let source = package.string("source") else { return .own }
            if source.hasPrefix("registry+") || source.hasPrefix("sparse+") { return .registry }
            return .elsewhere(source.hasPrefix("git+") ? "git" : "another source")
        }
    }
}

/// Where a locked package comes from.
enum LockedSource {
    case registry
    /// The project itself or a part of it.
    case own
    /// Such as git: advisories don't speak of it.
    case elsewhere(String)

    static func reason(_ kind: String) -> String { "it comes from \(ListCollector.shown(kind)), not from a registry" }
}

/// The `[[package]]` tables that these lock files share.
private enum TOMLPackages {
    static func read(
        _ root: TOMLTable, _ ecosystem: String, source: (TOMLTable) -> LockedSource
    ) throws(Refusal) -> SoftwareList {
        var collector = ListCollector()
        for package in root.tables("package") {
            let name = package.string("name") ?? ""
            switch source(package) {
            case .own: continue
            case .elsewhere(let kind): collector.skip(name, LockedSource.reason(kind))
            case .registry:
                collector.add(RegistryName.package(ecosystem, name, package.string("version") ?? ""))
            }
        }
        return try collector.finished()
    }
}

/// Reads `Pipfile.lock` ([about](https://pipenv.pypa.io/en/latest/pipfile.html)).
enum PipfileLock {
    static func read(_ root: JSONObject) throws(Refusal) -> SoftwareList {
        var collector = ListCollector()
        // Besides `default` and `develop` there may be categories of any name.
        for (category, value) in root.sorted where category != "_meta" {
            for (name, value) in JSONObject(value)?.sorted ?? [] {
                guard let package = JSONObject(value) else {
                    collector.skip(name, "it is no object")
                    continue
                }
                if let kind = ["git", "path", "file", "hg", "svn"].first(where: { package.has($0) }) {
                    collector.skip(name, LockedSource.reason(kind))
                } else if let version = package.string("version"), version.hasPrefix("==") {
                    collector.add(RegistryName.package(RegistryName.pypi, name, version.drop { $0 == "=" }))
                } else {
                    collector.skip(name, "it is not pinned with ==")
                }
            }
        }
        return try collector.finished()
    }
}
