import FettleModel
import Testing

@Suite struct FilePathTests {
    /// `feeds build --to i` ended in a trap of Foundation's.
    @Test(arguments: [
        ("i", ""), ("", ""), ("a/b", "a"), ("/c", "/"), ("/a/b/c", "/a/b"), ("./i", "."), ("a/", "a"), ("ä/ö", "ä"),
    ])
    func aPathLiesInItsFolder(path: String, folder: String) {
        #expect(FilePath.folder(of: path) == folder)
    }
}
