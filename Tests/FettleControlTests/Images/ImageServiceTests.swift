import FettleEvidence
import FettleModel
import FettleStore
import Testing

@testable import FettleControl

@Suite struct ImageServiceTests {
    private let store = InMemoryStore(chain: .sha256)
    private var images: ImageService { ImageService(store: store) }
    private let policy = PromotionPolicy(
        stages: ["dev", "production"].map { PromotionStage(id: StageID($0), environments: [EnvironmentID($0)]) })

    private func draft(_ digest: String, from source: String, tested: Bool = true) -> ImageRecord {
        ImageRecord(
            id: "whatever", name: "web", path: "/images/\(digest)", digest: Digest(rawValue: digest),
            source: Digest(rawValue: source), parent: "image-99", bill: Digest(rawValue: "b"),
            signer: Digest(rawValue: "s"), platform: nil, packages: 1, changes: [], isBootTested: tested,
            addedBy: "mallory", addedAt: Timestamp(milliseconds: 0))
    }

    @Test func theCatalogueNamesAnImageAndFindsItsParentItself() async throws {
        let first = try await images.add(draft("d1", from: "d0"), by: "alice")
        let second = try await images.add(draft("d2", from: "d1"), by: "alice")
        #expect(first.id == "image-1" && first.parent == nil && first.addedBy == "alice")
        #expect(second.parent == "image-1")
        await #expect(throws: ControlError.self) { _ = try await images.add(draft("d2", from: "d1"), by: "bob") }
        #expect(try await images.images().map(\.record.id) == ["image-2", "image-1"])
    }

    @Test func anImagesWayIsKeptAndEveryStepOfItStandsInTheLog() async throws {
        _ = try await images.add(draft("d1", from: "d0"), by: "alice")
        _ = try await images.add(draft("d2", from: "d1"), by: "alice")
        await #expect(throws: ControlError.self) {
            _ = try await images.promote("image-1", to: "production", text: "", by: "alice", policy: policy)
        }
        _ = try await images.promote("image-1", to: "dev", text: "try", by: "alice", policy: policy)
        _ = try await images.promote("image-1", to: "production", text: "", by: "bob", policy: policy)
        // What a stage has now is not retired under it.
        await #expect(throws: ControlError.self) {
            _ = try await images.retire("image-1", text: "old", by: "alice", policy: policy)
        }
        _ = try await images.promote("image-2", to: "dev", text: "", by: "alice", policy: policy)
        _ = try await images.promote("image-2", to: "production", text: "", by: "alice", policy: policy)
        _ = try await images.retire("image-1", text: "old", by: "alice", policy: policy)
        #expect(try await images.collectable(afterSeconds: 0, policy: policy).map(\.record.id) == ["image-1"])
        await #expect(throws: ControlError.self) { _ = try await images.collected("image-2", by: "alice") }
        _ = try await images.collected("image-1", by: "alice")
        #expect(try await images.collectable(afterSeconds: 0, policy: policy).isEmpty)
        let standing = try await images.image("image-1")
        #expect(standing.stages == ["dev", "production"] && standing.isCollected)
        let log = try await LogService(store: store).check(anchors: [])
        #expect(log.holds)
        #expect(log.entries == 8)
    }

    @Test func anUntestedImageIsPromotedNowhere() async throws {
        _ = try await images.add(draft("d1", from: "d0", tested: false), by: "alice")
        await #expect(throws: ControlError.self) {
            _ = try await images.promote("image-1", to: "dev", text: "", by: "alice", policy: policy)
        }
    }
}
