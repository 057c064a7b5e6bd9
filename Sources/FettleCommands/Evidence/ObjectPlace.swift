import ArgumentParser
import FettleEvidence
import FettleModel
import Foundation

/// What an object store is asked by, where the AWS configuration of whoever calls does not say it already.
struct ObjectStoreOptions: ParsableArguments {
    @Option(help: "With s3://…: a store that speaks S3 and is not AWS's, such as https://minio.example:9000.")
    var endpoint: String?

    @Option(help: "With s3://…: the region, where your AWS configuration names none.")
    var region: String?

    /// - Throws: a usage failure if there is an option and nothing that it is for.
    func require(_ places: [String]) throws {
        guard endpoint != nil || region != nil, !places.contains(where: ObjectPlace.isOne) else { return }
        throw CommandFailure(
            .usage, "--endpoint and --region are for an object store\n  such as s3://BUCKET/heads --region eu-central-1"
        )
    }
}

/// A place for heads in an object store that speaks S3: a bucket, and what the names of its objects begin with.
///
/// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html and
/// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html, of whose characters those are taken that are more to
/// neither a shell nor a pattern.
struct ObjectPlace: Equatable {
    let bucket: String
    /// Empty, or with a slash at its end.
    let prefix: String
    let endpoint: String?
    let region: String?

    static func isOne(_ text: String) -> Bool { text.hasPrefix("s3://") }

    /// - Throws: a usage failure that does not quote an endpoint: it may hold a secret.
    init(_ text: String, _ options: ObjectStoreOptions = ObjectStoreOptions()) throws {
        let words = text.dropFirst("s3://".count).split(separator: "/", omittingEmptySubsequences: false).map(
            String.init)
        var names = Array(words.dropFirst())
        if names.last == "" { names.removeLast() }
        guard Self.isOne(text), text.utf8.count <= 512, Self.isBucket(words[0]), names.allSatisfy(Self.isName) else {
            throw CommandFailure(
                .usage,
                "an object store is named s3://BUCKET/PREFIX, of letters, digits, '.', '-' and '_'\n  such as "
                    + "`fettle evidence anchor --to s3://audit-heads/fettle`")
        }
        bucket = words[0]
        prefix = names.map { "\($0)/" }.joined()
        endpoint = options.endpoint
        region = options.region
        if let endpoint, !Self.isEndpoint(endpoint) {
            throw CommandFailure(
                .usage,
                "--endpoint takes https://HOST:PORT without a user name; http:// for this machine alone\n  such as "
                    + "--endpoint https://minio.example:9000")
        }
        if let region, !Self.isWord(region) {
            throw CommandFailure(.usage, "--region takes a region's name\n  such as --region eu-central-1")
        }
    }

    /// For people, and to name it again.
    var words: String { "s3://\(bucket)/\(prefix)" }

    /// What a head's object is called after the prefix. Names sort as the entries do. Of one entry, link and signer there is one head,
    /// so that two different ones never meet at a name.
    static func name(of head: SignedHead) -> String {
        let number = String(head.sequence)
        return String(repeating: "0", count: max(0, numberLength - number.utf8.count)) + number
            + "-\(head.link.rawValue.prefix(linkLength))-\(head.signer.rawValue.prefix(signerLength)).head"
    }

    /// Which names are those of heads, for `aws s3`.
    static let pattern =
        String(repeating: "[0-9]", count: numberLength) + "-" + String(repeating: "[0-9a-f]", count: linkLength) + "-"
        + String(repeating: "[0-9a-f]", count: signerLength) + ".head"

    static func isHead(_ name: String) -> Bool {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[2].hasSuffix(".head") else { return false }
        return isHex(parts[0], numberLength) && parts[0].utf8.allSatisfy(isDigit) && isHex(parts[1], linkLength)
            && isHex(parts[2].dropLast(5), signerLength)
    }

    private static let numberLength = 12
    private static let linkLength = 16
    private static let signerLength = 12

    // MARK: Characters

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isHex(_ text: Substring, _ length: Int) -> Bool {
        text.utf8.count == length && text.utf8.allSatisfy { isDigit($0) || (0x61...0x66).contains($0) }
    }

    private static func isBucket(_ text: String) -> Bool {
        guard (3...63).contains(text.utf8.count), let first = text.utf8.first, first != UInt8(ascii: "-") else {
            return false
        }
        return text.utf8.allSatisfy { isDigit($0) || (0x61...0x7A).contains($0) || "-.".utf8.contains($0) }
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text != "." && text != ".."
            && text.utf8.allSatisfy { isDigit($0) || (0x61...0x7A).contains($0 | 0x20) || "-._".utf8.contains($0) }
    }

    private static func isWord(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && !text.hasPrefix("-")
            && text.utf8.allSatisfy { isDigit($0) || (0x61...0x7A).contains($0) || $0 == UInt8(ascii: "-") }
    }

    private static func isEndpoint(_ text: String) -> Bool {
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"'\\`$?#@".utf8.contains($0) }
        guard isPlain, text.utf8.count <= 512, let address = URLComponents(string: text), let host = address.host,
            !host.isEmpty, address.user == nil, address.password == nil
        else { return false }
        switch address.scheme {
        case "https": return true
        case "http": return ["127.0.0.1", "localhost", "::1", "[::1]"].contains(host)
        default: return false
        }
    }
}
