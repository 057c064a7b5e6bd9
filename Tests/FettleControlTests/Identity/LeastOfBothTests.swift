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
