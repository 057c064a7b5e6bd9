internal import FettleIndex
internal import FettleVersions

extension AffectedPackage {
    /// The same of every version: open without a fix, never affected, or not decided.
    static func everyVersion(
        of name: String, in ecosystem: Ecosystem, _ status: AffectedStatus, remark: String = ""
    ) -> AffectedPackage {
        AffectedPackage(
            ecosystem: ecosystem, name: name, status: status, intervals: [VersionInterval(lower: nil, upper: nil)],
            remark: remark)
    }

    /// Whether a text can stand as a name or version: not empty, not endless, on one line.
    static func isPlausible(_ text: String) -> Bool {
        let bytes = text.utf8
        return !bytes.isEmpty && bytes.count <= VersionRangeLimits.versionBytes && bytes.allSatisfy { $0 >= 0x20 }
    }
}
