public import FettleModel
public import FettlePlanning

extension PatchFilter {
    /// Nothing to do on nobody is no good news: a name in the wrong place, or an environment that has no host yet.
    ///
    /// - Throws: `invalid` where environments, groups and resources are named and no resource of the fleet is meant by all of them.
    public func requireSomebody(in fleet: Fleet) throws(ControlError) {
        let names = [
            ("in environment", environments.map(\.rawValue)), ("in group", groups.map(\.rawValue)),
            ("called", resources.map(\.rawValue)),
        ].filter { !$0.1.isEmpty }
        guard !names.isEmpty, !fleet.resources.contains(where: { includes($0, in: fleet) }) else { return }
        let scope = names.map { "\($0) \($1.joined(separator: " or "))" }.joined(separator: " and ")
        throw ControlError(
            .invalid, "no resource of the fleet is \(scope)", hint: "`fettle inventory show` lists what is where")
    }
}
