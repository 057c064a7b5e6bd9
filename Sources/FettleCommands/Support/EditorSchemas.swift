import FettleInventory
import Foundation

/// The JSON Schemas that the first line of each file names, for editors: in `.fettle` beside it. They are Fettle's own and not to be
/// edited, so that those of this release take the place of an earlier one's.
enum EditorSchemas {
    /// - Parameter folder: that of fleet.yaml.
    static func write(beside folder: URL) throws {
        let schemas = folder.appendingPathComponent(".fettle")
        // As the database's own: what will be written there tells of every weakness of the fleet.
        try FileManager.default.createDirectory(
            at: schemas, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let files = [
            (FleetSchema.fileName, FleetSchema.json), (PolicySchema.fileName, PolicySchema.json),
            (FeedsSchema.fileName, FeedsSchema.json),
        ]
        for (name, json) in files { try json.write(to: schemas.appendingPathComponent(name), options: .atomic) }
    }
}
