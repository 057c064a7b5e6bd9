public import ArgumentParser
import FettleControl
public import FettleImages
import FettleModel
import Foundation

struct ImagePatch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "patch", abstract: "Patch an image offline, boot-test it and sign what was done.",
        discussion: """
            Takes a disk (raw or qcow2, partitioned or a bare file system), a directory or a tar archive of a root file system. All \
            updates that the image's own package sources offer are installed, or those that --package names; none that removes \
            something. Services are not started, and packages are installed without a network. What does not pass its boot test is thrown away.

            Beside FILE lie FILE.provenance (signed), bills of materials before and after, and the log. Needs root; linked nowhere \
            and written nowhere else. What an interruption leaves is one work folder, which the next start removes.
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The image; it is read only.") var image: String
    @Option(name: .customLong("to"), help: "Where the patched image goes; nothing may be there.") var destination:
        String
    @Option(help: "raw, qcow2, tree or archive; its content tells otherwise.") var format: ImageFormat?
    @Option(help: "Only this package, as NAME or NAME=VERSION; may be given several times (apt).")
    var package: [String] = []
    @Option(help: "A proxy for fetching packages, such as http://127.0.0.1:3142 (apt).") var proxy: String?
    @Option(help: "Fetch from within this network namespace of this machine (`ip netns`).") var networkNamespace:
        String?
    @Option(help: "How long patching may take, in seconds.") var timeout = 3_600
    @Flag(help: "Leave the boot test out: the image cannot be promoted then.") var noBootTest = false
    @Option(help: "What the booted image has to show: unit:NAME, tcp:PORT, http:PORT/PATH or command:LINE; repeatable.")
    var gate: [BootGate] = []
    @Option(help: "A unit that may have failed in the boot test; may be given several times.") var mayFail: [String] =
        []
    @Option(help: "How long the boot test may take, in seconds.") var bootSeconds = 600
    @Option(help: "Memory of the boot test's machine, in MiB.") var bootMemory = 512
    @Option(help: "tcg (emulated, works everywhere) or kvm.") var accelerator: BootTest.Accelerator = .tcg

    func validate() throws {
        let faults = request.faults
        guard faults.isEmpty else { throw ValidationError(faults.joined(separator: "; ")) }
    }

    private var request: PatchRequest {
        let test = BootTest(
            gates: gate, mayFail: mayFail, limitSeconds: bootSeconds, memoryMiB: bootMemory, accelerator: accelerator)
        return PatchRequest(
            source: image, format: format, destination: destination, packages: package,
            network: networkNamespace.map { .namespace($0) } ?? .host, proxy: proxy, limitSeconds: timeout,
            bootTest: noBootTest ? nil : test)
    }

    private struct Answer: Encodable {
        var wrote: String
        var provenance: ImageProvenance
    }

    func run() async throws {
        let session = try Session(options)
        let patcher = ImagePatcher(
            version: FettleVersion.text, key: try await session.signingKey(), person: session.person,
            now: { Timestamp.now() })
        let isQuiet = options.output == .json
        let provenance: ImageProvenance
        do {
            provenance = try await patcher.patch(request) { stage in
                if !isQuiet { Output.writeError("\(stage.printable) …\n") }
            }
        } catch let error as ImageError { throw error.failure }
        if options.output == .json {
            return try session.printJSON(Answer(wrote: destination, provenance: provenance))
        }
        session.print(ImageView.lines(provenance).joined(separator: "\n"))
        session.next("fettle image add \(destination) --name NAME")
    }
}

extension ImageFormat: ExpressibleByArgument {}
extension BootTest.Accelerator: ExpressibleByArgument {}
extension BootGate: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

/// Images as a person reads of them.
enum ImageView {
    private static let limit = 60

    static func lines(_ provenance: ImageProvenance) -> [String] {
        var lines = [
            "\(provenance.image.name): \(provenance.platform ?? "a system that is not known"), "
                + "\(provenance.packages) packages, SHA-256 \(provenance.image.digest)",
            "made from \(provenance.source.name), SHA-256 \(provenance.source.digest)",
            "by \(provenance.madeBy) at \(provenance.madeAt), with \(provenance.tool)",
        ]
        lines += provenance.sources.map { "package source \($0.name) of \($0.date)" }
        lines += changes(provenance.changes)
        if let test = provenance.bootTest {
            lines.append(
                "boot test passed (\(test.accelerator.rawValue), kernel \(test.kernel ?? "not told"))"
                    + (test.gates.isEmpty ? "" : ": \(test.gates.joined(separator: ", "))"))
        } else {
            lines.append("boot test left out")
        }
        return lines.map(\.printable)
    }

    static func changes(_ changes: [PackageChange]) -> [String] {
        if changes.isEmpty { return ["no package was changed"] }
        var lines = changes.prefix(limit).map { change in
            "  \(change.name): \(change.from ?? "new") -> \(change.to ?? "removed")".printable
        }
        if changes.count > limit { lines.append("  … and \(changes.count - limit) more") }
        return lines
    }

    static func state(_ image: ImageStanding) -> String {
        if image.isCollected { return "collected" }
        if image.retiredAt != nil { return "retired" }
        if !image.stages.isEmpty { return image.stages.map(\.rawValue).joined(separator: ", ") }
        return image.record.isBootTested ? "tested" : "not tested"
    }

    static func line(_ note: ImageNote) -> String {
        let what = note.kind == .promoted ? "promoted to \(note.stage?.rawValue ?? "")" : note.kind.rawValue
        return
            "\(note.id): \(note.image) \(what), by \(note.by) at \(note.at)\(note.text.isEmpty ? "" : ": \(note.text)")"
            .printable
    }
}
