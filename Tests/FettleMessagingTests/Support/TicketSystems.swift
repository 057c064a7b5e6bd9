import FettleModel
import Foundation
import Synchronization

/// As much of ServiceNow's Change Management API as its documentation says and Fettle uses. Not the real product.
final class ServiceNowDouble: Sendable {
    struct Record {
        var id: String
        var type: String
        var fields: [String: String]
        var state = -5
        var passed: [Int] = [-5]
        var notes: [String] = []
    }

    private struct State {
        var records: [Record] = []
        /// States that nobody over there lets it come to.
        var closed: Set<Int> = []
        /// The next answers are lost: it was done, and nobody hears of it.
        var losesAnswers = 0
    }

    private let state = Mutex(State())
    var records: [Record] { state.withLock { $0.records } }
    func close(_ states: Set<Int>) { state.withLock { $0.closed = states } }
    func loseAnswers(_ count: Int) { state.withLock { $0.losesAnswers = count } }

    private static let ways: [String: [Int]] = [
        "normal": [-5, -4, -3, -2, -1, 0, 3], "emergency": [-5, -3, -2, -1, 0, 3], "standard": [-5, -2, -1, 0, 3],
    ]

    func answer(_ request: WebServer.Request) -> WebServer.Answer {
        guard request.headers["authorization"] == "Basic \(Data("fettle:secret password".utf8).base64EncodedString())"
        else {
            return .json(["error": ["message": "User Not Authenticated"]], status: 401)
        }
        let parts = request.target.split(separator: "?", maxSplits: 1)
        let path = parts[0].split(separator: "/").map(String.init)
        guard path.prefix(3) == ["api", "sn_chg_rest", "change"] else { return .status(404) }
        return state.withLock { state in
            let answer = Self.act(
                &state, request, Array(path.dropFirst(3)), query: parts.count > 1 ? String(parts[1]) : "")
            if request.method != "GET", state.losesAnswers > 0 {
                state.losesAnswers -= 1
                return WebServer.Answer(hangs: true)
            }
            return answer
        }
    }

    private static func act(
        _ state: inout State, _ request: WebServer.Request, _ path: [String], query: String
    ) -> WebServer.Answer {
        let fields = request.json.compactMapValues { $0 as? String }
        switch (request.method, path.first) {
        case ("GET", nil):
            let wanted = query.removingPercentEncoding?.firstMatch(of: #/correlation_id=([^&]*)/#).map { String($0.1) }
            let found = state.records.filter { wanted == nil || $0.fields["correlation_id"] == wanted }
            return .json(["result": found.prefix(1).map(shown)])
        case ("GET", let id?):
            guard let record = state.records.first(where: { $0.id == id }) else { return .status(404) }
            return .json(["result": shown(record)])
        case ("POST", let type?):
            guard ways[type] != nil, (type == "standard") == (path.count == 2) else { return .status(400) }
            let id = String(format: "%032x", state.records.count + 1)
            state.records.append(Record(id: id, type: type, fields: fields))
            return .json(["result": shown(state.records[state.records.count - 1])], status: 200)
        case ("PATCH", let id?):
            guard let place = state.records.firstIndex(where: { $0.id == id }) else { return .status(404) }
            if let note = fields["work_notes"] { state.records[place].notes.append(note) }
            if let next = fields["state"].flatMap({ Int($0) }) {
                if let refusal = move(&state.records[place], to: next, fields, state.closed) { return refusal }
            }
            let dates = fields.filter { $0.key == "start_date" || $0.key == "end_date" }
            state.records[place].fields.merge(dates) { _, new in new }
            return .json(["result": shown(state.records[place])])
        default: return .status(405)
        }
    }

    private static func move(
        _ record: inout Record, to next: Int, _ fields: [String: String], _ closed: Set<Int>
    ) -> WebServer.Answer? {
        let way = ways[record.type] ?? []
        let here = way.firstIndex(of: record.state) ?? way.count
        let isNext = here + 1 < way.count && way[here + 1] == next
        guard isNext || (next == 4 && record.state != 0 && record.state != 3) else {
            return .json(["error": ["message": "Invalid state transition"]], status: 400)
        }
        if next == 3, fields["close_code"] == nil || fields["close_notes"] == nil {
            return .json(["error": ["message": "Close code and notes are mandatory"]], status: 400)
        }
        // An approval that is missing there: the record stays as it is, and nothing is an error.
        guard !closed.contains(next) else { return nil }
        record.state = next
        record.passed.append(next)
        record.fields.merge(fields) { _, new in new }
        return nil
    }

    private static func shown(_ record: Record) -> [String: Any] {
        func value(_ value: Any) -> [String: Any] { ["value": value, "display_value": "\(value)"] }
        var result: [String: Any] = record.fields.mapValues { value($0) }
        result["sys_id"] = value(record.id)
        result["number"] = value("CHG00\(record.id.suffix(4))")
        result["state"] = value(Double(record.state))
        return result
    }
}

/// As much of Jira's REST API, version 3, as its documentation says and Fettle uses. Not the real product.
final class JiraDouble: Sendable {
    struct Issue {
        var key: String
        var summary: String
        var labels: [String]
        var status = "To Do"
        var comments: [String] = []
    }

