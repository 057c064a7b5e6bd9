import FettleEvidence
import FettleFeeds
import FettleIndex
import FettleModel
import FettleSoftware
import FettleStore
import Foundation

/// A file that says what is installed.
struct SoftwareInput: Equatable {
    var path: String
    /// nil: its content tells.
    var format: SoftwareListFormat?
    /// SHA-256 of what it has to hold, unpacked; nil: whatever it holds.
    var digest: Digest?

    /// Whether it is a name such as `debian:12` that advisories may speak of.
    static func isPlatform(_ platform: String) -> Bool { Ecosystem(platformName(platform)) != nil }

    /// As advisories name it: `debian:12` for `debian:12.5`, `redhat:9` for `rhel:9`, `alpine:3.20` for `alpine:v3.20.3`.
    static func platformName(_ platform: String) -> String {
        let parts = platform.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return platform.lowercased() }
        let version = parts[1].hasPrefix("v") ? parts[1].dropFirst() : parts[1]
        return PlatformName.name(id: String(parts[0]), version: String(version)) ?? platform.lowercased()
    }

    /// - Throws: a failure that names every file that cannot be read.
    static func read(_ files: [SoftwareInput]) throws -> [(name: String, list: SoftwareList)] {
        var lists: [(String, SoftwareList)] = []
        var wrong: [String] = []
        for input in files {
            do {
                let bytes = try PackedFile.read(input.path)
                // Of the very bytes that are judged: the file may be another one by the next time that it is opened.
                if let digest = input.digest, LogChain.sha256.digest([UInt8](bytes)) != digest {
                    wrong.append("\(input.path): is not what was signed (SHA-256 \(digest)); it was altered since")
                    continue
                }
                var list = try SoftwareListReader.read(bytes, name: input.path, as: input.format)
                // A file of another kind, or an error page, must not pass for a host with nothing on it.
                if list.packages.isEmpty, list.skipped.isEmpty {
                    if let format = input.format {
                        wrong.append("\(input.path): holds no package: is it a file of the format \(format.rawValue)?")
                    }
                    // A bill or a lock file may have none, and still nothing was looked at.
                    list.skipped.append("the document lists no package: nothing was checked")
                }
                lists.append((input.path, list))
            } catch {
                wrong.append("\(error)")
            }
        }
        guard wrong.isEmpty else { throw CommandFailure(.failure, wrong.joined(separator: "\n")) }
        return lists
    }
}
