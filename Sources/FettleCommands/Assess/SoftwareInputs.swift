import ArgumentParser
import FettleFeeds
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

    var files: [SoftwareInput] {
        func inputs(_ paths: [String], _ format: SoftwareListFormat?) -> [SoftwareInput] {
            paths.map { SoftwareInput(path: $0, format: format) }
        }
        return inputs(dpkgStatus, .dpkgStatus) + inputs(rpmList, .rpmList) + inputs(apkDatabase, .apkDatabase)
            + inputs(sbom + lock, nil)
    }

    func validate() throws {
        if let platform, !SoftwareInput.isPlatform(platform) {
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
}