    private struct State {
        var issues: [Issue] = []
        var losesComments = false
    }
    private let state = Mutex(State())
    var issues: [Issue] { state.withLock { $0.issues } }
    func loseComments(_ loses: Bool) { state.withLock { $0.losesComments = loses } }

    private static let transitions = [
        "To Do": [("11", "Start", "In Progress"), ("12", "Drop", "Cancelled")],
        "In Progress": [("21", "Finish", "Done"), ("12", "Drop", "Cancelled")],
    ]

    func answer(_ request: WebServer.Request) -> WebServer.Answer {
        guard request.headers["authorization"]?.hasPrefix("Basic ") == true else { return .status(401) }
        let path = request.target.split(separator: "?")[0].split(separator: "/").map(String.init)
        guard path.prefix(3) == ["rest", "api", "3"] else { return .status(404) }
        return state.withLock { Self.act(&$0, request, Array(path.dropFirst(3))) }
    }

    private static func act(_ state: inout State, _ request: WebServer.Request, _ path: [String]) -> WebServer.Answer {
        let place = path.count > 1 ? state.issues.firstIndex { $0.key == path[1] } : nil
        switch (request.method, path.first ?? "", path.count) {
        case ("GET", "myself", 1): return .json(["accountId": "1"])
        case ("POST", "search", 2):
            let label = (request.json["jql"] as? String)?.firstMatch(of: #/labels = "([^"]*)"/#).map { String($0.1) }
            let found = state.issues.filter { $0.labels.contains(label ?? "") }
            return .json(["isLast": true, "issues": found.map { ["key": $0.key, "fields": ["labels": $0.labels]] }])
        case ("POST", "issue", 1):
            let fields = request.json["fields"] as? [String: Any] ?? [:]
            guard (fields["description"] as? [String: Any])?["type"] as? String == "doc",
                let summary = fields["summary"] as? String, !summary.contains("\n")
            else { return .json(["errorMessages": ["bad fields"]], status: 400) }
            let key = "OPS-\(state.issues.count + 1)"
            state.issues.append(Issue(key: key, summary: summary, labels: fields["labels"] as? [String] ?? []))
            return .json(["id": "10000", "key": key, "self": "x"], status: 201)
        case ("GET", "issue", 2):
            guard let place else { return .status(404) }
            return .json(["key": path[1], "fields": ["status": ["name": state.issues[place].status]]])
        case (let method, "issue", 3) where path[2] == "transitions":
            guard let place else { return .status(404) }
            let offered = transitions[state.issues[place].status] ?? []
            if method == "GET" {
                return .json([
                    "transitions": offered.map { ["id": $0.0, "name": $0.1, "to": ["name": $0.2]] as [String: Any] }
                ])
            }
            let id = (request.json["transition"] as? [String: Any])?["id"] as? String
            guard let taken = offered.first(where: { $0.0 == id }) else { return .status(400) }
            state.issues[place].status = taken.2
            return .status(204)
        case ("POST", "issue", 3) where path[2] == "comment":
            guard let place else { return .status(404) }
            if state.losesComments { return .status(503) }
            state.issues[place].comments.append(String(decoding: request.body, as: UTF8.self))
            return .json(["id": "1"], status: 201)
        default: return .status(404)
        }
    }
}
