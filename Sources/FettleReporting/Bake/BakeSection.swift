public import FettleModel

extension RunStory.StepStory {
    /// What a bake has compared; nil for other steps, whose output is what hosts print and could look like it, and for a
    /// bake that was judged by its probes alone.
    public var judgement: [JudgementRow]? {
        guard name == Self.bakeName else { return nil }
        return (observation?.details[JudgementRow.detailsKey] ?? failure?.output).flatMap(JudgementRow.rows)
    }

    private static let bakeName = StepAction.bake(seconds: 0, resources: [], probes: []).name
}

/// What canaries were compared with, and what came of it, one table for each bake.
enum BakeSection {
    static func html(_ story: RunStory) -> HTMLText {
        let bakes = story.steps.compactMap { step in step.judgement.map { (step, $0) } }
        guard !bakes.isEmpty else { return "" }
        let tables = bakes.map { step, rows -> HTMLText in
            """
            <p><code>\(step.step)</code>: \(step.observation?.summary ?? step.failure?.message ?? "")</p>
            <div class="wide"><table><thead><tr><th>Compared<th>Patched<th>Control<th>Figure<th>Verdict</tr></thead>
            <tbody>\(rows.map(row).joined())</tbody></table></div>
            """
        }
        return "<section><h2>What the canary showed</h2>\(tables.joined())</section>"
    }

    private static func row(_ row: JudgementRow) -> HTMLText {
        """
        <tr><td>\(row.subject)</td><td>\(row.patched)</td><td>\(row.control)</td><td>\(row.figure)</td>
        <td>\(HTMLPage.badge(row.verdict, tone(row.verdict)))</td></tr>
        """
    }

    private static func tone(_ verdict: String) -> HTMLPage.Tone {
        switch verdict {
        case GateVerdict.pass.rawValue: .good
        case GateVerdict.fail.rawValue: .bad
        default: .warn
        }
    }
}
