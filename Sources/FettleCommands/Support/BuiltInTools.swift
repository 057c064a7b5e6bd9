import FettleControl
import FettleDriverKit
import FettleDrivers
import FettleModel

/// Where drivers are wired to the use cases.
enum BuiltInTools {
    /// - Parameters:
    ///   - secrets: keeps them out of what is written down.
    ///   - reader: reads those that the fleet names as the way into a product's API.
    static func make(
        channels: HostConnections, parallel: Int, secrets: SecretMask, reader: SecretReader
    ) -> Tools {
        let inspector = ShellHostInspector(channels: channels)
        let read: SecretReading = { source throws(StepFailure) in
            do throws(SecretTrouble) { return try reader.read(source) } catch {
                throw StepFailure(code: .refused, message: error.message)
            }
        }
        let drivers = BuiltInDrivers(channels: channels, inspector: inspector, secrets: read)
        let (proxmox, openstack) = (ProxmoxFacts(secrets: read), NovaFacts(secrets: read))
        let vcenter = VCenterFacts(secrets: read)
        return Tools(
            inspector: inspector, resolver: ShellUpdateResolver(channels: channels),
            refreshLists: { resource, address throws(StepFailure) in
                try await PackageListRefresher(channels: channels).refresh(resource, at: address)
            },
            machines: { group, addresses, asked in
                // Each tells of pools that name it, and of no other.
                await proxmox.machines(of: group, at: addresses, asked: asked)
                    .merging(await openstack.machines(of: group, asked: asked)) { first, _ in first }
                    .merging(await vcenter.machines(of: group, asked: asked)) { first, _ in first }
            },
            roles: { group, addresses in await PatroniRoles().roles(of: group, at: addresses) },
            reach: { address in _ = try? await channels.channel(to: address) },
            foresee: { resource, address in await inspector.foresee(resource, at: address) },
            drivers: drivers, observer: drivers.health, secrets: secrets, parallel: parallel)
    }
}
