import FettleModel

/// Reads `package-lock.json` and `npm-shrinkwrap.json`
/// ([format](https://docs.npmjs.com/cli/configuring-npm/package-lock-json)): `packages` of version 2 and 3, and the nested
/// `dependencies` of version 1.
enum NpmLock {
    static func read(_ root: JSONObject) throws(Refusal) -> SoftwareList {
        var collector = ListCollector()
        if let packages = root.object("packages") {
            for (path, value) in packages.sorted { readPackage(path, value, &collector) }
        } else if let dependencies = root.object("dependencies") {
            readDependencies(dependencies, &collector)
        } else {
            throw Refusal("this lock file has neither `packages` nor `dependencies`")
        }
        return try collector.finished()
    }

    /// A path such as `node_modules/a/node_modules/@b/c`; one without `node_modules` is the project's own.
    private static func readPackage(_ path: String, _ value: Any, _ collector: inout ListCollector) {
        guard let folder = name(ofPath: path) else { return }
        guard let package = JSONObject(value) else { return collector.skip(path, "it is no object") }
        if package.isTrue("link") { return }
        // An alias is installed under another name than its own.
        let name = package.string("name") ?? folder
        if let kind = foreign(package.string("resolved") ?? "") {
            return collector.skip(name, LockedSource.reason(kind))
        }
        collector.add(RegistryName.package(RegistryName.npm, name, package.string("version") ?? ""))
    }

    private static func name(ofPath path: String) -> String? {
        var parts = path.split(separator: "/")
        guard let last = parts.lastIndex(of: "node_modules") else { return nil }
        parts.removeFirst(last + 1)
        return parts.isEmpty ? nil : parts.joined(separator: "/")
    }

    private static func readDependencies(_ root: JSONObject, _ collector: inout ListCollector) {
        var waiting = [root]
        while let dependencies = waiting.popLast() {
            for (key, value) in dependencies.sorted {
                guard let package = JSONObject(value) else {
                    collector.skip(key, "it is no object")
                    continue
                }
                if let nested = package.object("dependencies") { waiting.append(nested) }
                let version = package.string("version") ?? ""
                // An alias: `npm:real-name@1.2.3`.
                if version.hasPrefix("npm:"), let real = NpmName.split(version.dropFirst(4)) {
                    collector.add(RegistryName.package(RegistryName.npm, real.name, real.rest))
                } else if let kind = foreign(version) ?? foreign(package.string("resolved") ?? "") {
                    if kind != "a file" { collector.skip(key, LockedSource.reason(kind)) }
                } else {
                    collector.add(RegistryName.package(RegistryName.npm, key, version))
                }
            }
        }
    }

    /// What an address or a version of another kind than a registry's is; nil for a registry's. Any host may mirror
    /// the registry, so only the form counts.
    static func foreign(_ address: some StringProtocol) -> String? {
        if address.hasPrefix("file:") || address.hasPrefix("link:") { return "a file" }
        if address.hasPrefix("git") || address.contains(".git#") || address.hasPrefix("ssh:") { return "git" }
        if address.contains("://codeload.github.com/") || address.hasPrefix("github:") { return "git" }
        // A registry's archives lie under `/-/`; GitHub's and npm's mirrors of other forms say `/download/`.
        let isAddress = address.hasPrefix("http://") || address.hasPrefix("https://")
        return isAddress && !address.contains("/-/") && !address.contains("/download/") ? "an address" : nil
    }
}

/// Names of npm's packages in front of a version or a range.
enum NpmName {
    /// `@babel/core` and `^7.0.0` of `@babel/core@^7.0.0`; nil without both.
    static func split(_ text: some StringProtocol) -> (name: String, rest: String)? {
        let bytes = text.utf8
        guard let first = bytes.indices.dropFirst().first(where: { bytes[$0] == UInt8(ascii: "@") }) else { return nil }
        let rest = text[bytes.index(after: first)...]
        return rest.isEmpty ? nil : (String(text[..<first]), String(rest))
    }
}
