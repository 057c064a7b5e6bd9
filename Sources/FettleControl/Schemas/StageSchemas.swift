public import Foundation

/// The JSON Schemas (draft 2020-12) of the files that Fettle writes. `scripts/make-schemas` makes them from the model.
public enum StageSchema: String, CaseIterable, Sendable {
    case facts, findings, selection, plan, journal

    public var json: Data {
        switch self {
        case .facts: Data(PackageResources.facts_schema_json)
        case .findings: Data(PackageResources.findings_schema_json)
        case .selection: Data(PackageResources.selection_schema_json)
        case .plan: Data(PackageResources.plan_schema_json)
        case .journal: Data(PackageResources.journal_schema_json)
        }
    }
}
