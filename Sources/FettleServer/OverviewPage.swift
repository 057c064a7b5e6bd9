import FettleControl
import FettleModel

/// The overview as a plain page.
enum OverviewPage {
    static func html(_ overview: OverviewService.Overview) -> String {
        let findings = Outcome.allCases.map { "<td>\(overview.findings[$0] ?? 0)</td>" }.joined()
        let runs = overview.runs.map { run in
            "<tr><td>\(escape(run.run.rawValue))</td><td>\(escape(run.change.rawValue))</td><td>\(run.settledSteps)/\(run.steps)</td><td>\(escape(state(run)))</td></tr>"
        }.joined()
        let quarantine = overview.quarantined.map { entry in
            "<tr><td>\(escape(entry.resource.rawValue))</td><td>\(escape(entry.reason))</td><td>\(escape(entry.owner.rawValue))</td><td>\(entry.deadline)</td></tr>"
        }.joined()
        let basis = overview.advisoriesChecked ? "" : " Advisories were not checked: no feed was given."
        return """
            <!doctype html><html lang="en"><meta charset="utf-8"><title>Fettle</title>
            <style>body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1d2530}
            table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #e4e7ec}</style>
            <h1>Fettle</h1><p>Judged: \(overview.assessedAt?.description ?? "never").\(basis)</p>
            <h2>Findings</h2><table><tr>\(Outcome.allCases.map { "<th>\($0.rawValue)" }.joined())</tr><tr>\(findings)</tr></table>
            <h2>Runs</h2><table><tr><th>Run<th>Change<th>Steps<th>State</tr>\(runs)</table>
            <h2>Quarantine</h2><table><tr><th>Host<th>Reason<th>Owner<th>Settle by</tr>\(quarantine)</table></html>
            """
    }

    private static func state(_ run: OverviewService.RunLine) -> String {
        switch run.outcome {
        case .succeeded: "succeeded"
        case .rolledBack(let reason): "rolled back: \(reason)"
        case .failed(let reason): "failed: \(reason)"
        case nil: run.awaitingHuman.map { "waits for a person: \($0)" } ?? (run.isPaused ? "paused" : "in progress")
        }
    }

    /// Scalar by scalar: a sign with a combining mark behind it is another character, and still opens a tag.
    static func escape(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case _ where scalar.value < 0x20 || (0x7f..<0xa0).contains(scalar.value): result += "\u{fffd}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
