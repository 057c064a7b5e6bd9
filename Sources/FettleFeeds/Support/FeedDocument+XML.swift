internal import FettleSoftware

extension FeedDocument {
    /// Hands the document's elements to a handler, one after another.
    ///
    /// - Throws: `FeedError` if the document is no XML that is read here, or ends early, or the first that the handler
    ///   threw.
    func readXML(into handler: some XMLHandler<FeedError>) throws(FeedError) {
        let name = name
        try XMLReader.read(bytes, into: handler) { FeedError(name, $0.description) }
    }
}
