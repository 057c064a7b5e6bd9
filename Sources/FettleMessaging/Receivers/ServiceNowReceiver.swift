import FettleModel
import Foundation
import NIOHTTP1

/// A change record in ServiceNow that goes the way of ours: made, moved from state to state, closed with a code and notes.
///
/// Written by the documentation of the Change Management API (`/api/sn_chg_rest/change`) and of the state model; not yet proven
/// against the real product.
/// Source: https://www.servicenow.com/docs/r/api-reference/rest-apis/change-management-api.html,
/// https://www.servicenow.com/docs/r/washingtondc/it-service-management/change-management/c_ChangeStateModel.html
struct ServiceNowReceiver {
    private let call: MessageDelivery.Call
    private let web: WebSession
    private let settings: MessageReceiver.ServiceNowSettings

    init(_ call: MessageDelivery.Call, _ web: WebSession, _ settings: MessageReceiver.ServiceNowSettings) {
        self.call = call
        self.web = web
        self.settings = settings
    }

    private static let root = "/api/sn_chg_rest/change"

    /// A record as an answer tells it.
    private struct Record {
        var id: String
        var number: String
        var state: Int
        /// From when until when, as it writes times; empty: not said.
        var dates: [String: String]
    }

    func deliver() async throws(DeliveryFailure) -> DeliveryOutcome {
        guard let change = call.event.change else {
            guard call.event.kind == .test else {
                return DeliveryOutcome(.delivered(reference: nil), "of no change: there is no record for it")
            }
            _ = try await request(.GET, "\(Self.root)?sysparm_limit=1", nil, "looking for changes")
            return DeliveryOutcome(.delivered(reference: nil), "answers; nothing was written")
        }
        var record = try await find(change)
        if record == nil { record = try await make(change) }
        guard let record else { throw DeliveryFailure("there is no record", mayPass: true) }
        let end = try await move(record, change)
        return DeliveryOutcome(.delivered(reference: record.id), "\(record.number) is \(Self.words(end))")
    }

    // MARK: Finding and making

    /// By the name that it was given, or else by our own: a try that died before it could write down the name must not make a second.
    private func find(_ change: MessageEvent.ChangeFacts) async throws(DeliveryFailure) -> Record? {
        if let reference = call.reference, Self.isID(reference) {
            let answer = try await web.send(.GET, "\(Self.root)/\(reference)", headers: try headers())
            if answer.isSuccess { return try Self.record(try answer.object("the record")["result"]) }
            // Deleted there: it is made anew.
            guard answer.status == 404 else { throw answer.failure("looking for the record") }
        }
        let query = "correlation_id=\(change.correlation)"
        guard let encoded = query.addingPercentEncoding(withAllowedCharacters: .alphanumerics) else { return nil }
        let object = try await request(
            .GET, "\(Self.root)?sysparm_query=\(encoded)&sysparm_limit=1", nil, "looking for the record")
        guard let first = object["result"]?.list?.first else { return nil }
        // Whatever it took the query for: only the record that says so itself is ours.
        guard Self.value(first["correlation_id"])?.text == change.correlation else { return nil }
        return try Self.record(first)
    }

    private func make(_ change: MessageEvent.ChangeFacts) async throws(DeliveryFailure) -> Record {
        let text = EventText(call.event)
        var fields = settings.fields.mapValues { JSONPiece.text($0) }
        fields["short_description"] = .text(PlainText.line("\(change.id): \(change.reason)", limit: 160))
        fields["description"] = .text(text.lines.map { "\($0.name): \($0.value)" }.joined(separator: "\n"))
        fields["correlation_id"] = .text(change.correlation)
        fields["correlation_display"] = .text("Fettle")
        for (name, date) in dates(change) where !date.isEmpty { fields[name] = .text(date) }
        let object = try await request(.POST, "\(Self.root)/\(kind(change).path)", fields, "making the record")
        return try Self.record(object["result"])
    }

    /// How a kind of change is asked for there, and through which states it goes.
    private struct Kind {
        var path: String
        var states: [Int]
    }

    private func kind(_ change: MessageEvent.ChangeFacts) -> Kind {
        switch change.kind {
        case .emergency: return Kind(path: "emergency", states: [-5, -3, -2, -1, 0, 3])
        case .standard:
            if let id = change.template.flatMap({ settings.templates[$0] }), Self.isID(id) {
                return Kind(path: "standard/\(id)", states: [-5, -2, -1, 0, 3])
            }
        case .normal: break
        }
        return Kind(path: "normal", states: [-5, -4, -3, -2, -1, 0, 3])
    }

    // MARK: Moving

