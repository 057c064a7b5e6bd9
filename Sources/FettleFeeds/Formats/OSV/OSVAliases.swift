/// The other names of an OSV record.
enum OSVAliases {
    /// `aliases` and `upstream`; of a distribution's advisory also the CVEs that it names as related and in its
    /// references: there they are what it fixes, elsewhere they are only alike.
    static func of(_ record: OSVRecord) -> [String] {
        var names = (record.aliases ?? []) + (record.upstream ?? [])
        if isDistributionAdvisory(record.id) {
            names += (record.related ?? []).filter(AdvisoryNames.isCVE)
            names += (record.references ?? []).compactMap { reference in
                guard let url = reference.value?.url, let last = url.split(separator: "/").last else { return nil }
                return AdvisoryNames.isCVE(last) ? String(last) : nil
            }
        }
        // `ALPINE-CVE-2023-46850` is what a distribution says of one CVE.
        for prefix in ["ALPINE-", "DEBIAN-", "UBUNTU-"] where record.id.hasPrefix(prefix) {
            let rest = record.id.dropFirst(prefix.count)
            if AdvisoryNames.isCVE(rest) { names.append(String(rest)) }
        }
        return AdvisoryNames.aliases(names, of: record.id)
    }

    private static func isDistributionAdvisory(_ id: String) -> Bool {
        prefixes.contains { id.hasPrefix($0) }
    }

    private static let prefixes = [
        "ALSA-", "ALBA-", "ALEA-", "RLSA-", "RLBA-", "RLEA-", "RXSA-", "RHSA-", "RHBA-", "RHEA-", "DSA-", "DLA-",
        "DTSA-",
        "USN-", "LSN-", "UBUNTU-", "DEBIAN-", "ALPINE-", "SUSE-", "openSUSE-", "OESA-", "MGASA-", "ELSA-", "ELBA-",
        "PHSA-",
    ]
}
