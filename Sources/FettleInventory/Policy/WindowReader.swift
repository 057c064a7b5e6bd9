internal import FettleModel

/// Reads `windows` and `freezes`: docs/windows.md says what they mean.
struct WindowReader {
    let reading: Reading
    let surroundings: PolicySurroundings

    static let limit = 200
    static let scopeKeys = ["environments", "groups", "resources"]
    static let ruleKeys = ["recurrence", "start", "duration", "except", "also"]
    static let windowKeys = ["id"] + ruleKeys + ["timeZone", "calendar"] + scopeKeys
    static let freezeKeys =
        ["id", "reason", "from", "to"] + ruleKeys + ["timeZone", "calendar"] + scopeKeys + ["emergencyMayPass"]

    private var events: EventReader { EventReader(reading: reading) }

    func windows(_ value: YAMLValue) -> [MaintenanceWindow] {
        list(value, "windows") { item, places in
            guard let fields = Fields(item, of: "a window", keys: Self.windowKeys, reading) else { return nil }
            let id = identifier(fields, "window", item, &places)
            let scope = scope(fields)
            guard let events = windowEvents(fields, id ?? ""), let id else { return nil }
            return MaintenanceWindow(id: WindowID(id), events: events, scope: scope)
        }
    }

    func freezes(_ value: YAMLValue) -> [Freeze] {
        list(value, "freezes") { item, places in
            guard let fields = Fields(item, of: "a freeze", keys: Self.freezeKeys, reading) else { return nil }
            let id = identifier(fields, "freeze", item, &places)
            let scope = scope(fields)
            var reason = fields["reason"].flatMap { reading.text($0, "reason", limit: 512) }
            if fields["reason"] == nil, fields["calendar"] == nil {
                reading.problem(
                    "a freeze has no 'reason'", at: fields.place,
                    hint: "who meets it will ask, such as 'reason: year-end closing'")
            }
            let mayPass = fields["emergencyMayPass"].flatMap { reading.boolean($0, "emergencyMayPass") } ?? false
            guard let events = freezeEvents(fields, id ?? ""), let id else { return nil }
            if reason == nil, fields["calendar"] != nil { reason = id }
            return Freeze(
                id: FreezeID(id), reason: reason ?? "", events: events, scope: scope, emergencyMayPass: mayPass)
        }
    }

    private func list<Item>(
        _ value: YAMLValue, _ name: String, _ read: (YAMLValue, inout [String: Place]) -> Item?
    ) -> [Item] {
        var places: [String: Place] = [:]
        return (reading.list(value, name, limit: Self.limit) ?? []).compactMap { read($0, &places) }
    }

    private func identifier(
        _ fields: Fields, _ what: String, _ item: YAMLValue, _ places: inout [String: Place]
    ) -> String? {
        guard let value = fields.required("id", of: "a \(what)", reading),
            let id = reading.identifier(value, "the id of a \(what)")
        else { return nil }
        if let first = places.updateValue(item.place, forKey: id) {
            reading.problem("the \(what) \(id.quoted) is given twice; first in line \(first.line)", at: item.place)
        }
        return id
    }

    // MARK: Times

    private func windowEvents(_ fields: Fields, _ id: String) -> [CalendarEvent]? {
        if fields["calendar"] != nil {
            let events = calendar(fields, besides: Self.ruleKeys)
            if let events { tellShort(events, fields) }
            tellNeverSoon(events, id, fields.keyPlace("calendar"))
            return events
        }
        guard let event = events.window(fields) else { return nil }
        tellNeverSoon([event], id, fields.keyPlace(fields["recurrence"] == nil ? "start" : "recurrence"))
        return [event]
    }

    private func freezeEvents(_ fields: Fields, _ id: String) -> [CalendarEvent]? {
        let given = ["from", "recurrence", "calendar"].filter { fields[$0] != nil }
        if given.count > 1 {
            reading.problem(
                "a freeze has '\(given[0])' and '\(given[1])'", at: fields.keyPlace(given[1]),
                hint: "make two freezes of it")
            return nil
        }
        switch given.first {
        case "calendar": return calendar(fields, besides: Self.ruleKeys + ["from", "to"])
        case "recurrence":
            guard events.allows(fields, "recurrence", not: ["to"]) else { return nil }
            return events.recurringFreeze(fields).map { [$0] }
        default:
            guard fields["from"] != nil || fields["to"] != nil else {
                reading.problem(
                    "a freeze has no time", at: fields.place,
                    hint: "give it 'from' and 'to', or 'recurrence', or 'calendar'")
                return nil
            }
            guard events.allows(fields, "from", not: Self.ruleKeys) else { return nil }
            return events.span(fields).map { [$0] }
        }
    }

