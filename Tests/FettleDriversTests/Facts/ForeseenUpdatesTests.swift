import FettleDriverKit
import FettleModel
import Synchronization
import Testing

@testable import FettleDrivers

/// What apt says of updates belongs to a state of the host: in the same state it need not be asked twice.
@Suite struct ForeseenUpdatesTests {
    private static let nonce = "0123456789abcdef"
    private let address = ResourceAddress.local
    private let one = Digest(rawValue: String(repeating: "1", count: 64))
    private let two = Digest(rawValue: String(repeating: "2", count: 64))

    private func transcript(_ output: String, status: Int = 0) -> Transcript {
        let text = "\n\(Self.nonce) begin apt\n\(output)\n\(Self.nonce) status \(status) end\n"
        return Transcript(standardOutput: Array(text.utf8), standardError: [], nonce: Self.nonce)
    }

    @Test func anAnswerIsTakenAgainInTheSameStateOnly() throws {
        let foreseen = ForeseenUpdates()
        var told = transcript("state \(one.rawValue)\nsources\nA")
        foreseen.settle(&told, of: address, nil)
        #expect(told.section("apt")?.output == "sources\nA")
        let known = try #require(foreseen.answer(of: address))
        #expect(known == .init(state: one, text: "sources\nA"))

        var same = transcript("state \(one.rawValue)")
        foreseen.settle(&same, of: address, known)
        #expect(same.section("apt")?.output == "sources\nA")
        #expect(foreseen.answer(of: address) == known)

        // An answer without anything in it is none that was left out.
        var other = transcript("state \(two.rawValue)\n")
        foreseen.settle(&other, of: address, known)
        #expect(other.section("apt")?.output == "")
        #expect(foreseen.answer(of: address) == .init(state: two, text: ""))
    }

    @Test(arguments: [
        ("state \nsources", 0, "sources"), ("state 12345\nsources", 0, "sources"),
        ("state ; rm -rf /\nsources", 0, "sources"), ("sources\nstate", 0, "sources\nstate"), ("", 0, ""),
        (
            "state \(String(repeating: "1", count: 64))\nsources", 1,
            "state \(String(repeating: "1", count: 64))\nsources"
        ),
    ])
    func whatTellsNoStateIsNotKept(_ output: String, _ status: Int, _ left: String) {
        let foreseen = ForeseenUpdates()
        var first = transcript("state \(one.rawValue)\nA")
        foreseen.settle(&first, of: address, nil)
        var second = transcript(output, status: status)
        foreseen.settle(&second, of: address, foreseen.answer(of: address))
        #expect(second.section("apt")?.output == left)
        #expect(foreseen.answer(of: address) == nil)
    }

    @Test(.enabled(if: ThisMachineTests.hasDpkg)) func thisMachineIsNotAskedTwiceAndSaysTheSame() async throws {
        let scripts = Mutex<[String]>([])
        let inspector = ShellHostInspector(
            channels: RecordingRunner { script in scripts.withLock { $0.append(script) } })
        let plain = await inspector.inspect("here", at: .local)
        await inspector.foresee("here", at: .local)
        let again = await inspector.inspect("here", at: .local)
        #expect(again.updates == plain.updates && again.packages == plain.packages)
        let texts = scripts.withLock { $0 }
        try #require(texts.count == 3)
        #expect(!texts[0].contains("decide()"))
        #expect(texts[1].contains("decide()") && !texts[1].contains("|| return 0\n"))
        #expect(texts[2].firstMatch(of: /\[ "\$state" != '[0-9a-f]{64}' \] \|\| return 0/) != nil)
    }
}

/// Tells every script before it runs it on this machine.
private struct RecordingRunner: CommandChannel, ChannelProvider {
    let record: @Sendable (String) -> Void
    private let runner = ShellRunner()

    init(_ record: @escaping @Sendable (String) -> Void) { self.record = record }

    func channel(to address: ResourceAddress) async throws(AccessError) -> any CommandChannel { self }

    func run(_ command: RemoteCommand) async throws(AccessError) -> CommandResult {
        if case .script(let text) = command.program { record(text) }
        return try await runner.run(command)
    }

    func close() async {}
}
