import FettleModel
import FettleStore
import Foundation
import Testing

@testable import FettleCommands

@Suite struct StoreChoiceTests {
    private func refusal(_ named: String?, _ environment: [String: String]) throws -> CommandFailure {
        let nowhere = URL(fileURLWithPath: "/nonexistent")
        return try #require(throws: CommandFailure.self) {
            _ = try StoreChoice.open(named, environment, directory: nowhere)
        }
    }

    @Test(arguments: ["postgresql://fettle:s3cret@db.example/fettle", "mysql://fettle:s3cret@db.example/fettle", ""])
    func anAddressThatCannotBeTakenIsAUsageErrorThatKeepsItsSecret(address: String) throws {
        let asOption = try refusal(address, ["FETTLE_STORE": "/tmp/other.db"])
        #expect(asOption.status == .usage)
        #expect("\(asOption)".contains("--store") && !"\(asOption)".contains("s3cret"))
        guard !address.isEmpty else { return }
        let asVariable = try refusal(nil, ["FETTLE_STORE": address])
        #expect(asVariable.status == .usage)
        #expect("\(asVariable)".contains("FETTLE_STORE") && !"\(asVariable)".contains("s3cret"))
    }

    @Test func aFileIsMadeWhereItIsNamedAndInTheFolderOtherwise() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "fettle-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        func opens(_ named: String?, _ environment: [String: String], at path: String) async throws {
            let store = try StoreChoice.open(named, environment, directory: folder)
            #expect(!FileManager.default.fileExists(atPath: folder.appending(path: path).path), "\(path)")
            try await store.createRun("run-1", change: "change-1", at: .now())
            #expect(FileManager.default.fileExists(atPath: folder.appending(path: path).path), "\(path)")
        }
        #expect(throws: CommandFailure.self) { _ = try StoreChoice.open(nil, [:], directory: folder) }
        #expect(!FileManager.default.fileExists(atPath: folder.path))
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        try await opens(nil, ["FETTLE_STORE": ""], at: ".fettle/fettle.db")
        try await opens(nil, ["FETTLE_STORE": folder.appending(path: "b.db").path], at: "b.db")
        try await opens(
            folder.appending(path: "c.db").path, ["FETTLE_STORE": folder.appending(path: "d.db").path], at: "c.db")
        #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "d.db").path))
    }
}
