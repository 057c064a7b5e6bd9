public import Foundation

/// The JSON Schema of reports; written by hand, since they are written row by row.
public enum ReportSchema {
    public static var json: Data { Data(PackageResources.report_schema_json) }
}
