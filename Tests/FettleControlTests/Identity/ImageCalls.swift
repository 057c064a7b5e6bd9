import FettleModel
import FettleStore

@testable import FettleControl

/// Calls of the catalogue of images, and what they begin with.
struct ImageCalls {
    let world: IdentityWorld
    let stages: PromotionPolicy

    static let calls = ["imageAdd", "imagePromote", "imageRetire"]

    static func draft(_ digest: String) -> ImageRecord {
        ImageRecord(
            id: "", name: "web", path: "/images/\(digest)", digest: Digest(rawValue: digest),
            source: Digest(rawValue: "d0"), parent: nil, bill: Digest(rawValue: "b"), signer: Digest(rawValue: "s"),
            platform: nil, packages: 1, changes: [], isBootTested: true, addedBy: "x",
            addedAt: Timestamp(milliseconds: 0))
    }

    private func images(_ access: Access) -> ImageService {
        ImageService(store: world.store, access: access) { [world] in world.now }
    }

    /// The first two are in dev, the third is in production too, and the fourth is nowhere.
    func prepare(_ adam: Access, _ olga: Access) async throws {
        for number in 1...4 { _ = try await images(adam).add(Self.draft("d\(number)"), by: "adam") }
        for (image, stage) in [("1", "dev"), ("2", "dev"), ("3", "dev"), ("3", "production")] {
            _ = try await images(olga).promote(
                ImageID("image-\(image)"), to: StageID(stage), text: "", by: "olga", policy: stages)
        }
    }

    func call(
        _ name: String, _ access: Access, by person: Person, _ environment: String
    ) -> () async throws -> Void {
        let (images, stages) = (images(access), stages)
        let isProduction = environment == "production"
        switch name {
        case "imageAdd": return { _ = try await images.add(Self.draft("d5"), by: person) }
        case "imagePromote":
            let image: ImageID = isProduction ? "image-1" : "image-4"
            return {
                _ = try await images.promote(
                    image, to: StageID(environment), text: "", by: person, policy: stages)
            }
        default:
            let image: ImageID = isProduction ? "image-3" : "image-2"
            return { _ = try await images.retire(image, text: "", by: person, policy: stages) }
        }
    }
}
