import FettleEvidence
import FettleModel
import FettleStore
import Foundation

/// Heads in an object store that speaks S3, each an object of its own that is never written twice.
struct ObjectStore {
    let place: ObjectPlace

    /// More are not read: one process fetches them all, in minutes.
    static let mostHeads = 20_000
    /// Bytes of a head with its newline, and some.
    private static let longestHead = 512
    private static let seconds = 60
    private static let secondsForAll = 600

    // MARK: Keeping

    /// Puts it there if nothing of its name is, and reads back what is there then.
    ///
    /// - Returns: whether it was not there before.
    func keep(_ head: SignedHead) throws -> Bool {
        try AWSCommand.with { aws in
            let name = ObjectPlace.name(of: head)
            let bytes = Data("\(head.line)\n".utf8)
            let file = aws.folder.appending(path: "head")
            try bytes.write(to: file)
            // A bucket with Object Lock takes nothing without a digest.
            let digest = Data(try Self.bytes(ofHex: LogChain.sha256.digest([UInt8](bytes)))).base64EncodedString()
            let put = try aws.run(
                words("s3api", "put-object") + [
                    "--bucket=\(place.bucket)", "--key=\(place.prefix)\(name)", "--body=\(file.path)",
                    "--content-type=text/plain", "--checksum-sha256=\(digest)", "--if-none-match=*",
                ], seconds: Self.seconds)
            let wasThere = put.status != 0 && put.error.contains("(PreconditionFailed)")
            guard put.status == 0 || wasThere else { throw failure("the head was not taken", put) }
            let kept = try read(name, aws)
            guard kept == bytes else {
                throw CommandFailure(
                    .failure,
                    "\(place.words)\(name) holds something else than this head: "
                        + (wasThere ? "somebody else has put it there" : "the store did not keep what it took")
                        + "\n  look at who may write there; --to names another place")
            }
            return !wasThere
        }
    }

    private func read(_ name: String, _ aws: AWSCommand) throws -> Data {
        let file = aws.folder.appending(path: "back")
        let got = try aws.run(
            words("s3api", "get-object") + [
                "--bucket=\(place.bucket)", "--key=\(place.prefix)\(name)", "--range=bytes=0-\(Self.longestHead)",
                file.path,
            ], seconds: Self.seconds)
        guard got.status == 0 else { throw failure("the head was put, and cannot be read back", got) }
        return try AWSCommand.start(of: file, Self.longestHead + 1)
    }

    // MARK: Reading

    /// All heads there, in the order of their names.
    func heads(trusting keys: [VerifyingKey]) throws -> [SignedHead] {
        try AWSCommand.with { aws in
            let names = try names(aws)
            guard !names.isEmpty else {
                throw CommandFailure(
                    .usage,
                    "\(place.words): no head in it\n  `fettle evidence anchor --to \(place.words)` puts one there")
            }
            let folder = aws.folder.appending(path: "heads")
            // One process for all: a call for each takes a second.
            let got = try aws.run(
                words("s3", "cp") + [
                    "s3://\(place.bucket)/\(place.prefix)", folder.path, "--recursive", "--exclude=*",
                    "--include=\(ObjectPlace.pattern)", "--only-show-errors", "--no-progress",
                ], seconds: Self.secondsForAll)
            guard got.status == 0 else { throw failure("its heads cannot be read", got) }
            return try names.map { name in
                let file = folder.appending(path: name)
                guard FileManager.default.fileExists(atPath: file.path) else {
                    throw CommandFailure(
                        .failure, "\(place.words)\(name) is listed, and was not sent\n  `aws s3 cp` tells why")
                }
                return try head(name, try AWSCommand.start(of: file, Self.longestHead + 1), keys)
            }
        }
    }

    private func head(_ name: String, _ bytes: Data, _ keys: [VerifyingKey]) throws -> SignedHead {
        let line = String(decoding: bytes, as: UTF8.self)
        let hint = "`fettle evidence anchor` puts it there; --key names who is trusted"
        do throws(EvidenceError) {
            guard line.hasSuffix("\n"), bytes.count <= Self.longestHead else {
                throw EvidenceError(.malformed, "it is no head as `fettle evidence anchor` writes it")
            }
            let head = try SignedHead(line: String(line.dropLast()), trusting: keys)
            guard ObjectPlace.name(of: head) == name else {
                throw EvidenceError(.altered, "it holds another head than its name says")
            }
            return head
        } catch {
            throw CommandFailure(
                error.code == .malformed ? .usage : .failure, "\(place.words)\(name): \(error.message)\n  \(hint)")
        }
    }

    private struct Listed: Decodable {
        var key: String
    }

