import FettleControl
import FettleModel

/// The overview in Prometheus' text format. Source: https://prometheus.io/docs/instrumenting/exposition_formats/
enum Metrics {
    static func text(_ overview: OverviewService.Overview) -> String {
        var lines = ["# HELP fettle_findings Open findings by outcome.", "# TYPE fettle_findings gauge"]
        for outcome in Outcome.allCases {
            lines.append("fettle_findings{outcome=\"\(outcome.rawValue)\"} \(overview.findings[outcome] ?? 0)")
        }
        lines += [
            "# HELP fettle_not_judged Resources of which something could not be observed.",
            "# TYPE fettle_not_judged gauge",
            "fettle_not_judged \(overview.notJudged)",
            "# HELP fettle_quarantined Resources kept out of traffic until a person settles them.",
            "# TYPE fettle_quarantined gauge", "fettle_quarantined \(overview.quarantined.count)",
            "# HELP fettle_runs_open Runs that have not ended.", "# TYPE fettle_runs_open gauge",
            "fettle_runs_open \(overview.runs.count { $0.outcome == nil })",
        ]
        if let time = overview.assessedAt {
            lines += [
                "# HELP fettle_assessed_timestamp_seconds When the fleet was last judged.",
                "# TYPE fettle_assessed_timestamp_seconds gauge",
                "fettle_assessed_timestamp_seconds \(time.milliseconds / 1000)",
            ]
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
