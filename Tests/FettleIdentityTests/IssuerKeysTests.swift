import FettleModel
import Foundation
import JWTKit
import Synchronization
import Testing

@testable import FettleIdentity

/// Keys that an issuer changes while a server runs.
@Suite struct IssuerKeysTests {
    private static let (first, second) = (ES256PrivateKey(), ES256PrivateKey())
    private static let policy = IdentityPolicy(
        issuer: "https://id.example.org", audience: "fettle", keys: "https://id.example.org/certs",
        algorithms: [.es256], groups: [])

    /// What the issuer answers, how often it was asked, and the time.
    private final class World: Sendable {
        private struct Unreachable: Error {}
        /// nil: it does not answer.
        let told = Mutex<Data?>(nil)
        let asked = Mutex(0)
        private let passed = Mutex(Duration.zero)
        private let start = ContinuousClock.now

        func pass(_ seconds: Int) { passed.withLock { $0 += .seconds(seconds) } }
        var asks: Int { asked.withLock { $0 } }

        func keys(_ data: Data) -> IssuerKeys {
            IssuerKeys(data, now: { self.start + self.passed.withLock { $0 } }, read: { try await self.answer() })
        }

        private func answer() async throws -> Data {
            asked.withLock { $0 += 1 }
            // So that others come in between.
            try await Task.sleep(for: .milliseconds(20))
            guard let data = told.withLock({ $0 }) else { throw Unreachable() }
            return data
        }
    }

    private let world = World()

    private static func set(_ keys: (String, ES256PrivateKey)...) throws -> Data {
        let fields = try keys.map { kid, key in
            let parameters = try #require(key.publicKey.parameters)
            func url(_ text: String) -> String {
                text.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
            }
            return ["kty": "EC", "crv": "P-256", "kid": kid, "x": url(parameters.x), "y": url(parameters.y)]
        }
        return try JSONSerialization.data(withJSONObject: ["keys": fields])
    }

    private struct Claims: JWTPayload {
        var iss = "https://id.example.org"
        var aud = "fettle"
        var sub = "zoe"
        var exp = 1_900_000_060
        func verify(using algorithm: some JWTAlgorithm) throws {}
    }

    private func token(_ kid: String, by key: ES256PrivateKey) async throws -> String {
        var header = JWTHeader()
        header.kid = kid
        return try await JWTKeyCollection().add(ecdsa: key).sign(Claims(), header: header)
    }

    private func verify(_ token: String, _ keys: IssuerKeys) async -> IDTokenError.Code? {
        do throws(IDTokenError) {
            _ = try await keys.verify(token, policy: Self.policy, at: Timestamp(milliseconds: 1_900_000_000_000))
            return nil
        } catch { return error.code }
    }

    @Test func aKeyThatIsNewIsReadWhenATokenNamesIt() async throws {
        let keys = world.keys(try Self.set(("one", Self.first)))
        let (old, new) = (try await token("one", by: Self.first), try await token("two", by: Self.second))
        #expect(await verify(old, keys) == nil && world.asks == 0)
        world.told.withLock { $0 = try? Self.set(("two", Self.second)) }
        #expect(await verify(new, keys) == nil && world.asks == 1)
        // What it has withdrawn is good no more.
        #expect(await verify(old, keys) == .unknownKey)
    }

    @Test func aFloodOfMadeUpNamesAsksOnceAMinute() async throws {
        let data = try Self.set(("one", Self.first))
        world.told.withLock { $0 = data }
        let keys = world.keys(data)
        for minute in 1...3 {
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        guard let made = try? await token("made-up-\(number)", by: Self.second) else { return }
                        #expect(await verify(made, keys) == .unknownKey)
                    }
                }
            }
            #expect(world.asks == minute)
            world.pass(59)
            #expect(await verify(try await token("again", by: Self.second), keys) == .unknownKey)
            #expect(world.asks == minute)
            world.pass(1)
        }
        #expect(await verify(try await token("one", by: Self.first), keys) == nil)
    }

    @Test(arguments: [nil, "", "no keys", "{\"keys\": 1}", "[]"] as [String?])
    func whereTheyCannotBeReadAnewThoseThatAreThereStayGood(told: String?) async throws {
        let keys = world.keys(try Self.set(("one", Self.first)))
        world.told.withLock { $0 = told.map { Data($0.utf8) } }
        #expect(await verify(try await token("two", by: Self.second), keys) == .unknownKey && world.asks == 1)
        #expect(await verify(try await token("one", by: Self.first), keys) == nil)
        // And a minute later it is tried again.
        world.told.withLock { $0 = try? Self.set(("two", Self.second)) }
        world.pass(60)
        #expect(await verify(try await token("two", by: Self.second), keys) == nil && world.asks == 2)
    }

    /// Under the name of a key that is there: no reason to ask.
    @Test func aForgedTokenAsksForNothing() async throws {
        let keys = world.keys(try Self.set(("one", Self.first)))
        #expect(await verify(try await token("one", by: Self.second), keys) == .untrusted && world.asks == 0)
    }

    @Test func aWithdrawnKeyIsGoodForAnHourAtMost() async throws {
        let keys = world.keys(try Self.set(("one", Self.first)))
        world.told.withLock { $0 = try? Self.set(("two", Self.second)) }
        let old = try await token("one", by: Self.first)
        world.pass(3_599)
        #expect(await verify(old, keys) == nil && world.asks == 0)
        world.pass(1)
        #expect(await verify(old, keys) == .unknownKey && world.asks == 1)
    }
}
