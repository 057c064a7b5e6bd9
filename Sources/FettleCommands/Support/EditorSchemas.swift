import FettleInventory
import Foundation

/// The JSON Schemas that the first line of each file names, for editors: in `.fettle` beside it. They are Fettle's own and not to be
/// edited, so that those of this release take the place of an earlier one's.
enum EditorSchemas {
    /// - Parameter folder: that of fleet.yaml.
    static func write(beside folder: URL) throws {
        let schemas = folder.appendingPathComponent(".fettle")
        try FileManager.default.createDirectory(at: schemas, withIntermediateDirectories: true)
        let files = [
            (FleetSchema.fileName, FleetSchema.json), (PolicySchema.fileName, PolicySchema.json),
            (FeedsSchema.fileName, FeedsSchema.json),
        ]
        for (name, json) in files { try json.write(to: schemas.appendingPathComponent(name), options: .atomic) }
    }
}
