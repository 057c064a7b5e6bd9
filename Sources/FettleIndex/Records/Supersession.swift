/// Of which other copies a record takes the place, when it is the newer one. Publishers change and take back what they said, and the
/// older copy may lie in another file of the same feed.
public enum Supersession: Sendable, Equatable {
    /// Of none as a whole: one id stands in several documents, each with its own part, such as the repositories of a release.
    case nothing
    /// Of what older copies of the id say of these ecosystems and of those that `affected` names. A withdrawn record that names none
    /// takes back all, unless its id is a bare CVE, of which several publishers write records.
    case ecosystems([Ecosystem] = [])
    /// Of all that older copies of the document say, whatever this one still names.
    ///
    /// - Parameter name: the publisher and the document's own id.
    case document(String)
}
