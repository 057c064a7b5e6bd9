import FettleAssessment
import FettleModel
import FettlePlanning
import FettleStore
import FettleTestSupport

@testable import FettleControl

/// Calls of services from a folder that nobody has accepted: whoever it is may not.
struct ForeignFolder {
    let world: IdentityWorld
    /// As they were accepted.
    let fleet: Fleet
    let policy: Policy

    static let calls = ["laxSubmit", "movedScan", "movedPlan", "laxWaive", "laxNote", "laxImage", "divert"]

    /// Nobody has to agree.
    private var lax: Policy {
        var lax = policy
        lax.approvals = ["production": ApprovalRule(approvals: 0, requesterMayApprove: true)]
        return lax
    }

    /// All of it is said to be in dev.
    private var moved: Fleet {
        var moved = fleet
        for place in moved.resources.indices { moved.resources[place].environment = "dev" }
        return moved
    }

    func call(_ name: String, _ access: Access, by person: Person) -> () async throws -> Void {
        let (store, tools) = (world.store, world.tools)
        let (lax, moved) = (lax, moved)
        switch name {
        case "laxSubmit":
            return { [world] in
                _ = try await world.changes(access).submit(
                    plan: "plan-4", kind: .normal, reason: "r", by: person, policy: lax)
            }
        case "movedScan":
            return { [policy] in
                _ = try await ScanService(store: store, tools: tools, access: access)
                    .scan(moved.resources, fleet: moved, policy: policy, feeds: .none)
            }
        case "movedPlan":
            return { [policy] in
                _ = try await PlanService(store: store, tools: tools, access: access)
                    .make(filter: PatchFilter(), fleet: moved, policy: policy)
            }
        case "laxWaive":
            let request = WaiverService.Request(
                scope: WaiverScope(.source("openssl"), environments: ["dev"]), kind: .accepted, reason: "r", owner: "o",
                expiresAt: world.now.adding(seconds: 86_400))
            let waivers = WaiverService(store: store, access: access) { [world] in world.now }
            return { _ = try await waivers.grant([request], by: person, policy: lax) }
        case "laxNote":
            let mine = PromotionPolicy(stages: [PromotionStage(id: "production", environments: ["dev"])])
            return {
                _ = try await PromotionService(store: store, tools: tools, access: access).note(
                    on: "patchset-1", kind: .tests, passes: true, stage: "production", text: "t", by: person,
                    policy: mine)
            }
        case "laxImage":
            let mine = PromotionPolicy(stages: [PromotionStage(id: "production", environments: ["dev"])])
            let images = ImageService(store: store, access: access) { [world] in world.now }
            return { _ = try await images.promote("image-4", to: "production", text: "", by: person, policy: mine) }
        default:
            let mine = MessagePolicy(receivers: [
                MessageReceiver(name: "ops", kind: .webhook, address: .text("https://mine.example/"))
            ])
            let service = MessageService(
                store: store, policy: mine, access: access, now: { [world] in world.now },
                deliver: { _, _, _, _ in DeliveryOutcome(.delivered(reference: nil), "") })
            return { _ = try await service.test("ops", id: "t", by: person) }
        }
    }
}
