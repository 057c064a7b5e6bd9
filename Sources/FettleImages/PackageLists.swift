import FettleModel
import FettleSoftware
import Foundation

/// What an image's package manager had installed before and afterwards.
struct PackageLists {
    var manager: PackageManager
    var before: SoftwareList
    var after: SoftwareList

    /// - Parameters:
    ///   - manager: as `patch.sh` names it.
    ///   - before: the list in the manager's own form, as the image printed it.
    ///   - after: the same, afterwards.
    ///   - release: the image's os-release.
    init(manager: String, before: Data, after: Data, release: Data) throws(ImageError) {
        let format: SoftwareListFormat
        switch manager {
        case "apt-get": (self.manager, format) = (.dpkg, .dpkgStatus)
        case "dnf", "zypper": (self.manager, format) = (.rpm, .rpmList)
        case "apk": (self.manager, format) = (.apk, .apkDatabase)
        default: throw ImageError(.failed, "the image's package manager is not known")
        }
        do throws(SoftwareListError) {
            self.before = try SoftwareListReader.read(before, name: "the image's packages", as: format)
            self.after = try SoftwareListReader.read(after, name: "the image's packages afterwards", as: format)
        } catch {
            throw ImageError(.failed, "\(error)")
        }
        let platform = Self.platform(release)
        self.before.platform = platform
        self.after.platform = platform
    }

    /// `debian:12` by the fields ID and VERSION_ID of os-release(5).
    static func platform(_ release: Data) -> String? {
        var fields: [String: String] = [:]
        for line in String(decoding: release.prefix(65_536), as: UTF8.self).split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { continue }
            fields[parts[0]] = parts[1].trimmingCharacters(in: CharacterSet(charactersIn: "\"' "))
        }
        return PlatformName.name(
            id: fields["ID"] ?? "", version: fields["VERSION_ID"] ?? "", codename: fields["VERSION_CODENAME"] ?? "")
    }

    /// Sorted by name and architecture. Of a package that is there in several versions each counts for itself.
    var changes: [PackageChange] {
        struct Key: Hashable {
            var name: String
            var architecture: String
        }
        func versions(_ list: SoftwareList) -> [Key: Set<String>] {
            list.packages.reduce(into: [:]) { table, package in
                table[Key(name: package.name, architecture: package.architecture), default: []].insert(package.version)
            }
        }
        let (old, new) = (versions(before), versions(after))
        return Set(old.keys).union(new.keys)
            .sorted { ($0.name, $0.architecture) < ($1.name, $1.architecture) }
            .flatMap { key -> [PackageChange] in
                let gone = (old[key] ?? []).subtracting(new[key] ?? []).sorted()
                let come = (new[key] ?? []).subtracting(old[key] ?? []).sorted()
                return (0..<max(gone.count, come.count)).map { index in
                    PackageChange(
                        name: key.name, architecture: key.architecture, from: index < gone.count ? gone[index] : nil,
                        to: index < come.count ? come[index] : nil)
                }
            }
    }
}
