import FettleModel
import Foundation
import Testing

@testable import FettleMessaging

/// Nothing that a person, a host or a feed has written is ever more than text.
@Suite struct TextTests {
    private func text(_ reason: String) -> EventText {
        EventText(
            Sample.event(
                .runFailed, Sample.change(reason: reason),
                run: .init(id: "run-1", outcome: .failed, reason: reason)))
    }

    @Test(arguments: Sample.hostile)
    func everyLineIsOneLineOfPrintableText(reason: String) {
        let text = text(reason)
        for line in [text.title] + text.lines.map(\.value) {
            for scalar in line.unicodeScalars {
                #expect(
                    ![.control, .format, .lineSeparator, .paragraphSeparator].contains(
                        scalar.properties.generalCategory))
            }
            #expect(line.count <= 1_001)
        }
        #expect(text.text.split(separator: "\n").count == text.lines.count + 1)
    }

    @Test(arguments: Sample.hostile)
    func slackSeesNoFormattingMentionOrLink(reason: String) throws {
        let payload = ChatReceiver.slack(text(reason))
        let title = try #require(payload["text"]?.text)
        #expect(!title.contains("<") && !title.contains(">"))
        let block = try #require(payload["blocks"]?.list?.first?["text"])
        #expect(block["type"]?.text == "plain_text" && block["emoji"] == .bool(false))
        #expect((block["text"]?.text?.count ?? .max) <= 3_000)
    }

    @Test func slackEscapesItsThreeSigns() {
        #expect(ChatReceiver.slackEscaped("a<b>&amp;<!here>") == "a&lt;b&gt;&amp;amp;&lt;!here&gt;")
    }

    @Test(arguments: Sample.hostile)
    func mattermostSeesNoMarkdownOrMention(reason: String) throws {
        let escaped = ChatReceiver.mattermostEscaped(PlainText.line(reason))
        var before: Character?
        var isEscaped = false
        for character in escaped {
            if "*_`[]()#!|~>".contains(character) { #expect(isEscaped, "\(character) in \(escaped)") }
            if let before, "@:/".contains(before) { #expect(character == "\u{200B}" || character.isLetter == false) }
            isEscaped = character == "\\" && !isEscaped
            before = character
        }
        #expect(!escaped.contains("@here") && !escaped.contains("@all") && !escaped.contains("://"))
        #expect((ChatReceiver.mattermost(text(reason))["text"]?.text?.count ?? .max) <= 12_000)
    }

    // MARK: Mail

    private static let mail = MailText(from: "fettle@example.org", recipients: ["ops@example.org", "dba@example.org"])

    @Test(arguments: Sample.hostile)
    func nothingInAnEventAddsAHeaderOrEndsTheMail(reason: String) throws {
        var event = Sample.event(
            .runFailed, Sample.change(reason: reason), run: .init(id: RunID(reason), outcome: .failed, reason: reason))
        event.id = reason
        let message = Self.mail.message(event, receiver: "ops", at: Sample.time)
        let parts = message.components(separatedBy: "\r\n\r\n")
        #expect(parts.count == 2)
        let names = parts[0].components(separatedBy: "\r\n").filter { !$0.hasPrefix(" ") }.map {
            $0.prefix { $0 != ":" }
        }
        #expect(
            names == [
                "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
                "Content-Transfer-Encoding",
            ])
        for line in message.components(separatedBy: "\r\n") {
            #expect(line.utf8.count <= 998 && line.utf8.allSatisfy { (0x20...0x7E).contains($0) }, "\(line)")
            #expect(line != ".")
        }
        let body = parts[1].replacing("\r\n", with: "")
        let decoded = try #require(Data(base64Encoded: body).map { String(decoding: $0, as: UTF8.self) })
        #expect(decoded.hasPrefix("Fettle: "))
    }

    @Test func theDateIsThatOfTheInternet() throws {
        #expect(MailText.date(try #require(Timestamp("2026-11-26T11:05:09Z"))) == "Thu, 26 Nov 2026 11:05:09 +0000")
        #expect(MailText.date(try #require(Timestamp("2024-02-29T23:59:59Z"))) == "Thu, 29 Feb 2024 23:59:59 +0000")
    }

    @Test(arguments: [
        "", "a", "a@", "@b", "-oX@b.example", "a b@c", "a@b\r\nRCPT TO:<c@d>", "a@b>", "<a@b", "a@-b", "\"a\"@b",
        "a@b,c@d",
        "a;b@c", "ü@b",
    ])
    func whatIsNoPlainMailAddressIsNone(text: String) {
        #expect(!MailText.isMailbox(text))
    }

    @Test func curlIsToldNothingThatItCouldTakeForAnother() throws {
        let submission = MailSubmission(
            address: try WebAddress("smtp://mail.example:587", encrypted: "smtps", others: ["smtp"]),
            settings: .init(from: "a@b.example", recipients: ["c@d.example"]),
            receiver: Sample.receiver(.mail(.init(from: "a@b.example", recipients: [])), "", user: "us\"er\\"),
            secret: "pass\"\\\nurl = \"file:///etc/passwd", limits: .init())
        let lines = submission.configuration(file: "/tmp/x").split(separator: "\n")
        #expect(lines.contains("ssl-reqd") && lines.contains("proto = \"=smtp,smtps\""))
        #expect(lines.filter { $0.hasPrefix("url") } == ["url = \"smtp://mail.example:587\""])
        #expect(lines.contains(#"user = "us\"er\\:pass\"\\url = \"file:///etc/passwd""#))
    }
}
