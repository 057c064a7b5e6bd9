import FettleEvidence
import FettleModel
import FettleSoftware
import Foundation

@testable import FettleCommands
@testable import FettleImages

/// A file that passes for a patched image: signed by the folder's own key, with all that lies beside one.
enum PatchedImage {
    /// - Parameters:
    ///   - name: of the file in the folder.
    ///   - source: the name of the one that it says it was made from.
    ///   - folder: has a key.
    static func write(_ name: String, from source: String, in folder: TestFolder) throws {
        let path = folder.file(name).path
        func digest(_ text: String) -> FettleModel.Digest { FileDigest.of(Data(text.utf8)) }
        let list = SoftwareList(
            platform: "debian:12",
            packages: [
                ListedPackage(
                    origin: .system(.dpkg), name: "libssl3", architecture: "amd64", version: "3.0.9-1",
                    source: "openssl",
                    sourceVersion: "3.0.9-1")
            ])
        let bill = try CycloneDXWriter.write(list, name: name, tool: ("Fettle", "0.1.0"))
        let test = BootReport(
            test: BootTest(), answers: ["n begin", "n state running", "n end"], nonce: "n", ended: nil, console: Data())
        let provenance = ImageProvenance(
            source: .init(name: source, format: .raw, bytes: Int64(source.utf8.count), digest: digest(source)),
            image: .init(name: name, format: .raw, bytes: Int64(name.utf8.count), digest: digest(name)),
            platform: "debian:12", manager: .dpkg,
            changes: [PackageChange(name: "libssl3", architecture: "amd64", from: "3.0.8-1", to: "3.0.9-1")],
            packages: 1,
            sources: [.init(name: "mirror_InRelease", date: "Wed, 25 Nov 2026 02:22:30 UTC")],
            billBefore: FileDigest.of(bill), billAfter: FileDigest.of(bill), log: digest("log"), tool: "Fettle 0.1.0",
            madeBy: "alice", madeAt: Timestamp(milliseconds: 0), bootTest: test)
        let key = try KeyFile(directory: folder.file(".")).loadOrMake()
        let statement = try SignedStatement.write(provenance, form: ImageProvenance.form, key: key)
        let parts: [(String, Data)] = [
            (path, Data(name.utf8)), (ImageSidecar.provenance.path(of: path), Data(statement)),
            (ImageSidecar.billBefore.path(of: path), bill), (ImageSidecar.billAfter.path(of: path), bill),
            (ImageSidecar.log.path(of: path), Data("log".utf8)),
        ]
        for (path, data) in parts { try data.write(to: URL(fileURLWithPath: path)) }
    }
}
