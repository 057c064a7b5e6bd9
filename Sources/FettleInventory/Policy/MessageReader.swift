internal import FettleModel

/// Reads `messages` of `policy.yaml`: who is told of what.
struct MessageReader {
    let reading: Reading
    /// Those of the fleet; nil if they are not known, and the names are then not checked.
    let environments: [Environment]?

    static let limit = 100
    private static let common = [
        "name", "kind", "address", "user", "secret", "events", "environments", "noticeBefore", "plaintext",
        "certificateAuthorities",
    ]
    /// What only one kind takes.
    private static let special = [
        "servicenow": ["templates", "fields"], "jira": ["project", "issueType", "transitions"],
        "mail": ["from", "to"],
    ]

    private enum Kind: String, CaseIterable {
        case webhook, servicenow, jira, slack, mattermost, mail
    }

    func read(_ value: YAMLValue) -> MessagePolicy? {
        guard let fields = Fields(value, of: "'messages'", keys: ["receivers"], reading) else { return nil }
        let list = fields.required("receivers", of: "'messages'", reading)
        var places: [String: Place] = [:]
        var receivers: [MessageReceiver] = []
        for item in list.flatMap({ reading.list($0, "receivers", limit: Self.limit) }) ?? [] {
            guard let receiver = receiver(item) else { continue }
            if let first = places[receiver.name] {
                reading.problem(
                    "the receiver \(receiver.name.quoted) is given twice; first in line \(first.line)", at: item.place)
                continue
            }
            places[receiver.name] = item.place
            receivers.append(receiver)
        }
        return MessagePolicy(receivers: receivers)
    }

    private func receiver(_ item: YAMLValue) -> MessageReceiver? {
        let keys = Self.common + Self.special.sorted { $0.key < $1.key }.flatMap(\.value)
        guard let fields = Fields(item, of: "a receiver", keys: keys, reading) else { return nil }
        let name = fields.required("name", of: "a receiver", reading).flatMap {
            reading.identifier($0, "the name of a receiver")
        }
        let word = fields.required("kind", of: "a receiver", reading).flatMap {
            reading.choice($0, "kind of receiver", as: Kind.self)
        }
        guard let word else { return nil }
        for (kind, keys) in Self.special where kind != word.rawValue {
            for key in keys where fields[key] != nil {
                reading.problem(
                    "'\(key)' is of receivers of kind \(kind), not \(word.rawValue)", at: fields.keyPlace(key))
            }
        }
        let kind = kind(word, fields)
        let address = fields.required(
            "address", of: "a receiver", reading, hint: "such as https://… or {env: NAME}"
        ).flatMap(address)
        guard let name, let kind, let address else { return nil }
        var receiver = MessageReceiver(name: name, kind: kind, address: address)
        if let value = fields["user"] { receiver.user = reading.text(value, "user") }
        if let value = fields["secret"] { receiver.secret = reading.secretSource(value, "secret") }
        if let value = fields["events"] { receiver.events = events(value) }
        if let value = fields["environments"] { receiver.environments = environmentGlobs(value) }
        if let value = fields["noticeBefore"] {
            receiver.noticeSeconds = reading.seconds(value, "noticeBefore", in: 60...2_592_000)
        }
        if let value = fields["plaintext"] { receiver.allowsPlaintext = reading.boolean(value, "plaintext") ?? false }
        if let value = fields["certificateAuthorities"] {
            receiver.certificateAuthorities = reading.text(value, "certificateAuthorities", limit: 1_024)
        }
        check(receiver, word, fields)
        return receiver
    }

    /// What does not go together.
    private func check(_ receiver: MessageReceiver, _ kind: Kind, _ fields: Fields) {
        if case .text(let text) = receiver.address {
            do throws(WebAddressError) {
                _ = try receiver.checked(text)
            } catch {
                let hint = kind == .mail ? "such as smtp://mail.example:587" : "such as https://hooks.example/fettle"
                reading.problem("the address \(error.message)", at: fields.keyPlace("address"), hint: hint)
            }
        }
        let needsSecret = [.webhook, .servicenow, .jira].contains(kind) || receiver.user != nil
        if needsSecret, fields["secret"] == nil {
            reading.problem(
                "the receiver \(receiver.name.quoted) has no 'secret'", at: fields.place,
                hint: "where its key, password or token is: {env: NAME} or {file: PATH}")
        }
        if [.slack, .mattermost].contains(kind), fields["secret"] != nil || receiver.user != nil {
            reading.problem(
                "a receiver of kind \(kind.rawValue) has neither user nor secret: its address lets one in",
                at: fields.place)
        }
        // In Basic authentication the name ends at the first colon.
        if let user = receiver.user, user.contains(":") {
            reading.problem("the user must not hold a colon", at: fields.keyPlace("user"))
        }
    }

    // MARK: Kinds

