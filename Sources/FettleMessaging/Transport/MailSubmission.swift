import FettleModel
import Foundation

/// Hands a mail to a server by the system's curl, which speaks SMTP with STARTTLS, TLS and AUTH and is kept up to date by the system.
///
/// Settings and password go to it by its standard input: others can see the words of a command. The mail itself goes by a file that
/// only this user can read.
struct MailSubmission {
    let address: WebAddress
    let settings: MessageReceiver.MailSettings
    let receiver: MessageReceiver
    let secret: String?
    let limits: MessageDelivery.Limits

    static let programs = ["/usr/bin/curl", "/usr/local/bin/curl", "/bin/curl"]

    /// - Returns: what the server said, for the delivery log.
    func send(_ event: MessageEvent, at time: Timestamp) async throws(DeliveryFailure) -> String {
        guard ([settings.from] + settings.recipients).allSatisfy(MailText.isMailbox), !settings.recipients.isEmpty
        else {
            throw DeliveryFailure("a sender or a recipient is no mail address", mayPass: false)
        }
        guard let program = Self.programs.first(where: FileManager.default.isExecutableFile) else {
            throw DeliveryFailure("mail needs curl on this machine: install curl", mayPass: true)
        }
        let text = MailText(from: settings.from, recipients: settings.recipients)
            .message(event, receiver: receiver.name, at: time)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fettle-mail-\(UUID().uuidString)")
        do {
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        } catch {
            throw DeliveryFailure("there is no room for the mail in the folder for temporary files", mayPass: true)
        }
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("mail")
        guard
            FileManager.default.createFile(
                atPath: file.path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        else { throw DeliveryFailure("there is no room for the mail in the folder for temporary files", mayPass: true) }
        let end: (status: Int32, output: String, errors: String)
        do {
            end = try await Self.run(program, input: configuration(file: file.path))
        } catch {
            throw DeliveryFailure("curl cannot be started", mayPass: true)
        }
        return try Self.judge(end)
    }

    /// In the form of curl's configuration file. There is no limit for connecting: curl counts AUTH into it, and servers take their time over
    /// a wrong password.
    func configuration(file: String) -> String {
        var lines = [
            option("url", address.origin), option("mail-from", settings.from), option("upload-file", file),
            option("proto", "=smtp,smtps"), option("max-time", "\(limits.totalSeconds)"),
            option("write-out", "%{response_code}"), "silent",
            "show-error",
            "globoff",
        ]
        lines += settings.recipients.map { option("mail-rcpt", $0) }
        // Without it curl would go on without TLS where the server, or somebody between, offers none.
        if !address.isLoopback && !receiver.allowsPlaintext { lines.append("ssl-reqd") } else { lines.append("ssl") }
        if let authorities = receiver.certificateAuthorities { lines.append(option("cacert", authorities)) }
        if let user = receiver.user, let secret { lines.append(option("user", "\(user):\(secret)")) }
        return lines.joined(separator: "\n") + "\n"
    }

    private func option(_ name: String, _ value: String) -> String {
        var quoted = ""
        for character in value.unicodeScalars {
            switch character {
            case "\\": quoted += "\\\\"
            case "\"": quoted += "\\\""
            case "\n", "\r", "\0": break
            default: quoted.unicodeScalars.append(character)
            }
        }
        return "\(name) = \"\(quoted)\""
    }

    /// A server's 4xx may pass, its 5xx will not (RFC 5321, 4.2.1); of curl's own ends: https://curl.se/libcurl/c/libcurl-errors.html
    static func judge(
        _ end: (status: Int32, output: String, errors: String)
    ) throws(DeliveryFailure) -> String {
        let code = Int(end.output.suffix(3)) ?? 0
        if end.status == 0 { return code == 0 ? "taken" : "answers \(code)" }
        let words = PlainText.line(end.errors, limit: 200)
        switch end.status {
        case 28: throw DeliveryFailure("no whole answer within the time allowed", mayPass: true)
        case 60, 77, 35, 64: throw DeliveryFailure("TLS failed, or is not offered: \(words)", mayPass: true)
        case 67: throw DeliveryFailure("the server does not take the user and the password", mayPass: false)
        default: throw DeliveryFailure("the mail was not taken: \(words)", mayPass: !(500..<600).contains(code))
        }
    }

    private static func run(
        _ program: String, input: String
    ) async throws -> (status: Int32, output: String, errors: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["--disable", "--config", "-"]
        let (standardInput, output, errors) = (Pipe(), Pipe(), Pipe())
        process.standardInput = standardInput
        process.standardOutput = output
        process.standardError = errors
        return try await withCheckedThrowingContinuation { continuation in
            // curl ends by itself when its time is over, and says little: both fit into a pipe.
            process.terminationHandler = { process in
                let said = (try? output.fileHandleForReading.read(upToCount: 2_000)) ?? nil
                let complaint = (try? errors.fileHandleForReading.read(upToCount: 2_000)) ?? nil
                continuation.resume(
                    returning: (
                        process.terminationStatus, String(decoding: said ?? Data(), as: UTF8.self),
                        String(decoding: complaint ?? Data(), as: UTF8.self)
                    ))
            }
            do {
                try process.run()
                try standardInput.fileHandleForWriting.write(contentsOf: Data(input.utf8))
                try standardInput.fileHandleForWriting.close()
            } catch {
                // Where it was started it ends, and its end is told.
                if !process.isRunning, process.processIdentifier == 0 { continuation.resume(throwing: error) }
            }
        }
    }
}
