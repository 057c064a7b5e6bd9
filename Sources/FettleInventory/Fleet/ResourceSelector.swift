internal import FettleModel

/// What `select` asks of a resource: all of it must hold; of several values one must. Values may be globs.
struct ResourceSelector {
    private var environment: [Glob]?
    private var kind: [Glob]?
    private var owner: [Glob]?
    private var failureDomain: [Glob]?
    private var labels: [String: [Glob]] = [:]

    static let keys = ["environment", "kind", "owner", "failureDomain", "labels"]

    init(_ value: YAMLValue, _ environments: [Environment], _ reading: Reading) {
        guard let fields = Fields(value, of: "'select'", keys: Self.keys, reading) else { return }
        if value.mapping?.isEmpty == true {
            reading.problem(
                "'select' asks for nothing", at: value.place, hint: "'members: [\"*\"]' takes every resource")
        }
        environment = fields["environment"].map {
            Self.globs($0, "the environment", known: environments.map(\.id.rawValue), reading)
        }
        kind = fields["kind"].map { Self.globs($0, "the kind", known: Resource.Kind.allCases.map(\.rawValue), reading) }
        owner = fields["owner"].map { Self.globs($0, "the owner", known: nil, reading) }
        failureDomain = fields["failureDomain"].map { Self.globs($0, "the failure domain", known: nil, reading) }
        guard let value = fields["labels"] else { return }
        guard let entries = value.mapping else {
            reading.problem(
                "labels must be a mapping, but it is \(value.kindInWords)", at: value.place, hint: "such as {role: web}"
            )
            return
        }
        for entry in entries {
            guard NameRule.isLabelKey(entry.key) else {
                reading.problem(
                    "\(entry.key.quoted) cannot be the key of a label", at: entry.keyPlace, hint: NameRule.inWords)
                continue
            }
            labels[entry.key] = Self.globs(entry.value, "the label \(entry.key.quoted)", known: nil, reading)
        }
    }

    func matches(_ resource: Resource) -> Bool {
        func any(_ globs: [Glob]?, _ text: String?) -> Bool {
            guard let globs else { return true }
            guard let text else { return false }
            return globs.contains { $0.matches(text) }
        }
        return any(environment, resource.environment.rawValue) && any(kind, resource.kind.rawValue)
            && any(owner, resource.owner) && any(failureDomain, resource.failureDomain)
            && labels.allSatisfy { any($0.value, resource.labels[$0.key]) }
    }

    /// One value or a list of them.
    private static func globs(_ value: YAMLValue, _ name: String, known: [String]?, _ reading: Reading) -> [Glob] {
        let items = value.sequence ?? [value]
        if items.isEmpty { reading.problem("no value for \(name)", at: value.place) }
        return items.compactMap { item in
            var item = item
            // Labels may be declared as numbers, and so must be asked for as numbers.
            if known == nil, let scalar = item.scalar, scalar.kind != .null {
                item.content = .scalar(YAMLScalar(text: scalar.text, isPlain: false))
            }
            guard let text = reading.text(item, name) else { return nil }
            if let known, !Glob.isPattern(text), !known.contains(text) {
                let noun = name.replacing("the ", with: "")
                reading.problem(
                    "unknown \(noun) \(text.quoted)", at: item.place,
                    hint: Suggestion.hint(for: text, in: known, otherwise: "one of"))
            }
            return Glob(text)
        }
    }
}
