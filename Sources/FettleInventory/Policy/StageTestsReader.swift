internal import FettleModel

/// Reads `tests` of a stage of `promotion`: the site's own suite, as a command or behind a webhook.
struct StageTestsReader {
    let reading: Reading

    private static let keysOfCommand = ["command", "timeout"]
    private static let keysOfWebhook = [
        "address", "secret", "answeredBy", "answerWithin", "plaintext", "certificateAuthorities",
    ]
    private static let mostWords = 100
    private static let standardSeconds = 3_600

    func read(_ value: YAMLValue, of stage: StageID) -> StageTests? {
        let keys = Self.keysOfCommand + Self.keysOfWebhook
        guard let fields = Fields(value, of: "'tests'", keys: keys, reading) else { return nil }
        switch (fields["command"], fields["address"]) {
        case (let value?, nil):
            refuse(Self.keysOfWebhook, fields, "webhook, with an 'address'")
            return command(value, fields)
        case (nil, let value?):
            refuse(Self.keysOfCommand, fields, "command")
            return webhook(value, fields, of: stage)
        default:
            reading.problem(
                "'tests' takes either 'command' or 'address'", at: value.place,
                hint:
                    "such as 'command: [./suite, --quick]', or 'address: https://suite.example/fettle' with 'secret' and 'answeredBy'"
            )
            return nil
        }
    }

    private func refuse(_ keys: [String], _ fields: Fields, _ of: String) {
        for key in keys where fields[key] != nil {
            reading.problem("'\(key)' is of tests by \(of)", at: fields.keyPlace(key))
        }
    }

    private func command(_ value: YAMLValue, _ fields: Fields) -> StageTests? {
        let items = reading.list(value, "command", limit: Self.mostWords) ?? []
        let words = items.compactMap { reading.text($0, "a word of the command", limit: 4_096) }
        if value.sequence?.isEmpty == true {
            reading.problem("command names no program", at: value.place, hint: "such as [./suite, --quick]")
        }
        if let name = words.first, !name.contains("/") {
            reading.problem(
                "'command' begins with a program's path, and \(name.quoted) is none", at: value.place,
                hint: "such as [./suite, --quick]: what PATH finds nobody has accepted")
        }
        var seconds = Self.standardSeconds
        if let value = fields["timeout"] { seconds = reading.seconds(value, "timeout", in: 1...86_400) ?? seconds }
        guard !words.isEmpty, words.count == items.count else { return nil }
        return .command(words: words, seconds: seconds)
    }

    private func webhook(_ value: YAMLValue, _ fields: Fields, of stage: StageID) -> StageTests? {
        let parts = MessageReader(reading: reading, environments: nil)
        if value.mapping != nil {
            reading.problem(
                "the address of tests stands here, and comes from nowhere else", at: value.place,
                hint: "such as https://suite.example/fettle: whoever asks must not choose who is asked")
        }
        let address = value.mapping == nil ? parts.address(value) : nil
        let answeredBy = fields.required(
            "answeredBy", of: "'tests' with an address", reading,
            hint: "the name in which the suite brings its answers: a user of this store, or its name by your issuer"
        ).flatMap { reading.text($0, "answeredBy", limit: 256) }
        let secret = fields.required(
            "secret", of: "'tests' with an address", reading,
            hint: "what requests and refusals at once are signed with: {env: NAME} or {file: PATH}"
        ).flatMap { reading.secretSource($0, "secret") }
        var seconds = Self.standardSeconds
        if let value = fields["answerWithin"] {
            seconds = reading.seconds(value, "answerWithin", in: 60...2_592_000) ?? seconds
        }
        guard let address, let secret, let answeredBy else { return nil }
        var receiver = MessageReceiver(
            name: "the tests of \(stage)", kind: .webhook, address: address, secret: secret)
        if let value = fields["plaintext"] { receiver.allowsPlaintext = reading.boolean(value, "plaintext") ?? false }
        if let value = fields["certificateAuthorities"] {
            receiver.certificateAuthorities = reading.text(value, "certificateAuthorities", limit: 1_024)
        }
        if case .text(let text) = address {
            do throws(WebAddressError) {
                _ = try receiver.checked(text)
            } catch {
                reading.problem(
                    "the address \(error.message)", at: fields.keyPlace("address"),
                    hint: "such as https://suite.example/fettle")
            }
        }
        return .webhook(receiver: receiver, answerSeconds: seconds, answeredBy: Person(answeredBy))
    }
}
