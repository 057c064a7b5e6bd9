public import FettleModel
public import Foundation

/// Reads a file that says what is installed, in any of the formats of `SoftwareListFormat`.
public enum SoftwareListReader {
    /// The largest file that is looked at: 256 MiB. The largest real bills of materials have some 100 MB.
    public static let maximumBytes = 256 * 1024 * 1024

    /// Reads one document.
    ///
    /// - Parameters:
    ///   - bytes: all of the file, not compressed.
    ///   - name: for messages; where the content alone doesn't tell a lock file (`requirements.txt`), also a hint.
    ///   - format: nil to tell it by the content.
    /// - Returns: the packages in the order of the file, each once; entries that could not be read are named in
    ///   `skipped`.
    /// - Throws: `SoftwareListError` for a file of no known format, and for one that is malformed as a whole.
    public static func read(
        _ bytes: Data, name: String, as format: SoftwareListFormat? = nil
    ) throws(SoftwareListError) -> SoftwareList {
        do throws(Refusal) {
            guard bytes.count <= maximumBytes else {
                throw Refusal("it has \(bytes.count) bytes; at most \(maximumBytes) are read")
            }
            let document = try SoftwareDocument(bytes, name: name, as: format)
            var list = try read(document)
            if document.isTOML, let last = bytes.last, last != 0x0A {
                // The grammar tells where a value or a heading is cut off, and not that fields or packages are missing.
                list.skipped.append("the end of the file: its last line has no end, so what followed may be cut off")
            }
            return list
        } catch {
            throw SoftwareListError(name, error.message)
        }
    }

    private static func read(_ document: SoftwareDocument) throws(Refusal) -> SoftwareList {
        let bytes = document.bytes
        switch document.format {
        case .dpkgStatus: return try DpkgStatus.read(bytes)
        case .rpmList: return try RpmList.read(bytes)
        case .apkDatabase: return try ApkDatabase.read(bytes)
        case .cycloneDXJSON: return try CycloneDXJSON.read(document.json())
        case .cycloneDXXML: return try CycloneDXXML.read(bytes)
        case .spdxJSON: return try SPDXJSON.read(document.json())
        case .spdxTagValue: return try SPDXTagValue.read(bytes)
        case .spdx3JSON: return try SPDX3JSON.read(document.json())
        case .syftJSON: return try SyftJSON.read(document.json())
        case .npmLock: return try NpmLock.read(document.json())
        case .yarnLock: return try YarnLock.read(bytes)
        case .pnpmLock: return try PnpmLock.read(bytes)
        case .requirements: return try RequirementsFile.read(bytes)
        case .pipfileLock: return try PipfileLock.read(document.json())
        case .poetryLock: return try PoetryLock.read(document.toml())
        case .uvLock: return try UvLock.read(document.toml())
        case .pdmLock: return try PdmLock.read(document.toml())
        case .cargoLock: return try CargoLock.read(document.toml())
        case .goMod: return try GoMod.read(bytes)
        case .goSum: return try GoSum.read(bytes)
        case .gemfileLock: return try GemfileLock.read(bytes)
        case .composerLock: return try ComposerLock.read(document.json())
        case .nugetLock: return try NuGetLock.read(document.json())
        case .gradleLock: return try GradleLock.read(bytes)
        }
    }
}
