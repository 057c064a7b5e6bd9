import ArgumentParser
import FettleControl
import FettleFeeds
import FettleImages
import FettleIndex
import FettleModel
import FettleSoftware
import Foundation

struct ImageAssess: AsyncParsableCommand, ListAnswering {
    static let configuration = CommandConfiguration(
        commandName: "assess", abstract: "Judge what images hold, though nothing may run from them.",
        discussion: """
            By the bills of materials beside them: of the images that are named, or of all of the catalogue that are not retired. A bill \
            has to be the one that is signed: of an image of the catalogue by what was verified when it was added; of a file by what \
            lies beside it, and there no signature is judged (`fettle image verify` does). The images are not read. Ends \
            as `fettle assess` does: 0 (nothing), 100 (updates), 101 (security updates), 4 (not all could be read or checked).
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: "Images of the catalogue, such as image-1, or files; without any: all that are not retired.")
    var images: [String] = []
    @OptionGroup var advisories: AdvisoryOptions
    @Flag(help: "Show every finding, also what is fixed or not affected.") var all = false
    @Flag(help: "Print counts only.") var count = false

    func run() async throws {
        let session = try Session(options)
        let bills = try await bills(in: session)
        guard !bills.isEmpty else {
            throw CommandFailure(.usage, "the catalogue has no image\n  `fettle image add FILE --name NAME` adds one")
        }
        let assessment = FileAssessment(
            files: bills, platform: nil, feeds: advisories.source.feeds, index: advisories.source.index, showsAll: all,
            countsOnly: count, output: options.output)
        throw try assessment.run().code
    }

    /// The bills of materials, each with the digest that it has to have.
    private func bills(in session: Session) async throws -> [SoftwareInput] {
        func bill(_ path: String, _ digest: Digest) -> SoftwareInput {
            SoftwareInput(path: ImageSidecar.billAfter.path(of: path), format: .cycloneDXJSON, digest: digest)
        }
        var (bills, missing) = ([SoftwareInput](), [String]())
        if images.isEmpty {
            for image in try await session.images.images() where image.retiredAt == nil {
                bills.append(bill(image.record.path, image.record.bill))
            }
        }
        for name in images {
            guard StageFile.isNamed(by: name) else {
                let record = try await session.images.image(ImageID(name)).record
                bills.append(bill(record.path, record.bill))
                continue
            }
            if let provenance = ImageVerification.unjudged(name) {
                session.note("\(name.printable): no signature was judged; `fettle image verify` does")
                bills.append(bill(name, provenance.billAfter))
            } else {
                missing.append(
                    "\(ImageSidecar.provenance.path(of: name)) is not there, or not what `fettle image patch` writes")
            }
        }
        missing += bills.map(\.path).filter { !FileManager.default.fileExists(atPath: $0) }
            .map { "\($0) is not there: `fettle image patch` writes it beside the image" }
        guard missing.isEmpty else { throw CommandFailure(.usage, missing.joined(separator: "\n")) }
        return bills
    }
}