    /// Of what lies directly under the prefix those that are called as heads are; the rest is somebody else's.
    private func names(_ aws: AWSCommand) throws -> [String] {
        let answer = try aws.run(
            words("s3api", "list-objects-v2") + [
                "--bucket=\(place.bucket)", "--prefix=\(place.prefix)", "--delimiter=/", "--page-size=1000",
                "--max-items=\(Self.mostHeads + 1)", "--query=Contents[].{key:Key}",
            ], seconds: Self.secondsForAll)
        guard answer.status == 0 else { throw failure("its heads cannot be listed", answer) }
        let text = String(decoding: answer.output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard text != "null", !text.isEmpty else { return [] }
        guard let listed = try? JSONDecoder().decode([Listed].self, from: Data(text.utf8)) else {
            throw CommandFailure(
                .failure, "\(place.words): what `aws` prints is not what ListObjectsV2 answers\n  name another place")
        }
        guard listed.count <= Self.mostHeads else {
            throw CommandFailure(
                .failure,
                "\(place.words): more than \(Self.mostHeads) objects, which are not read\n  begin a prefix of its own each "
                    + "year, and hold the log against each: --anchor may be given several times")
        }
        let names = listed.map(\.key).filter { $0.hasPrefix(place.prefix) }.map {
            String($0.dropFirst(place.prefix.count))
        }
        return Set(names.filter(ObjectPlace.isHead)).sorted()
    }

    // MARK: Parts

    private func words(_ service: String, _ operation: String) -> [String] {
        [service, operation, "--output=json", "--cli-connect-timeout=10", "--cli-read-timeout=20"]
            + (place.endpoint.map { ["--endpoint-url=\($0)"] } ?? []) + (place.region.map { ["--region=\($0)"] } ?? [])
    }

    private static func bytes(ofHex digest: Digest) throws -> [UInt8] {
        let digits = Array(digest.rawValue)
        return stride(from: 0, to: digits.count - 1, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
    }

    private func failure(_ what: String, _ result: AWSCommand.Result) -> CommandFailure {
        let lines = result.error.split(whereSeparator: \.isNewline)
            .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        let said = String((lines.last ?? "status \(result.status)").prefix(400)).printable
        return CommandFailure(.failure, "\(place.words): \(what): \(said)\n  \(Self.hint(result.error, place))")
    }

    private static func hint(_ said: String, _ place: ObjectPlace) -> String {
        let known: [(sign: String, hint: String)] = [
            ("(NoSuchBucket)", "make the bucket; Fettle makes none"),
            ("(AccessDenied)", "it takes s3:PutObject, s3:GetObject and s3:ListBucket: docs/evidence.md"),
            ("locate credentials", "`aws configure`, or AWS_PROFILE, names the credentials"),
            (
                "Unknown options",
                "this `aws` is from before August 2024 and cannot put without overwriting: take a newer one"
            ),
            (
                "(NotImplemented)",
                "the store cannot put without overwriting (If-None-Match): take another, or file: or https:"
            ),
            ("must specify a region", "--region, or your AWS configuration, names the region"),
        ]
        return known.first { said.contains($0.sign) }?.hint
            ?? "`aws s3api list-objects-v2 --bucket \(place.bucket)` tells more; another place can be named"
    }
}

/// Heads that were anchored, wherever they are.
enum AnchoredHeads {
    /// - Parameters:
    ///   - places: files, `s3://…`, `https://…`, and `env:NAME` for one of these that is a secret.
    ///   - keys: of those whose heads are trusted.
    static func read(
        _ places: [String], _ options: ObjectStoreOptions, trusting keys: [VerifyingKey]
    ) throws -> [SignedHead] {
        let environment = ProcessInfo.processInfo.environment
        let named = try places.map { place -> (text: String, variable: String?) in
            guard place.hasPrefix("env:") else { return (place, nil) }
            let name = "--anchor \(place.printable)"
            guard let text = environment[String(place.dropFirst(4))], !text.isEmpty else {
                throw CommandFailure(.usage, "\(name): that variable is not set")
            }
            return (text, name)
        }
        try options.require(named.map(\.text))
        return try named.flatMap { place in
            // What a variable holds may be a secret: it is a place as `evidence anchor` takes it, or told by the variable's name alone.
            let anchor: AnchorPlace =
                if let variable = place.variable {
                    try AnchorPlace(place.text, options, named: variable)
                } else if place.text.hasPrefix("https://") {
                    .web(try WebAnchor(place.text))
                } else if ObjectPlace.isOne(place.text) {
                    .objects(ObjectStore(place: try ObjectPlace(place.text, options)))
                } else {
                    .file(place.text)
                }
            return try anchor.heads(trusting: keys)
        }
    }
}
