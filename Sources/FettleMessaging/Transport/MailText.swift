import FettleModel
import Foundation

/// A mail as it goes over the wire (RFC 5322, RFC 2047): every line is made here, so that nothing in an event can add one.
struct MailText {
    let from: String
    let recipients: [String]

    /// Lines end with CR LF.
    func message(_ event: MessageEvent, receiver: String, at time: Timestamp) -> String {
        let text = EventText(event)
        let domain = from.split(separator: "@").last.map(String.init) ?? "localhost"
        // The same at every try, so that mail programs show it once. Both parts are of letters that are safe there.
        let name = Self.safe(event.id) + "." + Self.safe(receiver)
        var lines = [
            "From: Fettle <\(from)>", "To: \(recipients.joined(separator: ",\r\n "))",
            "Subject: \(Self.encoded(text.title))",
            "Date: \(Self.date(time))", "Message-ID: <\(name)@\(Self.safe(domain))>", "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64", "",
        ]
        let body = text.text.replacing("\n", with: "\r\n") + "\r\n"
        let encoded = Data(body.utf8).base64EncodedString()
        var rest = Substring(encoded)
        while !rest.isEmpty {
            lines.append(String(rest.prefix(76)))
            rest = rest.dropFirst(76)
        }
        return lines.joined(separator: "\r\n") + "\r\n"
    }

    /// Plain text as it is; everything else as encoded words of at most 75 characters.
    static func encoded(_ text: String) -> String {
        if text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }), !text.contains("=?"), text.utf8.count <= 200 {
            return text
        }
        var words: [String] = []
        var part = ""
        for character in text {
            // 45 bytes are 60 in base64.
            if part.utf8.count + character.utf8.count > 45, !part.isEmpty {
                words.append(part)
                part = ""
            }
            part.append(character)
        }
        if !part.isEmpty { words.append(part) }
        return words.map { "=?utf-8?B?\(Data($0.utf8).base64EncodedString())?=" }.joined(separator: "\r\n ")
    }

    static func date(_ time: Timestamp) -> String {
        let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let text = time.description
        let parts = text.prefix(10).split(separator: "-")
        let number = Int((time.milliseconds / 86_400_000) % 7)
        guard parts.count == 3, let month = Int(parts[1]), months.indices.contains(month - 1),
            days.indices.contains(number)
        else { return "Thu, 01 Jan 1970 00:00:00 +0000" }
        return "\(days[number]), \(parts[2]) \(months[month - 1]) \(parts[0]) \(text.dropFirst(11).prefix(8)) +0000"
    }

    private static func safe(_ text: String) -> String {
        String(
            text.unicodeScalars.prefix(100).map { scalar -> Character in
                let isSafe = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
                return isSafe || scalar == "-" || scalar == "." ? Character(scalar) : "-"
            })
    }

    /// One mailbox without a name: letters, digits and a few signs, `@`, a host's name. Nothing that a header, a command of SMTP or
    /// an option could take for anything else.
    static func isMailbox(_ text: String) -> Bool {
        text.utf8.count <= 254 && text.wholeMatch(of: #/[A-Za-z0-9][A-Za-z0-9._+=-]*@[A-Za-z0-9][A-Za-z0-9.-]*/#) != nil
    }
}
