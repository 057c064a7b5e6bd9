import FettleModel
import Foundation

/// A file for its owner alone, whatever this account's umask is: what it holds of hosts is not everybody's.
enum PrivateFile {
    /// Whole or not at all, in place of what was there.
    static func write(_ bytes: [UInt8], to path: String) throws {
        func trouble() -> CommandFailure {
            CommandFailure(
                .failure,
                "\(path.printable) cannot be written: \(String(cString: strerror(errno)))\n  --to names another file")
        }
        let part = "\(path)-\(UUID().uuidString)"
        let file = open(part, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw trouble() }
        guard Output.write(bytes, to: file), fsync(file) == 0, rename(part, path) == 0 else {
            let failure = trouble()
            close(file)
            unlink(part)
            throw failure
        }
        close(file)
    }
}
