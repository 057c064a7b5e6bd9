import FettleDrivers
import FettleModel
import Testing

@testable import FettleInventory

/// What `fleet.yaml` may name as a driver is what there is: no more, which only a run would refuse, and no less.
@Suite struct DriverListTests {
    @Test func theReaderKnowsTheDriversThatThereAre() {
        #expect(
            Set(TrafficReader.drivers) == [
                HAProxyDrainDriver.name, NginxDrainDriver.name, KeepalivedDrainDriver.name, TargetGroupDrainDriver.name,
            ])
        #expect(
            MachineRulesReader.drivers == [
                EvacuationDriver.name, ProxmoxEvacuationDriver.name, NovaEvacuationDriver.name,
                VCenterEvacuationDriver.name,
            ])
        #expect(ImageMachinesReader.drivers == [ReplaceMachineDriver.name])
        #expect(SnapshotRulesReader.drivers == [SnapshotDriver.name])
    }

    @Test(arguments: TrafficReader.drivers)
    func eachTakesOutAndBringsBack(name: String) {
        let channels = LocalConnection()
        let drivers = BuiltInDrivers(channels: channels, inspector: ShellHostInspector(channels: channels))
        let traffic = TrafficBinding(driver: name, via: "lb-1", endpoint: "/x", backend: "web")
        #expect(drivers.driver(for: .drain(traffic: traffic)) != nil)
        #expect(drivers.driver(for: .restore(traffic: traffic)) != nil)
    }
}
