/// A kind of file that says what is installed. The raw value is the name used on the command line and in messages.
public enum SoftwareListFormat: String, CaseIterable, Sendable, Hashable {
    /// `/var/lib/dpkg/status`, or several of them in a row; also the `status.d` of distroless images.
    case dpkgStatus = "dpkg-status"
    /// What `rpm -qa` prints: `name-version-release.arch`, or columns between tabs: name, `[epoch:]version-release`,
    /// architecture, and, where wanted, source rpm and module label. Without columns epochs are lost.
    case rpmList = "rpm-list"
    /// `/lib/apk/db/installed`.
    case apkDatabase = "apk-db"

    /// [CycloneDX](https://cyclonedx.org/docs/1.6/json/) 1.2 to 1.6.
    case cycloneDXJSON = "cyclonedx-json"
    case cycloneDXXML = "cyclonedx-xml"
    /// [SPDX](https://spdx.github.io/spdx-spec/v2.3/) 2.x.
    case spdxJSON = "spdx-json"
    case spdxTagValue = "spdx-tag-value"
    /// SPDX 3.0 as JSON-LD.
    case spdx3JSON = "spdx3-json"
    /// What [syft](https://github.com/anchore/syft) writes with `-o json`.
    case syftJSON = "syft-json"

    /// `package-lock.json` and `npm-shrinkwrap.json`, lockfileVersion 1 to 3.
    case npmLock = "package-lock"
    /// `yarn.lock` of Yarn 1 and of Yarn 2 and later ("berry").
    case yarnLock = "yarn-lock"
    /// `pnpm-lock.yaml`, lockfileVersion 5 to 9.
    case pnpmLock = "pnpm-lock"
    /// `requirements.txt`; only what is pinned with `==`.
    case requirements = "requirements"
    /// `Pipfile.lock`.
    case pipfileLock = "pipfile-lock"
    case poetryLock = "poetry-lock"
    case uvLock = "uv-lock"
    case pdmLock = "pdm-lock"
    case cargoLock = "cargo-lock"
    /// `go.mod`: what is required, after replacements.
    case goMod = "go-mod"
    /// `go.sum`: every module whose content was fetched, which may be more than is built.
    case goSum = "go-sum"
    /// `Gemfile.lock`.
    case gemfileLock = "gemfile-lock"
    case composerLock = "composer-lock"
    /// NuGet's `packages.lock.json`.
    case nugetLock = "nuget-lock"
    /// `gradle.lockfile`.
    case gradleLock = "gradle-lock"
}