    private func kind(_ kind: Kind, _ fields: Fields) -> MessageReceiver.Kind? {
        switch kind {
        case .webhook: return .webhook
        case .slack: return .slack
        case .mattermost: return .mattermost
        case .servicenow:
            return .serviceNow(
                MessageReceiver.ServiceNowSettings(
                    templates: texts(fields["templates"], "templates") { name, value in
                        isID(value) ? nil : "the template of \(name.quoted) is no sys_id of 32 hexadecimal digits"
                    },
                    fields: texts(fields["fields"], "fields") { name, _ in
                        let isField = !name.isEmpty && name.utf8.allSatisfy { $0 == 0x5F || Self.isLetterOrDigit($0) }
                        return isField ? nil : "\(name.quoted) is no name of a field"
                    }))
        case .jira: return jira(fields)
        case .mail: return mail(fields)
        }
    }

    private func jira(_ fields: Fields) -> MessageReceiver.Kind? {
        guard let value = fields.required("project", of: "a receiver of kind jira", reading, hint: "such as OPS"),
            let project = reading.text(value, "project", limit: 32)
        else { return nil }
        guard project.wholeMatch(of: #/[A-Z][A-Z0-9_]*/#) != nil else {
            reading.problem("\(project.quoted) is no key of a project", at: value.place, hint: "such as OPS")
            return nil
        }
        var settings = MessageReceiver.JiraSettings(project: project)
        if let value = fields["issueType"], let text = reading.text(value, "issueType") { settings.issueType = text }
        let statuses = texts(fields["transitions"], "transitions") { name, _ in
            ChangePhase(rawValue: name) != nil
                ? nil : "\(name.quoted) is no phase: \(ChangePhase.allCases.map(\.rawValue).joined(separator: ", "))"
        }
        for (name, status) in statuses {
            if let phase = ChangePhase(rawValue: name) { settings.transitions[phase] = status }
        }
        return .jira(settings)
    }

    private func mail(_ fields: Fields) -> MessageReceiver.Kind? {
        let from = fields.required("from", of: "a receiver of kind mail", reading).flatMap { mailbox($0, "from") }
        let to = fields.required("to", of: "a receiver of kind mail", reading)
        let recipients = to.flatMap { reading.list($0, "to", limit: 100) }?.compactMap { mailbox($0, "a recipient") }
        guard let from, let recipients else { return nil }
        if let to, recipients.isEmpty { reading.problem("nobody is a recipient", at: to.place) }
        return .mail(MessageReceiver.MailSettings(from: from, recipients: recipients))
    }

    private func mailbox(_ value: YAMLValue, _ name: String) -> String? {
        guard let text = reading.text(value, name, limit: 254) else { return nil }
        let isMailbox = text.wholeMatch(of: #/[A-Za-z0-9][A-Za-z0-9._+=-]*@[A-Za-z0-9][A-Za-z0-9.-]*/#) != nil
        guard isMailbox else {
            reading.problem("\(text.quoted) is no mail address", at: value.place, hint: "such as ops@example.org")
            return nil
        }
        return text
    }

    // MARK: Parts

    func address(_ value: YAMLValue) -> ReceiverAddress? {
        if value.mapping != nil { return reading.secretSource(value, "address").map { .secret($0) } }
        return reading.text(value, "address", limit: 2_048).map { .text($0) }
    }

    private func events(_ value: YAMLValue) -> [String] {
        let known = MessageKind.allCases.filter { $0 != .test }.map(\.rawValue)
        let globs = reading.texts(value, "events", item: "an event")
        for item in value.sequence ?? [] {
            guard let text = item.scalar?.text, globs.contains(text), !known.contains(where: Glob(text).matches) else {
                continue
            }
            reading.problem(
                "unknown event \(text.quoted)", at: item.place,
                hint: Suggestion.hint(for: text, in: known, otherwise: "known events"))
        }
        return globs
    }

    private func environmentGlobs(_ value: YAMLValue) -> [String] {
        let globs = reading.texts(value, "environments", item: "an environment")
        guard let environments else { return globs }
        let known = environments.map(\.id.rawValue)
        for item in value.sequence ?? [] {
            guard let text = item.scalar?.text, globs.contains(text), !known.contains(where: Glob(text).matches) else {
                continue
            }
            reading.problem(
                "unknown environment \(text.quoted)", at: item.place,
                hint: Suggestion.hint(for: text, in: known, otherwise: "known environments"))
        }
        return globs
    }

    /// - Parameter objection: to a name and its text; nil: none.
    private func texts(
        _ value: YAMLValue?, _ name: String, _ objection: (String, String) -> String?
    ) -> [String: String] {
        guard let value else { return [:] }
        guard let entries = value.mapping, entries.count <= 100 else {
            reading.problem("\(name) must be a mapping of at most 100 entries", at: value.place)
            return [:]
        }
        var texts: [String: String] = [:]
        for entry in entries {
            guard let text = reading.text(entry.value, entry.key.quoted) else { continue }
            if let problem = objection(entry.key, text) {
                reading.problem(problem, at: entry.keyPlace)
            } else {
                texts[entry.key] = text
            }
        }
        return texts
    }

    private func isID(_ text: String) -> Bool {
        text.utf8.count == 32
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0 | 0x20) }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
