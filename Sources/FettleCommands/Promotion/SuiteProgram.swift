import FettleControl
import FettleModel
import Foundation

/// The program that is a stage's own suite, by its bytes: whoever alters it alters what signs sets off.
///
/// Only the program's own file is looked at. What it starts or reads is the site's to guard.
enum SuiteProgram {
    /// In bytes.
    static let longest = 256 << 20

    /// - Returns: the SHA-256 of each program, by stage; nil: the policy names none.
    /// - Throws: `CommandFailure` with all that cannot be read.
    static func digests(_ policy: PromotionPolicy?, _ directory: URL) throws -> [StageID: FettleModel.Digest]? {
        var digests: [StageID: FettleModel.Digest] = [:]
        var troubles: [String] = []
        for stage in policy?.stages ?? [] {
            guard case .command(let words, _)? = stage.tests else { continue }
            do {
                digests[stage.id] = try digest(of: words, directory)
            } catch let error as CommandFailure {
                troubles.append(error.message)
            }
        }
        guard troubles.isEmpty else { throw CommandFailure(.failure, troubles.joined(separator: "\n")) }
        return digests.isEmpty ? nil : digests
    }

    /// - Parameters:
    ///   - words: of the command; the first has to be a path.
    ///   - directory: where relative paths begin.
    static func digest(of words: [String], _ directory: URL) throws -> FettleModel.Digest {
        let name = words.first ?? ""
        guard name.contains("/") else {
            throw CommandFailure(
                .failure,
                "the suite '\(name.printable)' names no file: where PATH finds it nobody has accepted\n  with its path, "
                    + "such as ./suite or /usr/local/bin/suite")
        }
        let path = name.hasPrefix("/") ? name : directory.appendingPathComponent(name).path
        func trouble(_ why: String) -> CommandFailure {
            CommandFailure(.failure, "the suite \(path.printable) \(why)\n  `tests` of a stage in policy.yaml names it")
        }
        // A pipe in its place would never be opened.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw trouble("cannot be read: \(String(cString: strerror(errno)))") }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw trouble("is no file")
        }
        var (digest, bytes) = (RunningDigest(), 0)
        while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty {
            bytes += piece.count
            guard bytes <= longest else { throw trouble("is larger than \(longest >> 20) MiB") }
            digest.add(piece)
        }
        return digest.value()
    }
}
