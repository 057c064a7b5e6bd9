public import Foundation

/// The JSON Schemas (draft 2020-12) of the files that people write, for editors and other tools.
public enum FleetSchema {
    public static let fileName = "fleet.schema.json"
    public static var json: Data { Data(PackageResources.fleet_schema_json) }
}

public enum PolicySchema {
    public static let fileName = "policy.schema.json"
    public static var json: Data { Data(PackageResources.policy_schema_json) }
}

public enum FeedsSchema {
    public static let fileName = "feeds.schema.json"
    public static var json: Data { Data(PackageResources.feeds_schema_json) }
}

/// What `fettle inventory check -o json` answers.
public enum ProblemsSchema {
    public static var json: Data { Data(PackageResources.problems_schema_json) }
}
