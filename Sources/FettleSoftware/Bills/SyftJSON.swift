import FettleModel
import FettleVersions

/// Reads syft's own JSON ([schema](https://github.com/anchore/syft/tree/main/schema/json)): it has the source packages
/// that older package URLs of syft lack.
enum SyftJSON {
    static func read(_ root: JSONObject) throws(Refusal) -> SoftwareList {
        guard let artifacts = root.array("artifacts") else { throw Refusal("this JSON of syft has no artifacts") }
        var bill = BillOfMaterials()
        if let distro = root.object("distro") {
            let id = distro.string("id") ?? distro.string("name") ?? ""
            let version = distro.string("versionID") ?? distro.string("version") ?? ""
            if let platform = PlatformName.name(
                id: id, version: version, codename: distro.string("versionCodename") ?? "",
                title: distro.string("prettyName") ?? "")
            {
                bill.setPlatform(platform)
            } else if !id.isEmpty {
                bill.skip("\(id) \(version)", "the advisories of this operating system are not known")
            }
        }
        for (index, value) in artifacts.enumerated() {
            guard let artifact = JSONObject(value) else {
                bill.skip("artifact \(index)", "it is no object")
                continue
            }
            if let package = systemPackage(artifact) {
                bill.addListed(package)
            } else {
                bill.add(component(artifact))
            }
        }
        return try bill.finished()
    }

    /// A package of dpkg, rpm or apk by its metadata; nil for all others.
    private static func systemPackage(_ artifact: JSONObject) -> ListedPackage? {
        guard let metadata = artifact.object("metadata"), let name = artifact.string("name"),
            let version = artifact.string("version")
        else { return nil }
        func text(_ key: String) -> String? { metadata.string(key).flatMap { $0.isEmpty ? nil : $0 } }
        let architecture = text("architecture") ?? text("arch") ?? ""
        switch artifact.string("type") {
        case "deb":
            return ListedPackage(
                origin: .system(.dpkg), name: name, architecture: architecture, version: version,
                source: text("source"), sourceVersion: text("sourceVersion"))
        case "apk":
            return ListedPackage(
                origin: .system(.apk), name: name, architecture: architecture, version: version,
                source: text("originPackage"))
        case "rpm":
            let epoch = metadata.integer("epoch").map(String.init) ?? ""
            let full = epoch.isEmpty || version.utf8.contains(UInt8(ascii: ":")) ? version : "\(epoch):\(version)"
            return RpmList.package(
                name: name[...], version: full[...], architecture: architecture.isEmpty ? "(none)" : architecture[...],
                sourceRpm: (text("sourceRpm") ?? "")[...], label: (text("modularityLabel") ?? "")[...])
        default: return nil
        }
    }

    private static func component(_ artifact: JSONObject) -> BillComponent {
        var component = BillComponent(
            name: artifact.string("name") ?? "", version: artifact.string("version") ?? "",
            urls: artifact.string("purl").flatMap { $0.isEmpty ? nil : [$0] } ?? [])
        // Old versions of syft wrote no package URL for some of these.
        let types = [
            "python": "pypi", "npm": "npm", "gem": "gem", "go-module": "golang", "rust-crate": "cargo",
            "php-composer": "composer", "dotnet": "nuget",
        ]
        if component.urls.isEmpty, let type = artifact.string("type").flatMap({ types[$0] }) {
            let name = component.name.replacing("@", with: "%40")
            component.urls = ["pkg:\(type)/\(name)"]
        }
        return component
    }
}
