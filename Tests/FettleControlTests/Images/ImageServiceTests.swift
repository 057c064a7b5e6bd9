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

    // MARK: Where users are kept

    private func world() async throws -> (IdentityWorld, admin: Access, otto: Access) {
        let world = IdentityWorld()
        _ = try await ImageService(store: world.store).add(draft("d1", from: "d0"), by: "root")
        let admin = try await world.admin()
        let otto = try await world.add("otto", Grant(.operator, environments: ["dev"]), by: admin)
        return (world, admin, otto)
    }

    private var accepted: Policy {
        var accepted = Policy()
        accepted.promotion = policy
        return accepted
    }

    private func service(_ world: IdentityWorld, _ access: Access) -> ImageService {
        ImageService(store: world.store, access: access) { world.now }
    }

    private func blocked(_ words: String, _ act: () async throws -> Void) async {
        let error = await #expect(throws: ControlError.self) { try await act() }
        #expect(error?.code == .blocked && error?.message.contains(words) == true, "\(error as Any)")
    }

    /// A folder of one's own in which production is dev.
    @Test func noStagesButThoseThatWereAcceptedCountAndNoRoleBeyondItsPlaces() async throws {
        let (world, admin, otto) = try await world()
        let images = service(world, otto)
        await blocked("no policy was accepted") {
            _ = try await images.promote("image-1", to: "dev", text: "", by: "otto", policy: policy)
        }
        try await world.accept(accepted, Fleet(environments: [], resources: [], groups: []), by: admin)
        let mine = PromotionPolicy(stages: [PromotionStage(id: "production", environments: ["dev"])])
        let none = PromotionPolicy(stages: [PromotionStage(id: "production", environments: [])])
        await blocked("accepted as trust-1") {
            _ = try await images.promote("image-1", to: "production", text: "", by: "otto", policy: mine)
        }
        await blocked("otto may not") {
            _ = try await images.promote("image-1", to: "production", text: "", by: "otto", policy: none)
        }
        _ = try await images.promote("image-1", to: "dev", text: "", by: "otto", policy: policy)
        await blocked("otto may not") {
            _ = try await images.promote("image-1", to: "production", text: "", by: "otto", policy: policy)
        }
        let olga = try await world.add("olga", Grant(.operator), by: admin)
        _ = try await service(world, olga).promote("image-1", to: "production", text: "", by: "olga", policy: policy)
        for other in [mine, none] {
            await blocked("") { _ = try await images.retire("image-1", text: "", by: "otto", policy: other) }
            await blocked("accepted as trust-1") {
                _ = try await service(world, olga).retire("image-1", text: "", by: "olga", policy: other)
            }
        }
        await blocked("otto may not") { _ = try await images.retire("image-1", text: "", by: "otto", policy: policy) }
    }

    @Test func anImageThatAForeignKeySignedIsAddedByAnAdmin() async throws {
        let (world, admin, otto) = try await world()
        await blocked("role admin") { _ = try await service(world, otto).add(draft("d2", from: "d1"), by: "otto") }
        _ = try await service(world, admin).add(draft("d2", from: "d1"), by: "root-admin")
    }

    @Test func aBadVersionIsRetiredAndTheOneBeforeIsWhatTheStageHas() async throws {
        for (digest, source) in [("d1", "d0"), ("d2", "d1")] {
            let image = try await images.add(draft(digest, from: source), by: "alice").id
            for stage in policy.stages.map(\.id) {
                _ = try await images.promote(image, to: stage, text: "", by: "alice", policy: policy)
            }
        }
        _ = try await images.retire("image-2", text: "bad", by: "alice", policy: policy)
        let judge = ImageJudge(policy: policy, images: try await images.images())
        #expect(judge.current("web", in: "production")?.record.id == "image-1")
        await #expect(throws: ControlError.self) {
            _ = try await images.retire("image-1", text: "the last", by: "alice", policy: policy)
        }
    }

    @Test func anUntestedImageIsPromotedNowhere() async throws {
        _ = try await images.add(draft("d1", from: "d0", tested: false), by: "alice")
        await #expect(throws: ControlError.self) {
            _ = try await images.promote("image-1", to: "dev", text: "", by: "alice", policy: policy)
        }
    }
}
