import FettleAssessment
import FettleControl
import FettleModel
import FettlePlanning
import FettleReporting

extension ListAnswer {
    /// A line for each update of each host; a host without any has one too.
    static func baselines(_ survey: BaselineSurvey) -> ReportTable {
        let rows = survey.hosts.flatMap { host -> [(BaselineSurvey.Host, BaselineSurvey.Update?)] in
            host.updates.isEmpty ? [(host, nil)] : host.updates.map { (host, $0) }
        }
        return table(
            "baselines",
            [
                ("resource", "The host"), ("environment", "Its environment"), ("platform", "Such as `debian:12`"),
                ("baseline", "Which one holds; empty: the policy alone"),
                ("undecided", "Why nothing can be decided; empty: it can"),
                ("source", "The source package that is offered; empty: nothing is"), ("class", "Such as `security`"),
                ("installed", "Its version on the host"), ("offered", "The version that is offered"),
                ("verdict", "`taken`, `waits`, `held`, `denied` or `pinned`"), ("waitsUntil", "Of `waits`: until when"),
                ("pinnedAt", "Of `pinned`: the version that it does not go above"), ("reason", "Why, in words"),
            ], of: rows
        ) { host, update in
            [
                .text(host.resource.rawValue), .text(host.environment.rawValue), .optional(host.platform),
                .optional(host.baseline), .optional(host.undecided), .optional(update?.source),
                .optional(update?.updateClass.rawValue), .optional(update?.installed), .optional(update?.offered),
                .optional(update?.judgement.verdict.name), .optional(update?.judgement.verdict.until),
                .optional(update?.judgement.verdict.version), .optional(update?.judgement.reason),
            ]
        }
    }

    /// A line for each host and package of which two hosts have different versions.
    static func drift(_ report: DriftReport) -> ReportTable {
        struct Holder: Sendable {
            var platform: String
            var package: DriftReport.PackageDrift
            var version: String
            var host: ResourceID
        }
        let holders = report.platforms.flatMap { platform in
            platform.packages.flatMap { package in
                package.versions.flatMap { version in
                    version.hosts.map {
                        Holder(platform: platform.platform, package: package, version: version.version, host: $0)
                    }
                }
            }
        }
        return table(
            "drift",
            [
                ("platform", "Such as `debian:12 amd64`; others are not compared with it"), ("package", "The package"),
                ("architecture", "Its architecture"), ("source", "Its source package"), ("resource", "The host"),
                ("installed", "The version there"), ("newest", "The newest among the hosts"),
                ("isBehind", "Whether the host is behind it"),
            ], of: holders
        ) { holder in
            [
                .text(holder.platform), .text(holder.package.name), .text(holder.package.architecture),
                .text(holder.package.source), .text(holder.host.rawValue), .text(holder.version),
                .text(holder.package.newest), .flag(holder.version != holder.package.newest),
            ]
        }
    }
}
