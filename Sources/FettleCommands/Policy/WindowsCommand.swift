import ArgumentParser
import FettleControl
import FettleModel

struct WindowsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "windows", abstract: "The coming maintenance windows and freezes, for whom and until when.",
        discussion: """
            What policy.yaml and its calendar files come to: windows without what is frozen of them, and the freezes with their \
            reasons. Looks at no host and changes nothing (docs/windows.md).
            """)

    @OptionGroup var options: GlobalOptions
    @Option(
        name: .customLong("for"),
        help: ArgumentHelp(
            "Only this group, resource or environment; may be given again.", valueName: "name"))
    var names: [String] = []
    @Option(help: "How many days to look ahead, 1 to 3,650.") var days = 30
    @Option(help: ArgumentHelp("From when on, such as 2026-11-23T09:00:00Z; now otherwise.", valueName: "time"))
    var now: String?
    @Option(
        help: ArgumentHelp(
            "In which time zone times are shown, such as Europe/Berlin; the policy's where it has only one, UTC otherwise.",
            valueName: "zone"))
    var timeZone: String?
    @Flag(help: "As for a change of the kind emergency, which some freezes let pass.") var emergency = false

    /// A terminal shows so many lines; the JSON has all.
    private static let lines = 200

    private struct Answer: Encodable {
        /// In which the table would show times; those here are in UTC.
        var timeZone: TimeZoneName
        var calendar: CalendarOverview
    }

    func validate() throws {
        guard (1...3_650).contains(days) else {
            throw ValidationError("--days takes a number from 1 to 3650, not \(days)")
        }
        if let now, Timestamp(now) == nil {
            throw ValidationError("--now takes a time in UTC such as 2026-11-23T09:00:00Z, not \(now.printable)")
        }
        if let timeZone, TimeZoneName(timeZone) == nil {
            throw ValidationError(
                "--time-zone takes a name of the IANA database such as Europe/Berlin or UTC, not \(timeZone.printable)")
        }
    }

    func run() async throws {
        let folder = FleetFolder(options)
        let fleet = try folder.fleet
        let policy = try folder.policy
        let overview = CalendarOverview(
            policy: policy, fleet: fleet, from: now.flatMap { Timestamp($0) } ?? .now(), days: days,
            resources: try resources(of: fleet), isEmergency: emergency)
        let zone = timeZone.flatMap { TimeZoneName($0) } ?? Self.onlyZone(of: policy) ?? .utc
        if options.output == .json { return try Output.writeJSON(Answer(timeZone: zone, calendar: overview)) }
        let view = CalendarView(overview: overview, zone: zone)
        Output.writeLine("\(view.moment(overview.from)) to \(view.moment(overview.to)), times in \(zone)")
        Output.writeLine("")
        Output.writeLine(view.table(limit: Self.lines).render())
        if view.count > Self.lines { Output.writeLine("… and \(view.count - Self.lines) more (`-o json` has all)") }
    }

    private func resources(of fleet: Fleet) throws -> Set<ResourceID>? {
        guard !names.isEmpty else { return nil }
        var found: Set<ResourceID> = []
        var unknown: [String] = []
        for name in names {
            let here =
                (fleet.group(GroupID(name))?.members ?? []) + [fleet.resource(ResourceID(name))?.id].compactMap { $0 }
                + fleet.resources.filter { $0.environment.rawValue == name }.map(\.id)
            if here.isEmpty, !fleet.environments.contains(where: { $0.id.rawValue == name }) { unknown.append(name) }
            found.formUnion(here)
        }
        guard unknown.isEmpty else {
            throw CommandFailure(
                .usage,
                "the fleet has no host, group or environment called \(unknown.joined(separator: ", "))\n"
                    + "  `fettle inventory show` lists what it has"
            )
        }
        return found
    }

    /// That of the windows, or of the freezes where there are no windows; nil: there are several, or none.
    private static func onlyZone(of policy: Policy) -> TimeZoneName? {
        let events = policy.windows.isEmpty ? policy.freezes.flatMap(\.events) : policy.windows.flatMap(\.events)
        let zones = Set(events.map(\.timeZone))
        return zones.count == 1 ? zones.first : nil
    }
}
