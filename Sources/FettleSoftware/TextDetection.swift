import Foundation

extension FormatDetection {
    /// Tells a text by its first lines; only where they leave it open, by its name.
    static func format(ofText bytes: Data, name: String) throws(Refusal) -> SoftwareListFormat {
        let lines = Data(bytes.prefix(64 * 1024)).textLines().prefix(400)
        // The last line may be cut off.
        let whole = bytes.count > 64 * 1024 ? lines.dropLast() : lines
        for line in whole {
            if let format = format(ofLine: line) { return format }
        }
        let entries = whole.map(\.trimmed).filter { !$0.isEmpty && !$0.hasPrefix("#") }
        func half(_ isEntry: (Substring) -> Bool) -> Bool {
            !entries.isEmpty && entries.filter(isEntry).count * 2 >= entries.count
        }
        if half(GoSum.isEntry) { return .goSum }
        if half({ RpmList.package($0) != nil || $0.hasPrefix("gpg-pubkey-") }) { return .rpmList }
        if half(GradleLock.isEntry) { return .gradleLock }
        let file = name.split(separator: "/").last.map { $0.lowercased() } ?? ""
        if half(RequirementsFile.isPinned) || (file.hasSuffix(".txt") && file.contains("requirements")) {
            return .requirements
        }
        switch file {
        case "go.sum": return .goSum
        case "gradle.lockfile", "buildscript-gradle.lockfile": return .gradleLock
        default: throw unknown("this text is of no known format")
        }
    }

    /// A line that only one format has. Lines that say nothing give nil.
    private static func format(ofLine line: Substring) -> SoftwareListFormat? {
        switch line {
        case "# yarn lockfile v1", "__metadata:": return .yarnLock
        case "GEM", "PLATFORMS", "BUNDLED WITH": return .gemfileLock
        default: break
        }
        let marks: [(prefix: String, format: SoftwareListFormat)] = [
            ("Package: ", .dpkgStatus), ("C:Q1", .apkDatabase), ("P:", .apkDatabase), ("SPDXVersion:", .spdxTagValue),
            ("lockfileVersion:", .pnpmLock), ("module ", .goMod), ("# This is a Gradle generated file", .gradleLock),
        ]
        return marks.first { line.hasPrefix($0.prefix) }?.format
    }
}
