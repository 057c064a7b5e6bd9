import FettleModel
import Testing

@testable import FettleInventory

/// `messages` of `policy.yaml`.
@Suite struct MessageFileTests {
    private func read(_ receivers: String) throws -> PolicyReading {
        try PolicyFile.parse(
            "version: 1\nmessages:\n  receivers:\n" + receivers,
            environments: ["dev", "production"].map { Environment(id: $0, isProtected: false) })
    }

    private func problems(_ receiver: String) -> String {
        do {
            _ = try read("    - {\(receiver)}\n")
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test func everyKindIsReadWhole() throws {
        let receivers = try #require(
            try read(
                """
                    - name: hook
                      kind: webhook
                      address: https://hooks.example/fettle
                      secret: {env: HOOK_SECRET}
                      events: [run.*, change.submitted]
                      environments: [prod*]
                      noticeBefore: 24h
                    - name: now
                      kind: servicenow
                      address: https://example.service-now.com
                      user: fettle
                      secret: {file: /etc/fettle/now}
                      templates: {weekly: 0123456789abcdef0123456789abcdef}
                      fields: {assignment_group: Linux}
                    - {name: jira, kind: jira, address: "https://x.atlassian.net", user: a@b.example, secret: {env: T},
                       project: OPS, issueType: Change, transitions: {closed: Done}}
                    - {name: chat, kind: slack, address: {env: SLACK_URL}}
                    - {name: mm, kind: mattermost, address: "http://chat.internal/hooks/x", plaintext: true}
                    - {name: post, kind: mail, address: "smtp://mail.example:587", from: fettle@b.example, to: [a@b.example],
                       certificateAuthorities: /etc/ca.pem}
                """
            ).policy.messages?.receivers)
        #expect(receivers.map(\.name) == ["hook", "now", "jira", "chat", "mm", "post"])
        #expect(receivers[0].secret == .environment("HOOK_SECRET") && receivers[0].noticeSeconds == 86_400)
        #expect(receivers[0].events == ["run.*", "change.submitted"] && receivers[0].environments == ["prod*"])
        #expect(
            receivers[1].kind
                == .serviceNow(
                    .init(
                        templates: ["weekly": "0123456789abcdef0123456789abcdef"], fields: ["assignment_group": "Linux"]
                    )))
        #expect(receivers[1].secret == .file("/etc/fettle/now"))
        #expect(receivers[2].kind == .jira(.init(project: "OPS", issueType: "Change", transitions: [.closed: "Done"])))
        #expect(receivers[3].address == .secret(.environment("SLACK_URL")))
        #expect(receivers[4].allowsPlaintext)
        #expect(receivers[5].kind == .mail(.init(from: "fettle@b.example", recipients: ["a@b.example"])))
        #expect(receivers[5].certificateAuthorities == "/etc/ca.pem")
        #expect(try PolicyFile.parse("version: 1").policy.messages == nil)
    }

    @Test(arguments: [
        ("name: a, kind: webhook, address: \"https://x.example\"", "has no 'secret'"),
        ("name: a, kind: webhook, address: \"https://x.example\", secret: hunter2", "never what it is"),
        ("name: a, kind: webhook, address: \"http://x.example\", secret: {env: A}", "not encrypted"),
        ("name: a, kind: webhook, address: \"http://127.0.0.1.x.example\", secret: {env: A}", "not encrypted"),
        ("name: a, kind: webhook, address: \"https://u:p@x.example\", secret: {env: A}", "user name or a password"),
        ("name: a, kind: webhook, address: \"https://x.example\", secret: {env: A, file: b}", "either 'env' or 'file'"),
        ("name: a, kind: webhook, address: \"https://x.example\", secret: {env: \"A B\"}", "no name of a variable"),
        ("name: a, kind: webhook, address: \"https://x.example\", secret: {env: A}, events: [runs.*]", "unknown event"),
        (
            "name: a, kind: webhook, address: \"https://x.example\", secret: {env: A}, environments: [prodction]",
            "unknown environment"
        ),
        ("name: a, kind: webhook, address: \"https://x.example\", secret: {env: A}, project: OPS", "of kind jira"),
        ("name: a, kind: slack, address: {env: A}, secret: {env: B}", "neither user nor secret"),
        ("name: a, kind: pager, address: {env: A}", "unknown kind of receiver"),
        ("name: -a, kind: slack, address: {env: A}", "cannot be the name"),
        ("name: a, kind: jira, address: {env: A}, secret: {env: B}", "has no 'project'"),
        ("name: a, kind: jira, address: {env: A}, secret: {env: B}, project: \"OPS\\\" OR 1\"", "no key of a project"),
        ("name: a, kind: jira, address: {env: A}, secret: {env: B}, project: O, transitions: {done: x}", "no phase"),
        ("name: a, kind: servicenow, address: {env: A}, secret: {env: B}, templates: {w: x}", "no sys_id"),
        ("name: a, kind: servicenow, address: {env: A}, secret: {env: B}, fields: {\"a-b\": x}", "no name of a field"),
        ("name: a, kind: servicenow, address: {env: A}, user: \"a:b\", secret: {env: B}", "colon"),
        ("name: a, kind: mail, address: \"smtp://m.example\", from: a@b, to: []", "nobody"),
        ("name: a, kind: mail, address: \"https://m.example\", from: a@b, to: [c@d]", "another scheme"),
        ("name: a, kind: mail, address: \"smtp://m.example\", from: \"a@b>\", to: [c@d]", "no mail address"),
        ("name: a, kind: mail, address: \"smtp://m.example\", from: a@b, to: [\"-x@d\"]", "no mail address"),
    ])
    func whatIsWrongIsToldWithWhatWouldBeRight(receiver: String, words: String) {
        #expect(problems(receiver).contains(words), "\(problems(receiver))")
        #expect(!problems(receiver).contains("hunter2"))
    }

    @Test func aNameIsGivenOnce() {
        #expect(
            throws: InventoryErrors.self,
            performing: {
                try read(
                    "    - {name: a, kind: slack, address: {env: A}}\n    - {name: a, kind: slack, address: {env: B}}\n"
                )
            })
    }
}