    /// From state to state as far as ours is; a note is written with the last, and the time where that is another one with the first.
    ///
    /// - Returns: the state in which it is seen to be then.
    private func move(_ record: Record, _ change: MessageEvent.ChangeFacts) async throws(DeliveryFailure) -> Int {
        let target = Self.state(change.phase)
        if record.state == 4 || record.state == 3 { return record.state }
        var times = dates(change).filter { $0.value != record.dates[$0.key] }.mapValues { JSONPiece.text($0) }
        var steps: [Int] = []
        if target == 4 {
            steps = [4]
        } else {
            let states = kind(change).states
            guard let here = states.firstIndex(of: record.state) else {
                throw DeliveryFailure(
                    "\(record.number) is in state \(record.state), from which no way is known", mayPass: true)
            }
            // A state that this kind of change does not go through is reached by the next one behind it at the latest.
            let there = states.lastIndex { $0 <= target } ?? here
            if there > here { steps = Array(states[(here + 1)...there]) }
        }
        let note = EventText(call.event).text
        guard let last = steps.last else {
            let fields = times.merging(["work_notes": .text(note)]) { _, new in new }
            _ = try await request(.PATCH, "\(Self.root)/\(record.id)", fields, "writing a note")
            return record.state
        }
        for state in steps {
            var fields = times.merging(["state": .text("\(state)")]) { _, new in new }
            times = [:]
            if state == last { fields["work_notes"] = .text(note) }
            if state == 3 || state == 4 { fields.merge(closing(change)) { _, new in new } }
            let object = try await request(.PATCH, "\(Self.root)/\(record.id)", fields, "state \(Self.words(state))")
            let seen = try Self.record(object["result"]).state
            guard seen == state else {
                // Such as an approval that is still missing over there.
                throw DeliveryFailure(
                    "\(record.number) stays \(Self.words(seen)) and does not become \(Self.words(state))", mayPass: true
                )
            }
        }
        return last
    }

    private func closing(_ change: MessageEvent.ChangeFacts) -> [String: JSONPiece] {
        let code: String
        let notes: String
        switch call.event.run?.outcome {
        case .succeeded: (code, notes) = ("successful", "The run \(call.event.run?.id.rawValue ?? "") succeeded.")
        case .rolledBack, .failed, .superseded:
            let reason = call.event.run?.reason ?? ""
            (code, notes) = ("unsuccessful", "The run did not succeed. \(reason)")
        case nil: (code, notes) = ("unsuccessful", "The change was not carried out.")
        }
        return ["close_code": .text(code), "close_notes": .text(PlainText.line(notes))]
    }

    // MARK: Requests

    private func headers() throws(DeliveryFailure) -> [(String, String)] {
        [("Authorization", try Authorization.of(call))]
    }

    private func request(
        _ method: HTTPMethod, _ path: String, _ fields: [String: JSONPiece]?, _ what: String
    ) async throws(DeliveryFailure) -> [String: JSONPiece] {
        var json: [UInt8]?
        if let fields { json = try JSONPiece.bytes(fields) }
        return try await web.send(method, path, headers: try headers(), json: json).required(what).object(what)
    }

    private static func record(_ piece: JSONPiece?) throws(DeliveryFailure) -> Record {
        guard let id = value(piece?["sys_id"])?.text, isID(id), let state = value(piece?["state"])?.integer else {
            throw DeliveryFailure("the record in the answer has no sys_id or no state", mayPass: false)
        }
        let dates = ["start_date", "end_date"].map { ($0, value(piece?[$0])?.text ?? "") }
        return Record(
            id: id, number: PlainText.line(value(piece?["number"])?.text ?? id, limit: 40), state: state,
            dates: Dictionary(uniqueKeysWithValues: dates))
    }

    /// Fields come as `{"value": …, "display_value": …}`.
    private static func value(_ piece: JSONPiece?) -> JSONPiece? { piece?["value"] ?? piece }

    /// 32 hexadecimal digits: nothing else gets into a path.
    private static func isID(_ text: String) -> Bool {
        text.utf8.count == 32
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0 | 0x20) }
    }

    static func state(_ phase: ChangePhase) -> Int {
        switch phase {
        case .new: -5
        case .assess: -4
        case .authorise: -3
        case .scheduled: -2
        case .implement: -1
        case .review: 0
        case .closed: 3
        case .cancelled: 4
        }
    }

    private static func words(_ state: Int) -> String {
        let names = [
            -5: "New", -4: "Assess", -3: "Authorize", -2: "Scheduled", -1: "Implement", 0: "Review", 3: "Closed",
            4: "Canceled",
        ]
        return names[state] ?? "in state \(state)"
    }

    /// When the change is to be carried out, as far as we say so: empty where a time was taken back. Nothing of a change that never had one:
    /// somebody over there may have put it in.
    private func dates(_ change: MessageEvent.ChangeFacts) -> [String: String] {
        // A notice tells of the next night alone.
        if call.event.kind == .changeSoon { return [:] }
        guard let window = change.window else {
            return call.event.kind == .changeScheduled ? ["start_date": "", "end_date": ""] : [:]
        }
        return ["start_date": Self.time(window.opensAt), "end_date": Self.time(window.closesAt)]
    }

    /// As ServiceNow writes times, in UTC.
    private static func time(_ time: Timestamp) -> String {
        String(time.description.prefix(19)).replacing("T", with: " ")
    }
}

/// Who Fettle says it is.
enum Authorization {
    /// Basic (RFC 7617) with a user, Bearer (RFC 6750) without.
    static func of(_ call: MessageDelivery.Call) throws(DeliveryFailure) -> String {
        guard let secret = call.secret else { throw DeliveryFailure("there is no password or token", mayPass: false) }
        guard let user = call.receiver.user else { return "Bearer \(secret)" }
        return "Basic \(Data("\(user):\(secret)".utf8).base64EncodedString())"
    }
}
