import FettleFeeds
import Testing

@Suite("Feed errors")
struct FeedErrorTests {
    @Test("A refused document is named before the reason")
    func namesTheDocument() {
        #expect("\(FeedError("a.zip!b.json", "is no JSON"))" == "a.zip!b.json: is no JSON")
    }
}
