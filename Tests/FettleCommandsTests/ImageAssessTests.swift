import FettleImages
import Foundation
import Testing

@testable import FettleCommands

/// A bill of materials lies beside its image as a file that anybody may have altered since.
@Suite struct ImageAssessTests {
    /// What an attacker would take out of it is what an assessment is made for.
    private static func alterBill(of image: String, in folder: TestFolder) throws {
        let path = ImageSidecar.billAfter.path(of: folder.file(image).path)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let altered = text.replacing("3.0.9-1", with: "9.9.9-1")
        #expect(altered != text)
        try altered.write(toFile: path, atomically: false, encoding: .utf8)
    }

    @Test(arguments: ["image-1", "new.raw"])
    func aBillThatWasAlteredIsNotBelieved(_ name: String) async throws {
        let folder = try TestFolder()
        try await LocalFleet().keep(in: folder)
        try PatchedImage.write("new.raw", from: "old.raw", in: folder)
        let add = try Program(["image", "add", "new.raw", "--name", "web"], in: folder)
        #expect(try await add.end() == 0, "\(add.error)")
        let before = try Program(["image", "assess", name], in: folder)
        // No advisories were given: it says so, and it has read the bill.
        #expect(try await before.end() == 4, "\(before.error)")
        #expect(before.error.contains("no signature was judged") == (name == "new.raw"))
        try Self.alterBill(of: "new.raw", in: folder)
        let after = try Program(["image", "assess", name], in: folder)
        #expect(try await after.end() == 1)
        #expect(after.error.contains("after.cdx.json: is not what was signed"), "\(after.error)")
    }
}
