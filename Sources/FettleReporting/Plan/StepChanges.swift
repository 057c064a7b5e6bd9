public import FettleModel

/// One change of what runs on a resource.
public struct ResourceChange: Hashable, Sendable {
    public var resource: ResourceID
    /// An image counts as a package of the architecture `image`.
    public var change: PackageChange
}

extension Step {
    /// What it changes on which resources: packages, those that a cluster's controller changes on its members, or a whole image.
    public var resourceChanges: [ResourceChange] {
        switch action {
        case .changePackages(let transaction):
            transaction.changes.map { ResourceChange(resource: resource, change: $0) }
        case .upgradeThroughController(let upgrade):
            upgrade.members.flatMap { member in
                upgrade.transaction.changes.map { ResourceChange(resource: member, change: $0) }
            }
        case .replaceImage(let replacement):
            [
                ResourceChange(
                    resource: resource,
                    change: PackageChange(
                        name: replacement.image, architecture: "image", from: replacement.from, to: replacement.to))
            ]
        default: []
        }
    }
}
