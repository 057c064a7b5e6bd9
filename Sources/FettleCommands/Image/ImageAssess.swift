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
            By the bills of materials beside them: of the images that are named, or of all of the catalogue that are not retired. Ends \
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
        var paths: [String] = []
        var missing: [String] = []
        if images.isEmpty {
            for image in try await session.images.images() where image.retiredAt == nil {
                paths.append(image.record.path)
            }
        } else {
            for name in images {
                guard !StageFile.isNamed(by: name) else {
                    paths.append(name)
                    continue
                }
                paths.append(try await session.images.image(ImageID(name)).record.path)
            }
        }
        let bills = paths.map { ImageSidecar.billAfter.path(of: $0) }
        for bill in bills where !FileManager.default.fileExists(atPath: bill) {
            missing.append("\(bill) is not there: `fettle image patch` writes it beside the image")
        }
        guard missing.isEmpty else { throw CommandFailure(.usage, missing.joined(separator: "\n")) }
        guard !bills.isEmpty else {
            throw CommandFailure(.usage, "the catalogue has no image\n  `fettle image add FILE --name NAME` adds one")
        }
        let assessment = FileAssessment(
            files: bills.map { SoftwareInput(path: $0, format: .cycloneDXJSON) }, platform: nil,
            feeds: advisories.feeds,
            index: advisories.index, showsAll: all, countsOnly: count, output: options.output)
        throw try assessment.run().code
    }
}
