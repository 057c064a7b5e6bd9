import FettleControl
import FettleDriverKit
import FettleDrivers
import FettleModel

/// Where drivers are wired to the use cases.
enum BuiltInTools {
    static func make(channels: HostConnections, parallel: Int, secrets: SecretMask) -> Tools {
        let inspector = ShellHostInspector(channels: channels)
        let drivers = BuiltInDrivers(channels: channels, inspector: inspector)
        return Tools(
            inspector: inspector, resolver: ShellUpdateResolver(channels: channels),
            refreshLists: { resource, address throws(StepFailure) in
                try await PackageListRefresher(channels: channels).refresh(resource, at: address)
            },
            reach: { address in _ = try? await channels.channel(to: address) },
            foresee: { resource, address in await inspector.foresee(resource, at: address) },
            drivers: drivers, observer: drivers.health, secrets: secrets, parallel: parallel)
    }
}
