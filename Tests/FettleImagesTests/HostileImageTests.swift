import FettleEvidence
import FettleModel
import Foundation
import Testing

@testable import FettleImages

/// Images whose programs do what no image should: nothing of it reaches this machine.
@Suite(.serialized, .enabled(if: SmallImage.isPossible)) struct HostileImageTests {
    /// The first program of the image that runs leaves links where this machine might write afterwards, and talks without end.
    @Test func linksThatAnImagePlantsAreNotFollowedAndItsTalkIsCutOff() async throws {
        let small = try SmallImage { folder in
            """
            echo planted >>/planted
            for name in resolv.conf kept bin; do ln -s \(folder)/victim /run/fettle/$name; done
            for name in cache lists test; do ln -s \(folder)/victims /run/fettle/$name; done
            head -c 80000000 /dev/zero
            head -c 80000000 /dev/zero >&2
            """
        }
        defer { small.remove() }
        try small.run("mkdir", "\(small.folder)/victims")
        let destination = "\(small.folder)/patched.raw"
        let patcher = ImagePatcher(version: "0.1.0", key: try SigningKey(), person: "alice") {
            Timestamp(milliseconds: 0)
        }
        let provenance = try? await patcher.patch(
            PatchRequest(source: small.image, destination: destination, packages: ["fettle-trial"])
        ) { _ in }
        #expect(try small.read("victim") == "untouched")
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(small.folder)/victims") == [])
        // It has run, and what it did to its own files came to nothing.
        #expect(try small.content(of: "/planted", in: destination).hasPrefix("planted"))
        #expect(provenance?.changes.map(\.name) == ["fettle-trial"])
        let log = try FileManager.default.attributesOfItem(atPath: ImageSidecar.log.path(of: destination))
        #expect(try #require(log[.size] as? Int) < 40 << 20)
    }
}
