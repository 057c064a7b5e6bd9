import FettleControl
import FettleFeeds
import FettleModel
import FettleSoftware
import Foundation

/// The lists of a frozen repository for dnf and zypper, `repodata`, made by createrepo_c of this machine.
struct RpmRepositoryLists {
    private static let programs = ["/usr/bin/createrepo_c", "/usr/local/bin/createrepo_c"]

    /// - Throws: where there is none: better before packages are fetched than after.
    static func requireProgram() throws -> String {
        guard let program = QuietProgram.find(programs) else {
            throw CommandFailure(
                .failure,
                "there is no createrepo_c on this machine, which makes repositories for dnf and zypper\n  "
                    + "install createrepo-c (Debian, Ubuntu), or createrepo_c (Fedora, RHEL, SUSE)")
        }
        return program
    }

    /// Makes them in a folder whose `pool` holds the packages, and compares what was read in these with what was promised.
    static func make(of repository: FrozenRepository, in folder: URL) throws {
        let program = try requireProgram()
        // gzip is what every dnf and zypper reads. The names say nothing, as the repository is swapped as a whole.
        let (status, told) = try QuietProgram.run(
            program,
            [
                "--quiet", "--no-database", "--simple-md-filenames", "--checksum=sha256", "--general-compress-type=gz",
                "--revision=\(repository.madeAt.milliseconds / 1_000)", "--set-timestamp-to-revision",
                "--repo=\(repository.set.id)", "--content=\(repository.set.digest)", folder.path,
            ], environment: ["PATH": "/usr/bin:/bin"])
        guard status == 0 else {
            throw CommandFailure(
                .failure, "createrepo_c could not make the lists (\(status)): \(String(told.suffix(400)).printable)")
        }
        try compare(repository, with: folder.appending(path: "repodata/primary.xml.gz"))
    }

    /// What a package is, its own header says, and not the host that sent it.
    private static func compare(_ repository: FrozenRepository, with file: URL) throws {
        let reader = PrimaryReader()
        do throws(FeedError) {
            let name = file.path
            try XMLReader.read(try PackedFile.read(name), into: reader) { FeedError(name, $0.description) }
        } catch {
            throw CommandFailure(.failure, "what createrepo_c made cannot be read: \(error)".printable)
        }
        let wanted = Set(
            repository.archives.map {
                PrimaryReader.Entry(
                    name: $0.package.name, architecture: $0.package.architecture,
                    version: withoutZeroEpoch($0.package.version), sha256: $0.sha256.rawValue)
            })
        guard reader.entries.count == wanted.count, Set(reader.entries) == wanted else {
            let strange = reader.entries.filter { !wanted.contains($0) }.prefix(5).map {
                "\($0.name) \($0.version) \($0.architecture)"
            }
            let found =
                strange.isEmpty
                ? "\(reader.entries.count) of \(wanted.count) could be read"
                : "they hold \(strange.joined(separator: ", "))"
            throw CommandFailure(
                .failure,
                "the packages are not what the hosts say that they are: \(found.printable)\n  nothing was frozen")
        }
    }

    private static func withoutZeroEpoch(_ version: String) -> String {
        version.hasPrefix("0:") ? String(version.dropFirst(2)) : version
    }
}

/// What `primary.xml` lists.
///
/// Source: https://github.com/rpm-software-management/createrepo_c/blob/master/doc/primary.rng
private final class PrimaryReader: XMLHandler {
    struct Entry: Hashable {
        var name = ""
        var architecture = ""
        /// `[epoch:]version-release`, without an epoch of 0.
        var version = ""
        var sha256 = ""
    }

    private(set) var entries: [Entry] = []
    private var entry = Entry()
    private var isSHA256 = false

    func interest(in element: String) -> XMLInterest {
        switch element {
        case "name", "arch": .text
        case "checksum": [.attributes, .text]
        case "version": .attributes
        default: []
        }
    }

    func opened(_ element: String, _ attributes: [String: String]) throws(FeedError) {
        switch element {
        case "package": entry = Entry()
        case "checksum": isSHA256 = attributes["type"] == "sha256"
        case "version":
            let epoch = attributes["epoch"].flatMap { $0 == "0" || $0.isEmpty ? nil : "\($0):" } ?? ""
            entry.version = "\(epoch)\(attributes["ver"] ?? "")-\(attributes["rel"] ?? "")"
        default: break
        }
    }

    func closed(_ element: String, _ text: String) throws(FeedError) {
        switch element {
        case "name": entry.name = text
        case "arch": entry.architecture = text
        case "checksum" where isSHA256: entry.sha256 = text
        case "package": entries.append(entry)
        default: break
        }
    }
}
