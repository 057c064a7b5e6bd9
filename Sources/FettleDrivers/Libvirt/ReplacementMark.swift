import FettleModel

/// What Fettle writes into the description of a machine that it has made: who it belongs to, and what it was made from. It is the
/// hypervisor's, not the machine's own word.
struct ReplacementMark: Sendable, Equatable {
    var run: String
    var image: String
    var version: String
    var digest: String
    /// The UUID of the machine in whose place it was made.
    var replaces: String
    /// The file that was made as its disk: only that one is ever removed.
    var disk: String

    static let elementName = "fettle:machine"
    static let namespace = "urn:fettle:machine:1"

    /// nil: Fettle has not made it, or what stands there is not what Fettle writes.
    init?(_ domain: XMLElement) {
        let marks = domain.first("metadata")?.children(named: Self.elementName) ?? []
        guard marks.count == 1, let found = marks.first?.attributes, found["xmlns:fettle"] == Self.namespace,
            let run = found["run"], let image = found["image"], let version = found["version"],
            let digest = found["digest"], let replaces = found["replaces"], let disk = found["disk"],
            [run, image, version, digest].allSatisfy(FactText.isName), DomainDescription.isUUID(replaces)
        else { return nil }
        self.init(run: run, image: image, version: version, digest: digest, replaces: replaces, disk: disk)
    }

    init(run: String, image: String, version: String, digest: String, replaces: String, disk: String) {
        self.run = run
        self.image = image
        self.version = version
        self.digest = digest
        self.replaces = replaces
        self.disk = disk
    }

    var element: XMLElement {
        XMLElement(
            name: Self.elementName,
            attributes: [
                "xmlns:fettle": Self.namespace, "run": run, "image": image, "version": version, "digest": digest,
                "replaces": replaces, "disk": disk,
            ])
    }
}
