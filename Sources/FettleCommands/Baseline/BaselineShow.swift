import ArgumentParser
import FettleControl
import FettleModel
import FettlePlanning

struct BaselineShow: AsyncParsableCommand, ListAnswering {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "The baselines' rules, and what they mean for each host now.",
        discussion: "Judges the updates of the newest scan; looks at no host and changes nothing.")

    @OptionGroup var options: GlobalOptions
    @OptionGroup var scope: ScopeArguments
    @Argument(help: "Only this baseline and the hosts for which it holds.") var name: String?

    func run() async throws {
        let session = try Session(options)
        let fleet = try session.fleet
        let resources = try scope.resources(of: fleet)
        let policy = try session.policy
        if let name, !policy.baselines.contains(where: { $0.name == name }) {
            let names = policy.baselines.map(\.name).joined(separator: ", ")
            throw CommandFailure(
                .usage,
                "policy.yaml has no baseline called \(name.printable)"
                    + (names.isEmpty
                        ? "\n  `fettle schema policy` says how one is written"
                        : ": it has \(names)\n  `fettle baseline show` shows them"))
        }
        var survey = try await session.governance.survey(resources, policy: policy)
        if let name {
            survey.baselines.removeAll { $0.name != name }
            survey.hosts.removeAll { $0.baseline != name }
        }
        if options.output == .json { return try session.printJSON(survey) }
        if options.output.isLines { return try Output.writeLines(ListAnswer.baselines(survey), as: options.output) }
        for baseline in survey.baselines { session.print(BaselineView(baseline: baseline).lines() + "\n") }
        if survey.baselines.isEmpty {
            session.print("policy.yaml has no baselines: its own rules hold everywhere.\n")
        }
        session.print(hosts(survey))
        let updates = updates(survey)
        if !updates.rows.isEmpty {
            session.print("")
            session.print(updates)
        }
        session.next("fettle baseline diff --group GROUP", "fettle plan make")
    }

    private func hosts(_ survey: BaselineSurvey) -> Table {
        var table = Table([
            .init(title: "HOST"), .init(title: "ENVIRONMENT"), .init(title: "PLATFORM"), .init(title: "BASELINE"),
            .init(title: "TAKEN", alignsRight: true), .init(title: "WAIT", alignsRight: true),
            .init(title: "HELD", alignsRight: true), .init(title: "DENIED", alignsRight: true),
            .init(title: "PINNED", alignsRight: true), .init(title: "REMARK", shrinks: 1),
        ])
        for host in survey.hosts {
            func count(_ name: String) -> Table.Cell {
                .init("\(host.updates.count { $0.judgement.verdict.name == name })")
            }
            let others = host.ambiguousWith.joined(separator: ", ")
            let remark = host.undecided ?? (others.isEmpty ? "" : "\(others) fits as well: make one of them narrower")
            table.add(
                .init(host.resource.rawValue, .bold), .init(host.environment.rawValue), .init(host.platform ?? "?"),
                .init(host.baseline ?? "-"), count("taken"), count("waits"), count("held"), count("denied"),
                count("pinned"), .init(remark, .yellow))
        }
        return table
    }

    private func updates(_ survey: BaselineSurvey) -> Table {
        var table = Table([
            .init(title: "HOST"), .init(title: "SOURCE"), .init(title: "CLASS"), .init(title: "OFFERED", shrinks: 2),
            .init(title: "VERDICT"), .init(title: "WHY", shrinks: 1),
        ])
        for host in survey.hosts {
            for update in host.updates {
                table.add(
                    .init(host.resource.rawValue), .init(update.source, .bold), .init(update.updateClass.rawValue),
                    .init(update.offered),
                    .init(update.judgement.verdict.name, update.judgement.verdict == .taken ? .green : .yellow),
                    .init(update.judgement.reason))
            }
        }
        return table
    }
}

/// The rules of a baseline, a line each; what it does not say is not shown.
struct BaselineView {
    var baseline: Baseline

    func lines(in terminal: Terminal = .standard) -> String {
        var lines = [TextStyle.bold.apply(baseline.name, in: terminal)]
        func add(_ title: String, _ values: [String]) {
            if !values.isEmpty { lines.append("  \(title): \(values.joined(separator: ", ").printable)") }
        }
        add("platforms", baseline.platforms)
        add("environments", baseline.environments)
        add("least severity", baseline.minimumSeverity.map { [$0.rawValue] } ?? [])
        add("classes", Self.byClass(baseline.classRules ?? [:]) { $0.words })
        add("waits", Self.byClass(baseline.ageInDays) { "\($0) days" })
        add("only", baseline.allow ?? [])
        add("denied", baseline.deny)
        add("held", baseline.hold)
        add("pinned", baseline.pins.map(\.description))
        if let rolling = baseline.rolling {
            add("in small steps", rolling.packages + ["at most \(rolling.atMost) \(rolling.step.rawValue) at once"])
        }
        return lines.joined(separator: "\n")
    }

    private static func byClass<Value>(_ values: [UpdateClass: Value], _ words: (Value) -> String) -> [String] {
        UpdateClass.allCases.compactMap { item in values[item].map { "\(item.rawValue) \(words($0))" } }
    }
}
