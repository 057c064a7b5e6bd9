import FettleDriverKit
import FettleModel
import Foundation
import Testing

@testable import FettleDrivers

/// The way to the API itself, over TLS: what goes over the line, what is taken for an answer, and who is believed.
@Suite("vCenter, the line", .serialized, .timeLimit(.minutes(10))) struct VCenterTransportTests {
    private let server: VCenterServer

    init() throws { server = try VCenterServer() }

    private func api(path: String = "", authorities: String? = "ca.pem") async throws -> MachineAPI {
        MachineAPI(
            url: "https://localhost:\(try await server.port())\(path)", token: .environment("VCENTER"),
            certificateAuthorities: authorities.map { $0.hasPrefix("/") ? $0 : server.file($0) })
    }

    private func client(
        path: String = "", authorities: String? = "ca.pem", credential: String = VCenterServer.credential
    ) async throws -> VCenterClient {
        VCenterClient(
            CurlVCenter(
                api: try await api(path: path, authorities: authorities),
                credential: try #require(VCenterCredential(credential))))
    }

    private func error(_ client: VCenterClient, _ id: String = "vm-1") async throws -> APIError? {
        let object = try #require(VIReference("VirtualMachine", id))
        do throws(APIError) {
            if id == "vm-1" {
                _ = try await client.inventory()
                _ = try await client.retrieve(VIQuery(start: object, properties: ["VirtualMachine": ["name"]]))
            } else {
                _ = try await client.call(.cancel(object))
            }
            return nil
        } catch {
            return error
        }
    }

    /// Everything from the credential to the proof, over a real connection.
    @Test func aHostIsEmptiedAndFilledAgain() async throws {
        let secrets: SecretReading = { source throws(StepFailure) in
            guard source == .environment("VCENTER") else { throw StepFailure(code: .refused, message: "another") }
            return VCenterServer.credential
        }
        var rules = VCenterSteps.rules
        rules.api = try await api(path: "/")
        let moves = [VCenterSteps.moves[0]]
        var memory: PriorState?
        for (driver, step) in [
            (VCenterEvacuationDriver(secrets: secrets) as any StepDriver, VCenterSteps.evacuate(moves)),
            (VCenterBringHomeDriver(secrets: secrets), VCenterSteps.bringHome(moves)),
        ] {
            var context = StepContext(
                run: "run-1", plan: VCenterSteps.plan(step, rules: rules), attempt: 1, intendedAt: .now(), prior: memory
            )
            guard case .ready(let prior) = await driver.check(step, in: context) else {
                Issue.record("\(step.id) is not ready: \(await driver.check(step, in: context))")
                return
            }
            memory = prior
            context.prior = prior
            try await driver.perform(step, in: context)
            let seen = try await driver.verify(step, in: context)
            #expect(seen.verdict == .pass && seen.details.keys.contains("moved web-1"), "\(seen)")
            guard case .alreadyDone = await driver.check(step, in: context) else {
                Issue.record("\(step.id) is not done")
                return
            }
        }
        let requests = server.requests
        #expect(requests.filter { $0.hasSuffix("/VirtualMachine/vm-1/RelocateVM_Task") }.count == 2)
        #expect(requests.filter { $0.hasSuffix("MaintenanceMode_Task") }.count == 2)
        #expect(
            requests.filter { $0.hasSuffix("/Login") }.count == requests.filter { $0.hasSuffix("/Logout") }.count)
        #expect(requests.allSatisfy { !$0.contains(VCenterServer.password) && $0.contains(" /sdk/vim25/8.0.1.0/") })
    }

    @Test func certificatesAreVerifiedAgainstTheAuthorityThatIsNamedAndNoOther() async throws {
        #expect(try await error(try await client()) == nil)
        let before = server.requests.count
        for authorities in [nil, "other.pem", "/no/such/file.pem"] {
            let refusal = try await error(try await client(authorities: authorities))
            #expect(refusal?.code == .refused, "\(refusal as Any)")
        }
        #expect(server.requests.count == before, "nothing is said to whoever is not believed")
    }

    @Test func aSessionThatHasEndedIsRenewedOnce() async throws {
        let client = try await client()
        #expect(try await error(client) == nil)
        server.forgetSessions()
        #expect(try await error(client) == nil)
        #expect(server.requests.filter { $0.hasSuffix("/Login") }.count == 2)
    }

    /// Said back in JSON, a sign can stand there in another form than it was sent in.
    @Test(arguments: ["another-secret", #"a"no\th/er"#, "sécret", "a\u{1F511}&<b", "with:colon"])
    func aSecretThatIsNotTakenIsNotToldEither(secret: String) async throws {
        let refusal = try await error(try await client(credential: "u@vsphere.local:\(secret)"))
        #expect(refusal?.code == .refused)
        #expect(
            refusal?.message == "it does not let it in: 500 InvalidLogin: not ***", "\(refusal as Any)")
        let echo = try await error(try await client(), "echo")
        #expect(echo?.message == "500 Bad: no: *** ***", "\(echo as Any)")
    }

    @Test func answersThatAreNoneAreNotTakenForSome() async throws {
        let client = try await client()
        for (id, code) in [
            ("cut", APIError.Code.unreachable), ("flood", .garbage), ("away", .failed), ("none", .failed),
        ] {
            #expect(try await error(client, id)?.code == code, "\(id)")
        }
        #expect(try await error(client, "none")?.status == 404)
    }

    @Test func credentialsAreOneLineWithAUserAndAPassword() {
        #expect(VCenterCredential("u@vsphere.local:a:b \"c")?.password == "a:b \"c")
        #expect(VCenterCredential(#"DOMAIN\u:p"#)?.user == #"DOMAIN\u"#)
        for text in [
            "", ":", "u", "u:", ":p", "u:p\n", "u\u{0}:p", "u:p\u{7F}", "u:" + String(repeating: "p", count: 5_000),
        ] {
            #expect(VCenterCredential(text) == nil, "\(text.prefix(20))")
        }
        #expect(
            VCenterCredential(#"u:p"/"#)?.question == #"{"locale":"en","password":"p\"/","userName":"u"}"#)
    }
}
