package import Foundation

/// What is wanted of an element; what is not is passed over without being copied.
package struct XMLInterest: OptionSet {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }
    package static let attributes = XMLInterest(rawValue: 1)
    package static let text = XMLInterest(rawValue: 2)
}

/// Is told of a document's elements, one after another, so that a document of any size is read in little memory.
package protocol XMLHandler<Failure>: AnyObject {
    associatedtype Failure: Error
    func interest(in element: String) -> XMLInterest
    /// - Parameters:
    ///   - element: without its prefix, as `red-def:evr` and `linux-def:evr` are one and the same.
    ///   - attributes: also without their prefixes; empty where they were not wanted.
    func opened(_ element: String, _ attributes: [String: String]) throws(Failure)
    /// - Parameter text: trimmed; empty where it was not wanted, and of an element that holds others.
    func closed(_ element: String, _ text: String) throws(Failure)
}

/// Why a document is refused, to be read behind its name: `is damaged XML: …`.
package struct XMLProblem: Error, Equatable, CustomStringConvertible {
    package var description: String
    init(_ description: String) { self.description = description }
}

/// Reads XML from outside, element by element, within bounds. What is read of XML, and what refused, `XMLTokens` tells;
/// why it is not Foundation's parser, `docs/decisions/0015-a-small-xml-reader.md`.
package enum XMLReader {
    /// - Parameter failure: what to throw where the document is refused, is not well-formed or ends early.
    /// - Throws: that, or the first that the handler threw.
    package static func read<Handler: XMLHandler>(
        _ document: Data, into handler: Handler, failure: (XMLProblem) -> Handler.Failure
    ) throws(Handler.Failure) {
        var steps = Steps(document: document, handler: handler)
        do throws(XMLProblem) {
            try steps.run()
        } catch {
            throw failure(error)
        }
        if let thrown = steps.thrown { throw thrown }
    }

    /// The name of the first element, without its prefix, by the first bytes of a document; nil where they end before
    /// it, hold no XML, or have what is refused.
    package static func root(_ head: Data) -> String? {
        let bytes = head.span
        guard var tokens = try? XMLTokens(bytes), case .start(let name)? = try? tokens.next(bytes) else { return nil }
        return name.local
    }

    private struct Steps<Handler: XMLHandler> {
        let document: Data
        let handler: Handler
        /// What the handler threw, which stops the reading.
        var thrown: Handler.Failure?

        mutating func run() throws(XMLProblem) {
            let bytes = document.span
            var tokens = try XMLTokens(bytes)
            while thrown == nil, let token = try tokens.next(bytes) {
                switch token {
                case .start(let name):
                    let interest = handler.interest(in: name.local)
                    let attributes = try tokens.attributes(bytes, areWanted: interest.contains(.attributes))
                    tokens.isTextWanted = interest.contains(.text)
                    do { try handler.opened(name.local, attributes) } catch { thrown = error }
                case .end(let name):
                    let text = tokens.isTextWanted ? tokens.trimmedText : ""
                    tokens.isTextWanted = false
                    do { try handler.closed(name.local, text) } catch { thrown = error }
                }
            }
        }
    }
}
