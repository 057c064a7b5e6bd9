import Testing

@testable import FettleFeeds

/// By which folder the age of a feed of single documents is told.
@Suite struct FeedFoldersTests {
    private func origins(_ named: [String], _ files: [String]) -> [String] {
        let folders = FeedFolders(named: named, files: files)
        return files.map(folders.origin)
    }

    @Test("Folders beside each other are feeds of their own")
    func foldersBesideEachOther() {
        #expect(
            origins(["/f"], ["/f/pypi/a.json", "/f/npm/a.json", "/f/kev.json"]) == ["/f/pypi", "/f/npm", "/f"])
    }

    @Test("A folder for each package is one feed, however many there are, and its neighbours stay their own")
    func foldersOfPackages() {
        let packages = (0..<65).map { "/f/pypa/vulns/package-\($0)/PYSEC-2021-\($0).json" }
        let others = ["/f/csaf/a.json", "/f/osv/b.json"]
        #expect(
            Set(origins(["/f"], packages + others)) == ["/f/pypa/vulns", "/f/csaf", "/f/osv"])
        // As many as somebody may have feeds.
        #expect(Set(origins(["/f"], Array(packages.prefix(64)))).count == 64)
    }

    @Test("Folders of years and months count as what they are in")
    func foldersOfYears() {
        #expect(
            Set(origins(["/f/csaf"], ["/f/csaf/2024/a.json", "/f/csaf/2025/05/b.json", "/f/csaf/2026/c.json"])) == [
                "/f/csaf"
            ])
        let dated = (1...12).flatMap { month in
            (0..<10).map { "/g/reviewed/2024/\(month)/GHSA-\(month)-\($0)/GHSA.json" }
        }
        #expect(Set(origins(["/g"], dated)) == ["/g/reviewed"])
    }

    @Test("What lies above a folder that was named is not looked at, and a file that was named is of its own folder")
    func rootsEndIt() {
        let sources = (0..<100).map { "/s/feeds/source-\($0)/all.json" }
        #expect(Set(origins([], sources)).count == 100)
        #expect(origins(["/s/2024"], ["/s/2024/a.json"]) == ["/s/2024"])
    }
}
