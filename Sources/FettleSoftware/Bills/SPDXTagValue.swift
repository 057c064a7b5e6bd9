import FettleModel
import Foundation

/// Reads SPDX 2.x as lines of `Tag: value`, where a value between `<text>` and `</text>` may span lines.
enum SPDXTagValue {
    static func read(_ data: Data) throws(Refusal) -> SoftwareList {
        var bill = BillOfMaterials()
        var current: BillComponent?
        var version: String?
        var isInText = false
        let (lines, rest) = data.wholeLines()
        for line in lines {
            if isInText {
                isInText = !line.contains("</text>")
                continue
            }
            guard !line.hasPrefix("#"), let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let value = line[line.utf8.index(after: colon)...].trimmed
            isInText = value.hasPrefix("<text>") && !value.contains("</text>")
            switch line[..<colon].trimmed {
            case "SPDXVersion": version = version ?? String(value)
            case "PackageName":
                if let current { bill.add(current) }
                current = BillComponent(name: String(value))
            case "PackageVersion": current?.version = String(value)
            case "PrimaryPackagePurpose": current?.kind = SPDXVersion.kind(value)
            case "ExternalRef":
                // Category, type, locator.
                let words = value.split(separator: " ", maxSplits: 2)
                if words.count == 3, SPDXVersion.isURL(words[1]) { current?.urls.append(String(words[2].trimmed)) }
            case "FileName", "SnippetSPDXID":
                // Another section begins.
                if let current { bill.add(current) }
                current = nil
            default: break
            }
        }
        if let rest {
            bill.skip(current?.label ?? String(rest.trimmed), ListCollector.cutOff)
        } else if let current {
            bill.add(current)
        }
        try SPDXVersion.check(version ?? "")
        return try bill.finished()
    }
}
