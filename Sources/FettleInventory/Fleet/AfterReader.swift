internal import FettleModel

/// Reads `after` of resources, when all of them are known: ids, ranges and globs of others, or selectors of them.
///
/// What a glob or a selector finds is taken from the resource's own environment, unless the selector names one: the web servers of
/// qa wait for qa's databases.
struct AfterReader {
    let reading: Reading
    let environments: [Environment]
    let resources: DeclaredResources
    private let all: [Resource]
    private let ids: [String]

    /// One resource waits for so many at most, and all together: beyond that tiers, groups and rules of order say it in a line.
    static let limit = 1_000
    static let totalLimit = 1_000_000

    /// The `after` of one item, and the resources that it stands for.
    struct Declared {
        var ids: [ResourceID]
        var value: YAMLValue
    }

    private struct Item {
        var place: Place
        /// What it names by itself.
        var named: Set<ResourceID> = []
        /// What a pattern finds.
        var found: [Resource] = []
        var isInOwnEnvironment = true
    }

    init(reading: Reading, environments: [Environment], resources: DeclaredResources) {
        self.reading = reading
        self.environments = environments
        self.resources = resources
        all = resources.sorted
        ids = all.map(\.id.rawValue)
    }

    /// By resource, whom it comes after; sorted. Without those that come after nobody.
    func read(_ declarations: [Declared]) -> [ResourceID: [ResourceID]] {
        var result: [ResourceID: [ResourceID]] = [:]
        var nodes: [AfterCycles.Node] = []
        var total = 0
        for declared in declarations {
            let items = (reading.list(declared.value, "after", limit: Self.limit) ?? []).compactMap(item)
            // Those that one item of the file stands for share an environment, and with it nearly all.
            var shared: (environment: EnvironmentID, earlier: [ResourceID], places: [(id: String, place: Place)])?
            for resource in declared.ids.compactMap({ resources[$0.rawValue] }) {
                tellItself(resource, items)
                if shared?.environment != resource.environment {
                    let places = earlier(items, than: resource)
                    let ids = places.keys.sorted()
                    shared = (resource.environment, ids, ids.map { ($0.rawValue, places[$0] ?? declared.value.place) })
                }
                guard let shared else { continue }
                let isAmong = shared.earlier.contains(resource.id)
                let earlier = isAmong ? shared.earlier.filter { $0 != resource.id } : shared.earlier
                guard isWithinLimits(earlier.count, of: resource.id, &total, at: declared.value.place) else {
                    return result
                }
                guard !earlier.isEmpty else { continue }
                result[resource.id] = earlier
                nodes.append(
                    AfterCycles.Node(
                        id: resource.id.rawValue,
                        after: isAmong ? shared.places.filter { $0.id != resource.id.rawValue } : shared.places))
            }
        }
        AfterCycles(reading: reading, what: "resources").tell(nodes)
        return result
    }

    private func isWithinLimits(_ count: Int, of id: ResourceID, _ total: inout Int, at place: Place) -> Bool {
        total += count
        let hint = "'tiers', 'after' of groups, or a rule in 'order' of the policy says it in a line"
        if count > Self.limit {
            reading.problem(
                "\(id.rawValue.quoted) would come after \(count) resources; at most \(Self.limit)", at: place,
                hint: hint)
        } else if total > Self.totalLimit {
            reading.problem("more than \(Self.totalLimit) pairs of resources in 'after'", at: place, hint: hint)
        }
        return count <= Self.limit && total <= Self.totalLimit
    }

    // MARK: One item

    private func item(_ value: YAMLValue) -> Item? {
        var item = Item(place: value.place)
        if value.mapping != nil {
            let selector = SelectorReader(reading: reading, environments: environments).select(
                value, "an item of 'after'")
            let matcher = selector.matcher
            item.found = all.filter { matcher.matches($0) }
            item.isInOwnEnvironment = selector.environments == nil
            if item.found.isEmpty { reading.warning("this item of 'after' selects no resource", at: value.place) }
            return item
        }
        guard let text = reading.text(value, "an item of 'after'", limit: 512) else { return nil }
        let names: [String]
        do { names = try RangePattern(text).expanded } catch {
            reading.problem(error.message, at: value.place)
            return nil
        }
        for name in names {
            if Glob.isPattern(name) {
                let glob = Glob(name)
                let found = all.filter { glob.matches($0.id.rawValue) }
                if found.isEmpty { reading.warning("\(name.quoted) matches no resource", at: value.place) }
                item.found += found
            } else if let resource = resources[name] {
                item.named.insert(resource.id)
            } else {
                reading.problem(
                    "unknown resource \(name.quoted) in 'after'", at: value.place,
                    hint: Suggestion.hint(for: name, in: ids, otherwise: "known resources"))
            }
        }
        return item
    }

    // MARK: One resource

    private func tellItself(_ resource: Resource, _ items: [Item]) {
        for item in items where item.named.contains(resource.id) {
            reading.problem(
                "\(resource.id.rawValue.quoted) cannot come after itself", at: item.place,
                hint: "a glob or a selector leaves it out by itself")
        }
    }

    /// Itself may be among them.
    private func earlier(_ items: [Item], than resource: Resource) -> [ResourceID: Place] {
        var earlier: [ResourceID: Place] = [:]
        let ranks = Dictionary(environments.enumerated().map { ($1.id, $0) }) { first, _ in first }
        for item in items {
            let found = item.found.filter { !item.isInOwnEnvironment || $0.environment == resource.environment }
            for id in item.named.union(found.map(\.id)).sorted() {
                checkEnvironments(resource, after: id, ranks, at: item.place)
                earlier[id] = earlier[id] ?? item.place
            }
        }
        return earlier
    }

    /// Environments are patched in their order: who waits for a later one would never have its turn.
    private func checkEnvironments(
        _ resource: Resource, after id: ResourceID, _ ranks: [EnvironmentID: Int], at place: Place
    ) {
        guard let other = resources[id.rawValue]?.environment, other != resource.environment,
            let own = ranks[resource.environment], let others = ranks[other], own < others
        else { return }
        reading.problem(
            "\(resource.id.rawValue.quoted) of \(resource.environment) cannot come after \(id.rawValue.quoted) of \(other)",
            at: place, hint: "environments are patched in their order, \(resource.environment) before \(other)")
    }
}
