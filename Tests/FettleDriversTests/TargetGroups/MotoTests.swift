import FettleDriverKit
import FettleModel
import FettleTestSupport
import Foundation
import Testing

@testable import FettleDrivers

/// Target groups by AWS's own command against moto, which answers as AWS does (https://docs.getmoto.org). It ends connections at once, and
/// knows one port of an instance: what takes time and ports is in `TargetGroupTests`.
@Suite(.enabled(if: Moto.product != nil, "moto: scripts/install-products"), .timeLimit(.minutes(10)))
struct MotoTests {
    @Test func aMemberIsTakenOutAndComesBackAsItWas() async throws {
        let moto = try Moto()
        defer { moto.stop() }
        let (arn, ids) = try await moto.group(of: 2)
        let traffic = TrafficBinding(
            driver: TargetGroupDrainDriver.name, via: "bastion", address: .local, endpoint: arn, backend: "web",
            drainTimeoutSeconds: 330)
        let channels = LocalConnection()
        let plan = TrafficSteps.context().plan
        let client = try TargetGroupClient(traffic, channels: channels, program: moto.program)
        let whole = try await client.look().registrations
        #expect(Set(whole.map(\.id)) == Set(ids) && whole.allSatisfy { $0.state == "healthy" && $0.place.text == "80" })

        let step = TrafficSteps.step(.drain(traffic: traffic), on: ResourceID(ids[0]))
        let drain = TargetGroupDrainDriver(channels: channels, program: moto.program)
        let findings = await StepDriverConformance(driver: drain, step: step, plan: plan)
            .run { "\(try await client.look().registrations)" }
        #expect(findings == [])
        #expect(try await client.look().registrations.map(\.id) == [ids[1]])

        let back = TrafficSteps.step(.restore(traffic: traffic), on: ResourceID(ids[0]))
        let restore = TargetGroupRestoreDriver(channels: channels, program: moto.program)
        let context = TrafficSteps.context(prior: PriorState(alreadySo: false, details: ["registered": "80"]))
        try await restore.perform(back, in: context)
        #expect(try await restore.verify(back, in: context).verdict == .pass)
        #expect(Set(try await client.look().registrations.map(\.id)) == Set(ids))
    }

    @Test func aGroupThatIsNotThereAndAServerThatIsAwayAreTold() async throws {
        let moto = try Moto()
        let (arn, ids) = try await moto.group(of: 1)
        func check(_ arn: String) async -> StepFailure? {
            let traffic = TrafficBinding(
                driver: TargetGroupDrainDriver.name, via: "bastion", address: .local, endpoint: arn, backend: "web",
                drainTimeoutSeconds: 330)
            let step = TrafficSteps.step(.drain(traffic: traffic), on: ResourceID(ids[0]))
            let drain = TargetGroupDrainDriver(channels: LocalConnection(), program: moto.program)
            guard case .unknown(let failure) = await drain.check(step, in: TrafficSteps.context()) else { return nil }
            return failure
        }
        #expect(await check(arn) == nil)
        let missing = await check("\(arn)0")
        #expect(missing?.code == .drift && missing?.message.contains("TargetGroupNotFound") == true)
        moto.stop()
        let away = await check(arn)
        #expect(away?.code == .unreachable && away?.message.contains("Could not connect") == true)
    }
}

/// The product, and a program `aws` that asks it and nobody else.
private final class Moto {
    static var product: InstalledProduct? { MotoServer.product }

    let program: String
    private let server: MotoServer

    init() throws {
        server = try MotoServer()
        program = server.folder.appending(path: "aws-of-moto").path
        let settings = server.settings.map { "\($0)='\($1)'" }.sorted().joined(separator: " ")
        let script = """
            #!/bin/sh
            exec env \(settings) AWS_ENDPOINT_URL='\(server.address)' HOME='\(server.folder.path)' aws "$@"

            """
        try script.write(toFile: program, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
    }

    func stop() { server.stop() }

    /// Instances in a target group `web`, on port 80.
    ///
    /// - Returns: its ARN, and the instances' ids.
    func group(of count: Int) async throws -> (arn: String, ids: [String]) {
        let network = try await ask("ec2 describe-vpcs --query Vpcs[0].VpcId")[0]
        let ids = try await ask(
            "ec2 run-instances --image-id ami-12c6146b --count \(count) --query Instances[].InstanceId")
        let arn = try await ask(
            "elbv2 create-target-group --name web --protocol HTTP --port 80 --vpc-id \(network) "
                + "--query TargetGroups[0].TargetGroupArn")[0]
        _ = try await ask(
            "elbv2 register-targets --target-group-arn \(arn) --targets "
                + ids.map { "Id=\($0),Port=80" }.joined(separator: " "))
        return (arn, ids)
    }

    private func ask(_ line: String) async throws -> [String] {
        let words = line.split(separator: " ").map { "'\($0)'" }.joined(separator: " ")
        let result = try await LocalConnection().channel(to: .local)
            .run(
                RemoteCommand(
                    script: "AWS_PAGER= '\(program)' --region eu-central-1 --output text \(words)",
                    timeout: .seconds(120)))
        try #require(result.succeeded, "\(line): \(result.errorText)")
        return result.outputText.split(whereSeparator: \.isWhitespace).map(String.init)
    }
}
