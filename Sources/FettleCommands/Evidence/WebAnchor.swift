import FettleEvidence
import FettleModel
import Foundation

/// A server that takes a head by POST, and tells by GET all that it took, a line each; by the system's curl.
struct WebAnchor {
    private let address: String

    private static let seconds = 30
    private static let programs = ["/usr/bin/curl", "/usr/local/bin/curl", "/bin/curl"]

    /// - Throws: for what is no plain https address, or one with a user's name. It is not told: it may be a secret.
    init(_ address: String) throws {
        let rest = address.dropFirst("https://".count)
        let isPlain = address.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"\\".utf8.contains($0) }
        guard address.hasPrefix("https://"), isPlain, address.utf8.count <= 2_048, let first = rest.first,
            !"/?#@:".contains(first), !rest.prefix(while: { !"/?#".contains($0) }).contains("@")
        else {
            throw CommandFailure(
                .usage, "that is no https address without a user name\n  such as https://audit.example/heads")
        }
        self.address = address
    }

    func send(_ line: String) throws {
        _ = try ask(
            ["data = \"\(line)\\n\"", "header = \"Content-Type: text/plain\"", "max-filesize = 65536"],
            limit: 65_536, "the head was not taken", "--to names another place")
    }

    /// - Returns: all heads that it has, in its order.
    func heads(trusting keys: [VerifyingKey]) throws -> [SignedHead] {
        let limit = EvidenceFile.longestHeads
        let bytes = try ask(
            ["max-filesize = \(limit)"], limit: limit, "the heads were not told", "--anchor names another place")
        return try EvidenceFile.heads(
            in: String(decoding: bytes, as: UTF8.self), named: "what the address tells",
            "it has to tell what it took, a line each", trusting: keys)
    }

    /// The address goes to curl by its standard input: others can see the words of a command.
    private func ask(_ more: [String], limit: Int, _ trouble: String, _ hint: String) throws -> Data {
        guard let program = Self.programs.first(where: FileManager.default.isExecutableFile) else {
            throw CommandFailure(.failure, "anchors over https need curl on this machine: install curl")
        }
        let curl = Process()
        curl.executableURL = URL(fileURLWithPath: program)
        curl.arguments = ["--disable", "--config", "-"]
        let (input, output, errors) = (Pipe(), Pipe(), Pipe())
        curl.standardInput = input
        curl.standardOutput = output
        curl.standardError = errors
        try curl.run()
        let settings =
            ["url = \"\(address)\"", "proto = \"=https\"", "max-time = \(Self.seconds)"] + more
            + ["silent", "show-error", "fail", "globoff"]
        try input.fileHandleForWriting.write(contentsOf: Data((settings.joined(separator: "\n") + "\n").utf8))
        try input.fileHandleForWriting.close()
        // A complaint is short and fits into its pipe meanwhile.
        let answer = try output.fileHandleForReading.read(upToCount: limit + 1) ?? Data()
        try output.fileHandleForReading.close()
        let said = try errors.fileHandleForReading.read(upToCount: 2_000) ?? Data()
        curl.waitUntilExit()
        guard curl.terminationStatus == 0, answer.count <= limit else {
            let words = String(decoding: said, as: UTF8.self).replacing(address, with: "the address")
            let reason = words.trimmingCharacters(in: .whitespacesAndNewlines).printable
            throw CommandFailure(
                .failure, "\(trouble): \(reason.isEmpty ? "more than \(limit) bytes" : reason)\n  \(hint)")
        }
        return answer
    }
}
