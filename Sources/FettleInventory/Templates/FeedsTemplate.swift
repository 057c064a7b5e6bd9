extension FleetTemplate {
    /// `feeds.yaml` with the defaults, which are the publishers' own addresses, and examples in comments.
    public static func feeds(schema: String = defaultFeedsSchemaPath) -> String {
        """
        # yaml-language-server: $schema=\(schema.shown(limit: 400))
        #
        # Where advisories are fetched from, and which. Without anything here what the fleet needs comes from the publishers'
        # own addresses. 'fettle feeds status' lists the sources with their dates; 'fettle feeds sync' fetches them.
        version: 1

        # One place for all sources, as <mirror>/<source>/<file>: an address, file:///srv/feeds or a folder. A mirror that asks
        # for a password is not supported: a password in a file would be read by others.
        #  mirror: https://mirror.example/feeds

        # Certificate authorities of such a mirror, trusted besides the system's own (PEM).
        #  certificateAuthorities: /etc/fettle/ca.pem

        # Sources besides those that the fleet needs, such as those of languages, and sources that are never fetched.
        #  include: [vulnrichment, osv-npm]
        #  exclude: [epss]

        # What holds for one source: mirror (<mirror>/<file>) or address (the file itself), the publisher's keys as gpgv reads them
        # (a file without a valid signature is refused then), and the age at which it is told as stale (1h to 365d).
        #  sources:
        #    kev: {mirror: /srv/kev, staleAfter: 2d}
        #    debian-tracker: {address: "https://mirror.example/debian/tracker.json"}
        #    redhat-csaf-vex: {keyring: /etc/fettle/redhat.gpg}

        """
    }
}
