import Foundation

/// Tells the format of a document by its content.
enum FormatDetection {
    static func unknown(_ what: String) -> Refusal {
        Refusal(
            "\(what). A package manager's database (dpkg's status, a list by rpm -qa, apk's installed), a bill of "
                + "materials (CycloneDX, SPDX, syft) or a lock file is expected: "
                + SoftwareListFormat.allCases.map(\.rawValue).joined(separator: ", "))
    }

    /// From the first byte that is neither a byte order mark nor white space.
    static func firstText(of bytes: Data) -> Data.SubSequence {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let text = bytes.starts(with: mark) ? bytes.dropFirst(mark.count) : bytes[...]
        return text.drop { $0 == 0x20 || $0 &- 0x09 < 5 }
    }

    static func format(of root: JSONObject) throws(Refusal) -> SoftwareListFormat {
        if root.string("bomFormat") == "CycloneDX" { return .cycloneDXJSON }
        if root.isText("spdxVersion") { return .spdxJSON }
        if root.has("@graph"), root.has("@context") { return .spdx3JSON }
        if root.array("artifacts") != nil, root.has("descriptor") || root.has("schema") || root.has("source") {
            return .syftJSON
        }
        if root.object("_meta") != nil, root.object("default") != nil || root.object("develop") != nil {
            return .pipfileLock
        }
        if root.array("packages") != nil, root.isText("content-hash") || root.has("packages-dev") {
            return .composerLock
        }
        let dependencies = root.object("dependencies")
        if root.has("lockfileVersion"), root.object("packages") != nil || dependencies != nil { return .npmLock }
        if root.integer("version") != nil, !root.has("name"), let dependencies, isNuGet(dependencies) {
            return .nugetLock
        }
        // npm-shrinkwrap.json of npm 4 and before had no version of its own, but each dependency has an address.
        if let dependencies, root.isText("name"),
            dependencies.sorted.contains(where: { JSONObject($0.value)?.isText("resolved") == true })
        {
            return .npmLock
        }
        if root.has("name"), dependencies != nil || root.has("devDependencies") {
            throw unknown("this looks like a package.json, which asks for ranges; give the lock file beside it")
        }
        throw unknown("this JSON is of no known format")
    }

    /// Target frameworks, such as `net8.0`, each with its packages.
    private static func isNuGet(_ dependencies: JSONObject) -> Bool {
        dependencies.sorted.allSatisfy { JSONObject($0.value) != nil }
    }

    static func format(ofXML bytes: Data) throws(Refusal) -> SoftwareListFormat {
        let head = String(decoding: bytes.prefix(8192), as: UTF8.self)
        if head.contains("cyclonedx.org/schema/bom/") { return .cycloneDXXML }
        if head.contains("<project") {
            throw unknown(
                "this looks like a pom.xml, whose versions only Maven resolves; give a bill of materials of it")
        }
        throw unknown("this XML is of no known format")
    }

    /// A table of packages begins near the top of every lock file in TOML.
    static func isTOML(_ bytes: Data) -> Bool {
        Data(bytes.prefix(64 * 1024)).textLines().contains { $0.trimmed == "[[package]]" }
    }

    static func format(of root: TOMLTable, name: String) throws(Refusal) -> SoftwareListFormat {
        let metadata = root.table("metadata")
        if metadata?.has("lock-version") == true || metadata?.has("python-versions") == true { return .poetryLock }
        if metadata?.has("lock_version") == true { return .pdmLock }
        if root.has("requires-python") { return .uvLock }
        let file = name.split(separator: "/").last.map { $0.lowercased() }
        switch file {
        case "poetry.lock": return .poetryLock
        case "uv.lock": return .uvLock
        case "pdm.lock": return .pdmLock
        default: break
        }
        let packages = root.tables("package")
        if packages.contains(where: { $0.table("source") != nil }) { return .uvLock }
        if packages.contains(where: { $0.string("source") != nil }) || file == "cargo.lock" || metadata != nil
            || root.has("version")
        {
            return .cargoLock
        }
        throw unknown("this TOML has packages, but is of no known lock file")
    }
}
