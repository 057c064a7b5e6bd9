import FettleControl
import FettleModel
import Foundation
import Testing

@testable import FettleCommands

/// What a policy names as secret is masked wherever this process writes something down, whoever says it.
@Suite struct PolicySecretsTests {
    private static let secret = "planted/Secret+0123456789"
    private static let address = "https://chat.example/services/T0000000A/planted-hook-0123?key=planted-key-0123"

    private static func receivers(_ source: SecretSource) -> [MessageReceiver] {
        let mail = MessageReceiver.MailSettings(from: "fettle@example.org", recipients: ["ops@example.org"])
        let kinds: [MessageReceiver.Kind] = [
            .webhook, .serviceNow(MessageReceiver.ServiceNowSettings()),
            .jira(MessageReceiver.JiraSettings(project: "OPS", issueType: "Task")), .mail(mail),
        ]
        return kinds.map { kind in
            MessageReceiver(
                name: "ops", kind: kind, address: .text("https://tickets.example"), user: "fettle",
                secret: source)
        }
    }

    /// As it is, and as JSON, Basic and an address write it.
    private static let forms = [
        secret, "planted\\/Secret+0123456789", Data("fettle:\(secret)".utf8).base64EncodedString(),
        Data(secret.utf8).base64EncodedString(), "planted%2FSecret%2B0123456789",
    ]

    private func mask(
        _ receiver: MessageReceiver, in folder: TestFolder, _ environment: [String: String] = [:]
    ) -> SecretMask {
        let known = KnownSecrets()
        var policy = Policy()
        policy.messages = MessagePolicy(receivers: [receiver])
        known.searchFirst(in: policy, environment, directory: folder.url)
        return SecretMask(and: known)
    }

    @Test(arguments: receivers(.file("secret")) + receivers(.environment("HOOK")))
    func aReceiversSecretIsMaskedInEveryForm(receiver: MessageReceiver) throws {
        let folder = try TestFolder()
        try folder.write("\(Self.secret)\n", to: "secret")
        chmod(folder.file("secret").path, 0o600)
        let mask = mask(receiver, in: folder, ["HOOK": Self.secret])
        for form in Self.forms where receiver.user != nil || !form.hasPrefix("ZmV0") {
            #expect(mask.masked("answers 401 to \(form), which is wrong") == "answers 401 to ***, which is wrong")
            #expect(mask.maskedLightly("told: \(form)") == "told: ***")
        }
    }

    @Test func anAddressThatLetsOthersInIsMaskedAndItsWordsAreNot() throws {
        let folder = try TestFolder()
        let receiver = MessageReceiver(name: "chat", kind: .slack, address: .secret(.environment("CHAT")))
        let mask = mask(receiver, in: folder, ["CHAT": Self.address])
        for part in [Self.address, "/services/T0000000A/planted-hook-0123", "planted-hook-0123", "planted-key-0123"] {
            #expect(!mask.masked("no hook \(part)").contains(part))
        }
        let words = "two services of T0000000A at chat.example"
        #expect(mask.masked(words) == words)
    }

    @Test func aSuitesSecretIsKnownAsWell() throws {
        let folder = try TestFolder()
        let known = KnownSecrets()
        let receiver = MessageReceiver(
            name: "suite", kind: .webhook, address: .text("https://suite.example"), secret: .environment("SUITE"))
        var policy = Policy()
        policy.promotion = PromotionPolicy(stages: [
            PromotionStage(
                id: "qa", environments: ["qa"],
                tests: .webhook(receiver: receiver, answerSeconds: 60, answeredBy: "suite"))
        ])
        known.searchFirst(in: policy, ["SUITE": Self.secret], directory: folder.url)
        #expect(SecretMask(and: known).masked("it is \(Self.secret)") == "it is ***")
    }

    @Test func whatCannotBeReadKeepsNobodyFromMasking() throws {
        let folder = try TestFolder()
        let receiver = MessageReceiver(
            name: "ops", kind: .webhook, address: .text("https://x.example"), secret: .file("not-there"))
        #expect(mask(receiver, in: folder).masked("a word") == "a word")
    }

    /// Through the real program: neither the variable's name nor a file says to anybody but the policy that it is secret.
    @Test(arguments: ["{env: HOOK}", "{file: hook}"])
    func aReceiversSecretIsNotTakenAsAReason(source: String) async throws {
        let folder = try TestFolder()
        try await LocalFleet().keep(in: folder)
        try folder.write(
            LocalFleet.policy + """

                messages:
                  receivers:
                    - {name: ops, kind: webhook, address: "http://127.0.0.1:9/hook", secret: \(source)}
                """, to: "policy.yaml")
        try folder.write(Self.secret, to: "hook")
        chmod(folder.file("hook").path, 0o600)
        let program = try Program(
            ["change", "submit", "plan-1", "--reason", "works with \(Self.secret) again", "--as", "alice"], in: folder,
            settings: ["HOOK": Self.secret])
        #expect(try await program.end() == 2)
        #expect(program.error.contains("the reason holds what looks like a secret, the value of "), "\(program.error)")
        #expect(!(program.error + program.output).contains(Self.secret))
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder.url.path) where name != "hook" {
            guard let bytes = try? Data(contentsOf: folder.file(name)) else { continue }
            #expect(bytes.range(of: Data(Self.secret.utf8)) == nil, "\(name)")
        }
    }
}
