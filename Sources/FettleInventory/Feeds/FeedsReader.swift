internal import FettleModel
internal import Foundation

/// Turns the tree of `feeds.yaml` into settings: a key that is not there keeps the publishers' own.
struct FeedsReader {
    let reading: Reading
    let known: [String]?

    static let keys = ["version", "mirror", "certificateAuthorities", "include", "exclude", "sources"]
    static let sourceKeys = ["mirror", "address", "keyring", "staleAfter"]

    func read(_ root: YAMLValue) -> FeedSettings {
        var settings = FeedSettings()
        guard let fields = Fields(root, of: "the feeds file", keys: Self.keys, reading) else { return settings }
        reading.version(fields, 1, "the feeds file")
        if let value = fields["mirror"] { settings.mirror = place(value, "mirror") }
        if let value = fields["certificateAuthorities"] {
            settings.certificateAuthorities = file(value, "certificateAuthorities")
        }
        if let value = fields["include"] { settings.include = names(value, "include") }
        if let value = fields["exclude"] { settings.exclude = names(value, "exclude") }
        if let value = fields["exclude"] {
            for name in settings.exclude where settings.include.contains(name) {
                reading.problem("\(name.quoted) is in include and in exclude", at: value.place, hint: "keep one")
            }
        }
        if let value = fields["sources"] { settings.sources = sources(value) }
        return settings
    }

    private func sources(_ value: YAMLValue) -> [String: FeedSettings.Source] {
        guard let entries = value.mapping else {
            reading.problem(
                "sources must be a mapping, but it is \(value.kindInWords)", at: value.place,
                hint: "such as 'kev: {mirror: /srv/feeds/kev}'")
            return [:]
        }
        var sources: [String: FeedSettings.Source] = [:]
        for entry in entries where isKnown(entry.key, at: entry.keyPlace) {
            sources[entry.key] = source(entry.value, entry.key)
        }
        return sources
    }

    private func source(_ value: YAMLValue, _ name: String) -> FeedSettings.Source {
        var source = FeedSettings.Source()
        guard let fields = Fields(value, of: "a source", keys: Self.sourceKeys, reading) else { return source }
        if let value = fields["mirror"] { source.mirror = place(value, "mirror") }
        if let value = fields["address"] { source.address = place(value, "address") }
        if let value = fields["keyring"] { source.keyring = file(value, "keyring") }
        if let value = fields["staleAfter"],
            let seconds = reading.seconds(value, "staleAfter", in: 3_600...31_536_000)
        {
            source.staleAfterHours = seconds / 3_600
        }
        if fields["mirror"] != nil, fields["address"] != nil {
            reading.problem(
                "\(name.quoted) has a mirror and an address", at: fields.keyPlace("address"),
                hint: "'mirror' is a folder of files, 'address' one file: keep one")
        }
        return source
    }

    private func names(_ value: YAMLValue, _ name: String) -> [String] {
        let names = reading.texts(value, name, item: "a source")
        let places = (value.sequence ?? []).map { ($0.scalar?.text, $0.place) }
        return names.filter { name in
            isKnown(name, at: places.first { $0.0 == name }?.1 ?? value.place)
        }
    }

    private func isKnown(_ name: String, at place: Place) -> Bool {
        guard let known, !known.contains(name) else { return true }
        reading.problem(
            "unknown source \(name.quoted)", at: place,
            hint: Suggestion.hint(for: name, in: known, otherwise: "known sources"))
        return false
    }

    /// An address of the web, a `file://` address or a folder.
    private func place(_ value: YAMLValue, _ name: String) -> String? {
        guard let text = reading.text(value, name, limit: 2_048) else { return nil }
        let hint = "such as https://mirror.example/feeds, file:///srv/feeds or /srv/feeds"
        guard let end = text.range(of: "://") else { return path(text, name, at: value.place, hint: hint) }
        let scheme = text[..<end.lowerBound].lowercased()
        guard ["https", "http", "file"].contains(scheme) else {
            reading.problem("\(name) has an address of the kind \(String(scheme).quoted)", at: value.place, hint: hint)
            return nil
        }
        let host = text[end.upperBound...].prefix { $0 != "/" }
        guard !host.contains("@") else {
            reading.problem(
                "\(name) holds a user name or a password", at: value.place,
                hint: "let the mirror know this machine by its network, or copy the files and name the folder")
            return nil
        }
        guard scheme == "file" || !host.isEmpty else {
            reading.problem("\(name) is no address: \(text.quoted)", at: value.place, hint: hint)
            return nil
        }
        if scheme == "http" {
            reading.warning(
                "\(name) is not encrypted: anybody on the way could alter what it sends", at: value.place,
                hint: "use https, or check by digest")
        }
        return text
    }

    private func file(_ value: YAMLValue, _ name: String) -> String? {
        reading.text(value, name, limit: 2_048).flatMap {
            path($0, name, at: value.place, hint: "such as /etc/fettle/\(name)")
        }
    }

    /// Whole paths only: a relative one would mean something else in each folder that the command runs in.
    private func path(_ text: String, _ name: String, at place: Place, hint: String) -> String? {
        guard text.hasPrefix("/") || text.hasPrefix("~/") else {
            reading.problem(
                "\(name) must be a whole path or an address, but it is \(text.quoted)", at: place, hint: hint)
            return nil
        }
        return text.hasPrefix("~/") ? NSHomeDirectory() + text.dropFirst() : text
    }
}
