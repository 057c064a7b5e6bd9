import ArgumentParser
import FettleFeeds
import FettleIndex
import FettleModel
import FettleSoftware
import Foundation

/// Files that say what is installed.
struct SoftwareInputs: ParsableArguments {
    @Option(
        name: .customLong("dpkg-status"), help: "A dpkg status file, such as /var/lib/dpkg/status; may be given again.")
    var dpkgStatus: [String] = []
    @Option(
        name: .customLong("rpm-list"),
        help:
            "The output of `rpm -qa`, or lines of name, epoch:version-release, architecture and source rpm, with tabs between."
    )
    var rpmList: [String] = []
    @Option(name: .customLong("apk-db"), help: "An apk database, such as /lib/apk/db/installed.")
    var apkDatabase: [String] = []
    @Option(help: "A bill of materials: CycloneDX, SPDX or syft.") var sbom: [String] = []
    @Option(help: "A lock file of a language: package-lock.json, poetry.lock, Cargo.lock, go.sum …") var lock:
        [String] = []
    @Option(
        help:
            "Of which release system packages are: debian:12, ubuntu:24.04, almalinux:9, alpine:3.20; a bill of materials may say it itself."
    )
    var platform: String?

    struct Input {
        var path: String
        var format: SoftwareListFormat?
    }

    var files: [Input] {
        dpkgStatus.map { Input(path: $0, format: .dpkgStatus) } + rpmList.map { Input(path: $0, format: .rpmList) }
            + apkDatabase.map { Input(path: $0, format: .apkDatabase) }
            + (sbom + lock).map { Input(path: $0, format: nil) }
    }

    func validate() throws {
        if let platform, platformName.flatMap({ Ecosystem($0) }) == nil {
            throw ValidationError(
                "--platform \(platform) is not known here; it takes names such as debian:12, ubuntu:24.04, almalinux:9, alpine:3.20"
            )
        }
        if platform == nil, !(dpkgStatus + rpmList + apkDatabase).isEmpty {
            throw ValidationError(
                "--platform is missing: these files do not say of which release they are; for example --platform debian:12"
            )
        }
    }

    /// As advisories name it: `debian:12` for `debian:12.5`, `redhat:9` for `rhel:9`, `alpine:3.20` for `alpine:v3.20.3`.
    var platformName: String? {
        guard let platform else { return nil }
        let parts = platform.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return platform.lowercased() }
        let version = parts[1].hasPrefix("v") ? parts[1].dropFirst() : parts[1]
        return PlatformName.name(id: String(parts[0]), version: String(version)) ?? platform.lowercased()
    }

    /// - Throws: a failure that names every file that cannot be read.
    func read() throws -> [(name: String, list: SoftwareList)] {
        var lists: [(String, SoftwareList)] = []
        var wrong: [String] = []
        for input in files {
            do {
                let bytes = try PackedFile.read(input.path)
                let list = try SoftwareListReader.read(bytes, name: input.path, as: input.format)
                // A file of another kind, or an error page, must not pass for a host with nothing on it.
                if list.packages.isEmpty, list.skipped.isEmpty, let format = input.format {
                    wrong.append("\(input.path): holds no package: is it a file of the format \(format.rawValue)?")
                }
                lists.append((input.path, list))
            } catch {
                wrong.append("\(error)")
            }
        }
        guard wrong.isEmpty else { throw CommandFailure(.failure, wrong.joined(separator: "\n")) }
        return lists
    }
}
