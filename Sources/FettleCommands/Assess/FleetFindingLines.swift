import FettleModel

/// A fleet's findings, one a line.
enum FleetFindingLines {
    /// Each as it stands in the document that `-o json` writes.
    static func writeJSON(_ set: FindingSet) throws {
        for finding in set.findings {
            Output.writeLine(String(decoding: try CanonicalJSON.encode(finding), as: UTF8.self))
        }
    }

    private static let columns = [
        "id", "resource", "source", "packages", "installed", "fixed", "class", "severity", "state", "owner", "outcome",
        "firstSeenAt", "dueAt", "exploited", "offered", "held", "waivers", "advisories", "explanation",
    ]

    static func writeCSV(_ set: FindingSet) {
        var text = columns.joined(separator: ",") + "\r\n"
        for finding in set.findings {
            let fields: [String] = [
                finding.id.rawValue, finding.resource.rawValue, finding.source, finding.packages.joined(separator: " "),
                finding.installed, finding.fixed ?? "", finding.updateClass.rawValue, finding.severity?.rawValue ?? "",
                finding.state.rawValue, finding.owner.rawValue, finding.outcome.rawValue,
                finding.firstSeenAt?.description ?? "", finding.dueAt?.description ?? "",
                finding.isExploited ? "yes" : "no", finding.isOffered ? "yes" : "no", finding.isHeld ? "yes" : "no",
                (finding.waivers ?? []).map(\.waiver.rawValue).joined(separator: " "),
                finding.advisories.map(\.id.rawValue).joined(separator: " "),
                finding.explanation.joined(separator: "; "),
            ]
            text += fields.map(CSVText.quoted).joined(separator: ",") + "\r\n"
        }
        Output.write(text)
    }
}
