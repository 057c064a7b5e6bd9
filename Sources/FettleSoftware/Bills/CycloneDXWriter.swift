public import FettleModel
public import Foundation

/// Writes what a system's package manager has installed as a bill of materials: CycloneDX
/// ([1.6](https://cyclonedx.org/docs/1.6/json/)) as JSON.
///
/// The same packages give the same bytes: no clock and no serial number is in it, so that it is named by its digest.
public enum CycloneDXWriter {
    /// - Parameters:
    ///   - list: packages of the system; those of languages' registries are left out. Its platform, such as `debian:12`, is the thing
    ///     that is described.
    ///   - name: of the image or host, for people.
    ///   - tool: who writes it, with its version.
    /// - Throws: what `JSONSerialization` throws.
    public static func write(_ list: SoftwareList, name: String, tool: (name: String, version: String)) throws -> Data {
        let platform = list.platform.map { $0.split(separator: ":", maxSplits: 1).map(String.init) }
        let lines = list.packages.compactMap { url($0, platform) }
        let components = zip(list.packages.filter { isSystem($0) }, lines)
            .sorted { ($0.1.description, $0.0.version) < ($1.1.description, $1.0.version) }
            .map { package, url -> [String: Any] in
                [
                    "type": "library", "name": package.name, "version": package.version, "purl": url.description,
                    "bom-ref": url.description,
                ]
            }
        var described: [String: Any] = ["type": "operating-system", "name": name]
        if let platform, let family = platform.first {
            described = ["type": "operating-system", "name": family, "description": name]
            if platform.count > 1 { described["version"] = platform[1] }
        }
        return try JSONSerialization.data(
            withJSONObject: [
                "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
                "metadata": [
                    "component": described,
                    "tools": ["components": [["type": "application", "name": tool.name, "version": tool.version]]],
                ] as [String: Any],
                "components": components,
            ], options: [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes])
    }

    private static func isSystem(_ package: ListedPackage) -> Bool {
        if case .system = package.origin { return true }
        return false
    }

    private static func url(_ package: ListedPackage, _ platform: [String]?) -> PackageURL? {
        guard case .system(let manager) = package.origin else { return nil }
        let type =
            switch manager {
            case .dpkg: "deb"
            case .rpm: "rpm"
            case .apk: "apk"
            }
        var qualifiers = ["arch": package.architecture]
        if package.source != package.name || package.sourceVersion != package.version {
            switch manager {
            case .dpkg, .apk:
                qualifiers["upstream"] =
                    package.sourceVersion == package.version
                    ? package.source : "\(package.source)@\(package.sourceVersion)"
            // A source rpm's file name, without the epoch, which is the package's.
            case .rpm:
                let version = package.sourceVersion.split(separator: ":").last.map(String.init) ?? ""
                qualifiers["upstream"] = "\(package.source)-\(version).src.rpm"
            }
        }
        if let module = package.module { qualifiers["rpmmod"] = module }
        if let platform, platform.count > 1 { qualifiers["distro"] = platform.joined(separator: "-") }
        return PackageURL(
            type: type, namespace: platform?.first, name: package.name, version: package.version, qualifiers: qualifiers
        )
    }
}