    /// The events of a calendar file.
    private func calendar(_ fields: Fields, besides others: [String]) -> [CalendarEvent]? {
        let zone = events.timeZone(fields, isRequired: false)
        guard events.allows(fields, "calendar", not: others), let value = fields["calendar"],
            let name = reading.text(value, "calendar", limit: 1_024)
        else { return nil }
        guard name.lowercased().hasSuffix(".ics") else {
            reading.problem(
                "\(name.quoted) is no calendar file", at: value.place, hint: "the name of a file that ends with .ics")
            return nil
        }
        let path = name.hasPrefix("/") ? name : surroundings.folder + name
        let calendar = Reading(file: path)
        let bytes: [UInt8]
        do throws(InventoryErrors) {
            bytes = try InputText.bytes(
                path: path, limit: ContentLines.maximumBytes,
                ifAbsent: "\(reading.file) names it; a path is looked up from the policy's folder")
        } catch {
            reading.add(error.problems)
            return nil
        }
        let events = ICalendarReader(reading: calendar, timeZone: zone).events(bytes)
        reading.add(calendar)
        guard calendar.problems.isEmpty else { return nil }
        if events.isEmpty {
            reading.warning("\(name.quoted) holds no event", at: value.place, hint: "events are VEVENT components")
        }
        return events
    }

    private func tellShort(_ events: [CalendarEvent], _ fields: Fields) {
        guard let short = events.first(where: { $0.duration.nominalSeconds < EventReader.shortest }) else { return }
        reading.problem(
            "an event that begins at \(short.start) lasts less than a minute", at: fields.keyPlace("calendar"))
    }

    /// What is over is no mistake of today, and must not keep anybody from working: only a warning.
    private func tellNeverSoon(_ events: [CalendarEvent]?, _ id: String, _ place: Place) {
        guard let now = surroundings.now, let events, !events.isEmpty else { return }
        let inAYear = now.adding(seconds: 366 * 86_400)
        guard events.allSatisfy({ $0.occurrences(from: now, to: inAYear, limit: 1).isEmpty }) else { return }
        let next = events.compactMap { event in
            event.next(from: now).map { (moment: $0.opensAt, local: event.timeZone.local(at: $0.opensAt)) }
        }.min { $0.moment < $1.moment }
        reading.warning(
            "the window \(id.quoted) doesn't open within a year", at: place,
            hint: next.map { "it opens next on \($0.local.date)" } ?? "it is over: what it is for is never worked on")
    }

    // MARK: Scope

    private func scope(_ fields: Fields) -> CalendarScope {
        CalendarScope(
            environments: globs(
                fields, "environments", "an environment", surroundings.environments?.map(\.id.rawValue)),
            groups: globs(fields, "groups", "a group", surroundings.groups?.map(\.rawValue)),
            resources: globs(fields, "resources", "a resource", surroundings.resources?.map(\.rawValue)))
    }

    /// - Parameter known: nil if they are not known.
    private func globs(_ fields: Fields, _ key: String, _ item: String, _ known: [String]?) -> [String] {
        guard let value = fields[key] else { return [] }
        if value.sequence?.isEmpty == true {
            reading.problem("\(key) is empty", at: value.place, hint: "give a value, or leave the key out for all")
        }
        let globs = reading.texts(value, key, item: item)
        guard let known else { return globs }
        for item in value.sequence ?? [] {
            guard let text = item.scalar?.text, globs.contains(text), !known.contains(where: Glob(text).matches) else {
                continue
            }
            let what = String(key.dropLast())
            reading.problem(
                Glob.isPattern(text) ? "no \(what) fits \(text.quoted)" : "unknown \(what) \(text.quoted)",
                at: item.place, hint: Suggestion.hint(for: text, in: known, otherwise: "known \(key)"))
        }
        return globs
    }
}
