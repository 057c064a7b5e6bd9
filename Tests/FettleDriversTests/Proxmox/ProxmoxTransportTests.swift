import FettleDriverKit
import FettleModel
import Foundation
import Testing

@testable import FettleDrivers

/// The way to the API itself, over TLS: what goes over the line, what is taken for an answer, and who is believed.
@Suite("Proxmox VE, the line", .serialized, .timeLimit(.minutes(10))) struct ProxmoxTransportTests {
    private let server: ProxmoxServer

    init() throws { server = try ProxmoxServer() }

    private func api(authorities: String? = "ca.pem") async throws -> MachineAPI {
        MachineAPI(
            url: "https://{host}:\(try await server.port())", token: .environment("PVE_TOKEN"),
            certificateAuthorities: authorities.map { $0.hasPrefix("/") ? $0 : server.file($0) })
    }

    private func client(
        _ hosts: [String] = ["localhost"], authorities: String? = "ca.pem", token: String = ProxmoxServer.token
    ) async throws -> ProxmoxClient {
        ProxmoxClient(CurlTransport(api: try await api(authorities: authorities), token: token), hosts: hosts)
    }

    private func error(_ request: ProxmoxRequest, _ client: ProxmoxClient) async -> APIError? {
        do throws(APIError) {
            _ = try await client.get(request, as: [ProxmoxRecord.Node].self)
            return nil
        } catch {
            return error
        }
    }

    /// Everything from the token to the proof, over a real connection.
    @Test func aNodeIsEmptiedAndFilledAgain() async throws {
        let secrets: SecretReading = { source throws(StepFailure) in
            guard source == .environment("PVE_TOKEN") else { throw StepFailure(code: .refused, message: "another") }
            return ProxmoxServer.token
        }
        var rules = ProxmoxSteps.rules
        rules.api = try await api()
        let moves = [ProxmoxSteps.moves[0]]
        let channels = NoChannels()
        for (driver, step) in [
            (
                ProxmoxEvacuationDriver(channels: channels, secrets: secrets) as any StepDriver,
                ProxmoxSteps.evacuate(moves)
            ),
            (ProxmoxBringHomeDriver(channels: channels, secrets: secrets), ProxmoxSteps.bringHome(moves)),
        ] {
            var plan = ProxmoxSteps.plan(step, rules: rules)
            plan.targets[0].address = .ssh("127.0.0.1")
            plan.groups[0].memberAddresses = ["pve1": .ssh("127.0.0.1"), "pve2": .ssh("localhost")]
            var context = StepContext(run: "run-1", plan: plan, attempt: 1, intendedAt: .now(), prior: nil)
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
        #expect(server.requests.filter { $0.hasPrefix("POST") }.count == 2)
    }

    @Test func certificatesAreVerifiedAgainstTheAuthorityThatIsNamedAndNoOther() async throws {
        #expect(await error(.nodes, try await client()) == nil)
        for authorities in [nil, "other.pem"] {
            let refusal = await error(.nodes, try await client(authorities: authorities))
            #expect(refusal?.code == .refused && refusal?.nothingRan == true, "\(refusal as Any)")
        }
        #expect(await error(.nodes, try await client(authorities: "/no/such/file.pem"))?.code == .refused)
        #expect(server.requests.count == 1, "nothing is said to whoever is not believed")
    }

    @Test func aTokenThatIsNotTakenIsRefused() async throws {
        let refusal = await error(.nodes, try await client(token: "fettle@pve!patching=another-one"))
        #expect(refusal?.code == .refused && refusal?.message.contains("401") == true)
    }

    @Test func aHostThatIsNotThereLeavesItToTheNext() async throws {
        #expect(await error(.nodes, try await client(["no-such-host.invalid", "a b", "localhost"])) == nil)
        #expect(await error(.nodes, try await client(["no-such-host.invalid"]))?.code == .unreachable)
    }

    @Test func answersThatAreNoneAreNotTakenForSome() async throws {
        let client = try await client()
        for (node, code) in [
            ("cut", APIError.Code.unreachable), ("flood", .garbage), ("away", .failed), ("none", .failed),
        ] {
            #expect(await error(.status(of: node), client)?.code == code, "\(node)")
        }
        #expect(await error(.status(of: "pieces"), client) == nil, "in pieces, as HTTP allows")
    }

    @Test func theTokenIsNotToldEvenWhereTheServerSaysItBack() async throws {
        let refusal = await error(.status(of: "echo"), try await client())
        #expect(refusal?.message.contains("500 no: PVEAPIToken=fettle@pve!patching=***") == true, "\(refusal as Any)")
    }

    @Test func onlyWhatLooksLikeATokenIsSent() {
        #expect(ProxmoxToken.isToken(ProxmoxServer.token))
        for text in [
            "", "secret", "root@pam=12345678", "a!b=12345678", "a@b!c=short", "a@b!c=1234 5678",
            "a@b!c=12345678\r\nX: y",
        ] {
            #expect(!ProxmoxToken.isToken(text), "\(text)")
        }
    }

    @Test func whatGoesIntoAPathIsEncoded() {
        #expect(ProxmoxRequest.status(of: "a/../b?c").pathAndQuery == "/api2/json/nodes/a%2F..%2Fb%3Fc/status")
        let request = ProxmoxRequest.migrate(101, from: "pve1", to: "a&b", isRunning: true, bandwidth: 0)
        #expect(request.pathAndQuery == "/api2/json/nodes/pve1/qemu/101/migrate")
        #expect(request.form == "target=a%26b&online=1")
    }

    @Test func answersAreReadByTheirLastHead() {
        func status(_ text: String) -> Int? { APIAnswer(parsing: Array(text.utf8))?.status }
        #expect(status("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 VM is locked (backup)\r\nA: b\r\n\r\n{}") == 500)
        #expect(
            APIAnswer(parsing: Array("HTTP/1.1 500 VM is locked (backup)\r\n\r\n{}".utf8))?.reason
                == "VM is locked (backup)")
        for text in [
            "", "HTTP/1.1 200 OK\r\n", "ABC 200 OK\r\n\r\n", "HTTP/1.1 20x OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
        ] {
            #expect(status(text) == nil, "\(text)")
        }
    }
}
