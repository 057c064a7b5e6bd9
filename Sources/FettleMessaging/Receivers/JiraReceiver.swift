import FettleModel
import Foundation
import NIOHTTP1

/// An issue in Jira for each change: made, brought to the status that the policy names for a phase, and commented on.
///
/// Written by the documentation of the REST API, version 3; not yet proven against the real product.
/// Source: https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/,
/// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/
struct JiraReceiver {
    private let call: MessageDelivery.Call
    private let web: WebSession
    private let settings: MessageReceiver.JiraSettings

    init(_ call: MessageDelivery.Call, _ web: WebSession, _ settings: MessageReceiver.JiraSettings) {
        self.call = call
        self.web = web
        self.settings = settings
    }

    private static let root = "/rest/api/3"

    func deliver() async throws(DeliveryFailure) -> DeliveryOutcome {
        guard let change = call.event.change else {
            guard call.event.kind == .test else {
                return DeliveryOutcome(.delivered(reference: nil), "of no change: there is no issue for it")
            }
            _ = try await request(.GET, "/myself", nil, "looking who Fettle is there").object("who Fettle is there")
            return DeliveryOutcome(.delivered(reference: nil), "answers; nothing was written")
        }
        let label = "fettle-\(change.correlation)"
        var found = try await find(label)
        if found == nil { found = try await make(change, label) }
        guard let key = found else { throw DeliveryFailure("there is no issue", mayPass: true) }
        // The comment comes last: a try that breaks off before it says nothing twice.
        if let wanted = settings.transitions[change.phase] { try await bring(key, to: wanted) }
        try await comment(on: key)
        return DeliveryOutcome(.delivered(reference: key), "commented on \(key)")
    }

    /// By the key that it was given, or else by its label.
    private func find(_ label: String) async throws(DeliveryFailure) -> String? {
        if let key = call.reference, Self.isKey(key) {
            let answer = try await web.send(.GET, "\(Self.root)/issue/\(key)?fields=status", headers: try headers())
            if answer.isSuccess { return key }
            guard answer.status == 404 else { throw answer.failure("looking for the issue") }
        }
        let fields: [String: JSONPiece] = [
            "jql": .text("project = \"\(settings.project)\" AND labels = \"\(label)\" ORDER BY created ASC"),
            "maxResults": .number(1), "fields": .list([.text("labels")]),
        ]
        let issues = try await request(.POST, "/search/jql", fields, "looking for the issue").object("the search")
        guard let first = issues["issues"]?.list?.first else { return nil }
        // Whatever it took the search for: only an issue with the label is ours.
        guard first["fields"]?["labels"]?.list?.contains(.text(label)) == true else { return nil }
        return try Self.key(first)
    }

    private func make(
        _ change: MessageEvent.ChangeFacts, _ label: String
    ) async throws(DeliveryFailure) -> String {
        let fields: [String: JSONPiece] = [
            "project": .object(["key": .text(settings.project)]),
            "issuetype": .object(["name": .text(settings.issueType)]),
            "summary": .text(PlainText.line("\(change.id): \(change.reason)", limit: 240)),
            "description": Self.document(EventText(call.event)),
            "labels": .list([.text("fettle"), .text(label)]),
        ]
        let issue = try await request(.POST, "/issue", ["fields": .object(fields)], "making the issue")
            .object("the new issue")
        return try Self.key(.object(issue))
    }

    /// By the one transition that leads there from where the issue is.
    private func bring(_ key: String, to wanted: String) async throws(DeliveryFailure) {
        let issue = try await request(.GET, "/issue/\(key)?fields=status", nil, "the issue's status")
            .object("the issue's status")
        if Self.isSame(issue["fields"]?["status"]?["name"], wanted) { return }
        let offered =
            try await request(.GET, "/issue/\(key)/transitions", nil, "the issue's transitions")
            .object("the issue's transitions")["transitions"]?.list ?? []
        let way =
            offered.first { Self.isSame($0["to"]?["name"], wanted) }
            ?? offered.first {
                Self.isSame($0["name"], wanted)
            }
        guard let id = way?["id"]?.text, id.utf8.count <= 20, id.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw DeliveryFailure(
                "no transition leads \(key) to '\(PlainText.line(wanted, limit: 60))' from where it is", mayPass: true)
        }
        let move: [String: JSONPiece] = ["transition": .object(["id": .text(id)])]
        _ = try await request(.POST, "/issue/\(key)/transitions", move, "the transition")
    }

    private func comment(on key: String) async throws(DeliveryFailure) {
        let body: [String: JSONPiece] = ["body": Self.document(EventText(call.event))]
        _ = try await request(.POST, "/issue/\(key)/comment", body, "the comment")
    }

    private func headers() throws(DeliveryFailure) -> [(String, String)] {
        [("Authorization", try Authorization.of(call))]
    }

    private func request(
        _ method: HTTPMethod, _ path: String, _ fields: [String: JSONPiece]?, _ what: String
    ) async throws(DeliveryFailure) -> WebSession.Answer {
        var json: [UInt8]?
        if let fields { json = try JSONPiece.bytes(fields) }
        return try await web.send(method, Self.root + path, headers: try headers(), json: json).required(what)
    }

    private static func key(_ issue: JSONPiece) throws(DeliveryFailure) -> String {
        guard let key = issue["key"]?.text, isKey(key) else {
            throw DeliveryFailure("the issue in the answer has no key", mayPass: false)
        }
        return key
    }

    /// Such as `OPS-12`: nothing else gets into a path.
    private static func isKey(_ text: String) -> Bool {
        text.utf8.count <= 64 && text.wholeMatch(of: #/[A-Z][A-Z0-9_]*-[0-9]+/#) != nil
    }

    private static func isSame(_ piece: JSONPiece?, _ name: String) -> Bool {
        piece?.text?.lowercased() == name.lowercased()
    }

    /// Atlassian's document format: paragraphs of text, in which nothing has a meaning.
    /// Source: https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
    private static func document(_ text: EventText) -> JSONPiece {
        let lines = [text.title] + text.lines.map { "\($0.name): \($0.value)" }
        let paragraphs = lines.map { line in
            JSONPiece.object([
                "type": .text("paragraph"),
                "content": .list([.object(["type": .text("text"), "text": .text(line)])]),
            ])
        }
        return .object(["type": .text("doc"), "version": .number(1), "content": .list(paragraphs)])
    }
}
