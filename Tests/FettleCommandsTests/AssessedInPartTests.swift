import Foundation
import Testing

/// What is not read, not checked or not decided is no clean answer.
@Suite struct AssessedInPartTests {
    private static func record(_ id: String, _ ecosystem: String, _ name: String, _ affected: String) -> String {
        """
        {"id": "\(id)", "modified": "2026-01-01T00:00:00Z", "affected": [{"package": {"ecosystem": "\(ecosystem)", "name": "\(name)"},
         \(affected)}]}
        """.replacing("\n", with: "")
    }

    private static let fixedIn2 =
        #""ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2-1"}]}]"#

    private let folder: TestFolder

    init() throws {
        folder = try TestFolder()
        let records = [
            Self.record("X-1", "Debian:12", "old", Self.fixedIn2),
            Self.record("X-2", "PyPI", "foo-bar", #""versions": ["9"]"#),
            Self.record("X-3", "PyPI", "z", #""versions": []"#),
        ]
        try folder.write(records.joined(separator: "\n") + "\n", to: "feeds/osv.json")
    }

    /// - Returns: what was written to standard error.
    private func assess(_ file: String, _ text: String, as option: String, ends code: Int32) async throws -> String {
        try folder.write(text, to: file)
        let words = option.split(separator: " ").map(String.init)
        let program = try Program(
            ["assess", words[0], file] + words.dropFirst() + ["--feeds", "feeds"], in: folder,
            settings: ["XDG_CACHE_HOME": folder.file("cache").path])
        #expect(try await program.end() == code, "\(program.output)\n\(program.error)")
        return program.error
    }

    private static let dpkg = "--dpkg-status --platform debian:12"

    @Test func aListThatWasCutOffIsNotClean() async throws {
        let whole = "Package: new\nStatus: install ok installed\nVersion: 3-1\n\n"
        _ = try await assess("whole", whole, as: Self.dpkg, ends: 0)
        let cut = whole + "Package: old\nStatus: install ok installed\nMaintainer: x\nVersion: 2-1"
        let told = try await assess("cut", cut, as: Self.dpkg, ends: 4)
        #expect(told.contains("could not be read: old: the file is cut off here"), "\(told)")
    }

    @Test func whatIsUndecidedIsNotCleanAndDoesNotHideWhatIsAffected() async throws {
        let told = try await assess("requirements.txt", "z==1\n", as: "--lock", ends: 4)
        #expect(told.contains("1 finding is undecided"), "\(told)")
        _ = try await assess("requirements.txt", "z==1\nfoo-bar==9\n", as: "--lock", ends: 101)
        _ = try await assess("requirements.txt", "foo-bar==8\n", as: "--lock", ends: 0)
    }

    @Test func aDocumentThatListsNoPackageWasNotChecked() async throws {
        let empty = #"{"bomFormat": "CycloneDX", "specVersion": "1.5", "components": []}"#
        let bill = try await assess("bom.json", empty, as: "--sbom", ends: 4)
        #expect(bill.contains("the document lists no package: nothing was checked"), "\(bill)")
        let lock = try await assess("requirements.txt", "# nothing\n", as: "--lock", ends: 4)
        #expect(lock.contains("the document lists no package: nothing was checked"), "\(lock)")
        let list = try await assess("empty", "\n", as: Self.dpkg, ends: 1)
        #expect(list.contains("holds no package"), "\(list)")
    }

    @Test func whatABillDescribesIsJudged() async throws {
        let bill = """
            {"bomFormat": "CycloneDX", "specVersion": "1.5", "metadata": {"component":
             {"type": "application", "name": "foo-bar", "purl": "pkg:pypi/foo-bar@9"}}}
            """
        _ = try await assess("bom.json", bill, as: "--sbom", ends: 101)
    }

    @Test func aListOfAnotherPackageManagerIsToldAsSuch() async throws {
        let told = try await assess(
            "list", "bash-5.1.8-6.el9.x86_64\n", as: "--rpm-list --platform debian:12", ends: 4)
        #expect(told.contains("1 package of rpm not checked: debian:12 has no packages of rpm"), "\(told)")
    }
}
