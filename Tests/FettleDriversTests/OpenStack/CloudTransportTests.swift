import FettleDriverKit
import FettleModel
import Foundation
import Testing

@testable import FettleDrivers

/// The way to the APIs themselves, over TLS: what goes over the line, what is taken for an answer, and who is believed.
@Suite("OpenStack, the line", .serialized, .timeLimit(.minutes(10))) struct CloudTransportTests {
    private let server: CloudServer

    init() throws { server = try CloudServer() }

    private func api(path: String = "", authorities: String? = "ca.pem") async throws -> MachineAPI {
        MachineAPI(
            url: "https://localhost:\(try await server.port())\(path)", token: .environment("CLOUD"),
            certificateAuthorities: authorities.map { $0.hasPrefix("/") ? $0 : server.file($0) })
    }

    private func client(
        path: String = "", authorities: String? = "ca.pem", credential: String = CloudServer.credential
    ) async throws -> NovaClient {
        NovaClient(
            CurlCloud(
                api: try await api(path: path, authorities: authorities),
                credential: try #require(CloudCredential(credential))))
    }

    private func error(_ request: NovaRequest, _ client: NovaClient) async -> APIError? {
        struct Anything: Decodable {}
        do throws(APIError) {
            _ = try await client.get(request, as: Anything.self)
            return nil
        } catch {
            return error
        }
    }

    /// Everything from the credential to the proof, over a real connection.
    @Test func aHostIsEmptiedAndFilledAgain() async throws {
        let secrets: SecretReading = { source throws(StepFailure) in
            guard source == .environment("CLOUD") else { throw StepFailure(code: .refused, message: "another") }
            return CloudServer.credential
        }
        var rules = NovaSteps.rules
        rules.api = try await api()
        let moves = [NovaSteps.moves[0]]
        for (driver, step) in [
            (NovaEvacuationDriver(secrets: secrets) as any StepDriver, NovaSteps.evacuate(moves)),
            (NovaBringHomeDriver(secrets: secrets), NovaSteps.bringHome(moves)),
        ] {
            var context = StepContext(
                run: "run-1", plan: NovaSteps.plan(step, rules: rules), attempt: 1, intendedAt: .now(), prior: nil)
            guard case .ready(let prior) = await driver.check(step, in: context) else {
                Issue.record("\(step.id) is not ready")
                return
            }
            context.prior = prior
            try await driver.perform(step, in: context)
            let seen = try await driver.verify(step, in: context)
            #expect(seen.verdict == .pass && seen.details.keys.contains("moved web-1"), "\(seen)")
            guard case .alreadyDone = await driver.check(step, in: context) else {
                Issue.record("\(step.id) is not done")
                return
            }
        }
        #expect(server.requests.filter { $0.hasPrefix("POST") && $0.hasSuffix("/action") }.count == 2)
        #expect(server.requests.filter { $0.hasPrefix("PUT") }.count == 2)
        #expect(!server.requests.contains { $0.contains(CloudServer.secret) })
    }

    @Test func certificatesAreVerifiedAgainstTheAuthorityThatIsNamedAndNoOther() async throws {
        #expect(await error(.services, try await client()) == nil)
        let before = server.requests.count
        for authorities in [nil, "other.pem", "/no/such/file.pem"] {
            let refusal = await error(.services, try await client(authorities: authorities))
            #expect(refusal?.code == .refused, "\(refusal as Any)")
        }
        #expect(server.requests.count == before, "nothing is said to whoever is not believed")
    }

    @Test(arguments: ["", "/", "/v3", "/v3/"]) func theAddressOfKeystoneMayHaveItsVersion(path: String) async throws {
        #expect(await error(.services, try await client(path: path)) == nil)
        #expect(server.requests == ["POST /v3/auth/tokens", "GET /v2.1/os-services?binary=nova-compute"])
    }

    @Test func aTokenThatHasExpiredIsRenewedOnce() async throws {
        let client = try await client()
        #expect(await error(.services, client) == nil)
        server.forgetTokens()
        #expect(await error(.services, client) == nil)
        #expect(server.requests.filter { $0.hasPrefix("POST") }.count == 2)
    }

    /// Said back in JSON, a sign can stand there in another form than it was sent in.
    @Test(arguments: ["another-secret", #"a"no\th/er"#, "sécret", "a\u{1F511}&<b"])
    func aSecretThatIsNotTakenIsNotToldEither(secret: String) async throws {
        let wrong = "0f0e0d0c111122223333444455556666:\(secret)"
        let refusal = await error(.services, try await client(credential: wrong))
        #expect(refusal?.code == .refused)
        #expect(refusal?.message == "Keystone does not let it in: 401 not ***", "\(refusal as Any)")
        let echo = await error(.server(CloudServer.echo), try await client())
        #expect(echo?.message == "500 no: *** ***", "\(echo as Any)")
    }

    @Test func answersThatAreNoneAreNotTakenForSome() async throws {
        let client = try await client()
        for (id, code) in [
            (CloudServer.cut, APIError.Code.unreachable), (CloudServer.flood, .garbage), (CloudServer.away, .failed),
            (PretendCloud.id(699), .failed),
        ] {
            #expect(await error(.server(id), client)?.code == code, "\(id)")
        }
        #expect(await error(.server(PretendCloud.id(699)), client)?.status == 404)
    }

    @Test(arguments: [APIExchange.Secret.header("X-Auth-Token: hush-hush"), .body("hush-hush")])
    func noListOfProcessesShowsASecret(secret: APIExchange.Secret) {
        let exchange = APIExchange(
            method: .post, url: "https://nova.example/servers", headers: ["Accept: application/json"], secret: secret,
            body: "{}", secrets: ["hush-hush"], certificateAuthorities: "/ca.pem")
        #expect(!exchange.arguments.contains { $0.contains("hush-hush") }, "\(exchange.arguments)")
        #expect(exchange.arguments.filter { $0 == "@-" }.count == 1, "it is read from curl's input")
    }

    @Test func whatGoesIntoAnAddressIsEncoded() {
        #expect(NovaRequest.server("a/../b?c").pathAndQuery == "/servers/a%2F..%2Fb%3Fc")
        #expect(
            NovaRequest.servers(on: "a&b", after: nil).pathAndQuery
                == "/servers/detail?all_tenants=True&host=a%26b&limit=500")
        #expect(
            NovaRequest.servers(named: "a.b(c", after: nil).parameters.first { $0.name == "name" }?.value
                == #"^a\.b\(c$"#)
        #expect(
            NovaRequest.disable(service: "x", because: "\"}\n").body
                == #"{"disabled_reason":"\"}\n","status":"disabled"}"#)
    }
}
