import FettleModel
import FettleTestSupport
import Testing

@testable import FettleControl
@testable import FettleStore

/// A token is good for no more than its owner, and a name is one person's.
@Suite struct LeastOfBothTests {
    private let world = IdentityWorld()

    private func refused(_ code: ControlError.Code = .blocked, _ act: () async throws -> Void) async throws {
        let before = try await world.mark()
        let error = await #expect(throws: ControlError.self) { try await act() }
        #expect(error?.code == code && error?.hint.isEmpty == false, "\(String(describing: error))")
        #expect(try await world.mark() == before)
    }

    @Test func noTokenIsMadeBeyondItsOwnersRolesAndAnOldOneIsGoodForNoMore() async throws {
        let admin = try await world.admin()
        let bob = try await world.add("bob", Grant(.operator, environments: ["dev"]), by: admin)
        for limit in [Grant(.admin), Grant(.approver), Grant(.auditor), Grant(.operator, environments: ["production"])]
        {
            let error = await #expect(throws: ControlError.self) {
                try await world.tokens(bob).make(title: "", limits: [Grant(.viewer), limit], days: 1)
            }
            #expect(error?.code == .blocked && error?.message.contains("\(limit) is beyond bob's roles") == true)
        }
        _ = try await world.tokens(bob).make(title: "", limits: [Grant(.viewer), Grant(.operator)], days: 1)
        // Not by an enrolment either, which stays good for a right one.
        _ = try await world.users(admin).add("ann", grants: [Grant(.viewer)], by: "root-admin")
        let enrolment = try await world.tokens(admin).enrol("ann", by: "root-admin")
        try await refused {
            _ = try await world.tokens(.token(enrolment.text)).make(title: "", limits: [Grant(.admin)], days: 1)
        }
        let ann = try await world.tokens(.token(enrolment.text)).make(title: "", limits: [Grant(.viewer)], days: 1)
        // One that carries more all the same, as an earlier Fettle made them, or since its owner's roles were others.
        var (token, _) = try await StageKeeper(store: world.store).load(
            AccessToken.self, .token, id: ann.token.id.rawValue)
        token.limits = [Grant(.admin), Grant(.viewer)]
        try await world.store.alterPastTheLog(token, .token, token.id.rawValue)
        try await world.users(.token(ann.text)).requireRead()
        try await refused {
            _ = try await world.users(.token(ann.text)).add("carol", grants: [Grant(.viewer)], by: "ann")
        }
        try await refused { _ = try await world.users(.token(ann.text)).users() }
    }

    @Test func aNameThatDiffersInItsCaseAloneIsNobodyElses() async throws {
        let admin = try await world.admin()
        _ = try await world.add("Bob", Grant(.viewer), by: admin)
        for name in ["bob", "BOB", "boB"] {
            let error = await #expect(throws: ControlError.self) {
                try await world.users(admin).add(UserID(name), grants: [Grant(.viewer)], by: "root-admin")
            }
            #expect(error?.code == .conflict && error?.message.contains("Bob is there already") == true)
        }
        try await refused(.conflict) {
            _ = try await world.users(admin).add("Root-Admin", grants: [Grant(.viewer)], by: "root-admin")
        }
        _ = try await world.users(admin).add("bobby", grants: [Grant(.viewer)], by: "root-admin")
        #expect(try await world.users(admin).users().map(\.id) == ["Bob", "bobby", "root-admin"])
    }
}
