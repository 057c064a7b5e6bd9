import FettleModel
import NIOHTTP1

/// Slack's and Mattermost's incoming webhooks: the address alone lets one in.
enum ChatReceiver {
    /// - Parameter payload: of the text, in the form of the product.
    static func deliver(
        _ call: MessageDelivery.Call, _ web: WebSession, _ payload: (EventText) -> [String: JSONPiece]
    ) async throws(DeliveryFailure) -> DeliveryOutcome {
        let answer = try await web.send(.POST, "", json: JSONPiece.bytes(payload(EventText(call.event)))).required()
        return DeliveryOutcome(.delivered(reference: nil), "answers \(answer.status)")
    }

    /// A block of `plain_text`, in which Slack sees no formatting, no mention and no link; `text` is what notifications show, with the
    /// three signs escaped that have a meaning there.
    /// Source: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks,
    /// https://docs.slack.dev/messaging/formatting-message-text#escaping
    static func slack(_ text: EventText) -> [String: JSONPiece] {
        let whole = cut(text.text, 3_000)
        return [
            "text": .text(slackEscaped(text.title)),
            "blocks": .list([
                .object([
                    "type": .text("section"),
                    "text": .object(["type": .text("plain_text"), "text": .text(whole), "emoji": .bool(false)]),
                ])
            ]),
        ]
    }

    static func slackEscaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }

    /// Markdown in which every sign that could mean something is escaped, and no name is a mention.
    /// Source: https://developers.mattermost.com/integrate/webhooks/incoming/
    static func mattermost(_ text: EventText) -> [String: JSONPiece] {
        let lines =
            ["**\(mattermostEscaped(text.title))**", ""]
            + text.lines.map { "- \(mattermostEscaped($0.name)): \(mattermostEscaped($0.value))" }
        // Cut before a sign and never within an escape.
        return ["text": .text(cut(lines.joined(separator: "\n"), 12_000))]
    }

    static func mattermostEscaped(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            // A mention, an emoji and a link need what follows right behind the sign: a space without width is between them.
            case "@", ":", "/": escaped += "\(character)\u{200B}"
            case "\\", "`", "*", "_", "~", "[", "]", "(", ")", "#", "!", "|", ">", "{", "}", "+", "-":
                escaped += "\\\(character)"
            default: escaped.append(character)
            }
        }
        return escaped
    }

    private static func cut(_ text: String, _ limit: Int) -> String {
        guard text.count > limit else { return text }
        var kept = text.prefix(limit - 1)
        while kept.last == "\\" { kept = kept.dropLast() }
        return String(kept) + "…"
    }
}
