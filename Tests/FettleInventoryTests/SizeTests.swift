import FettleInventory
import FettleModel
import Testing

@Suite("Large inventories")
struct SizeTests {
    /// Twenty thousand hosts with labels, in hundreds of groups.
    @Test func aLargeFleetIsReadInSeconds() throws {
        var text = "version: 1\nresources:\n"
        for number in 0..<20_000 {
            text +=
                "  - {id: host-\(number), address: \"ssh://ops@10.\(number / 65_536).\(number / 256 % 256).\(number % 256)\","
            text += " environment: production, criticality: high, labels: {pool: p\(number % 400), site: berlin}}\n"
        }
        text += "groups:\n"
        for number in 0..<400 { text += "  - {id: p\(number), select: {labels: {pool: p\(number)}}}\n" }
        var fleet: Fleet?
        let time = try ContinuousClock().measure { fleet = try FleetFile.parse(text).fleet }
        print("20,000 hosts in \(time)")
        #expect(fleet?.resources.count == 20_000)
        #expect(fleet?.group("p7")?.members.count == 50)
        // A debug build on a busy machine.
        #expect(time < .seconds(120))
    }
}
