import FettleInventory
import FettleModel
import Testing

@Suite("Large inventories")
struct SizeTests {
    /// Thousands of hosts with labels, in hundreds of groups. How long it takes, no test can tell
    /// on a busy machine: it ends, and nothing is lost.
    @Test func aLargeFleetIsReadWhole() throws {
        var text = "version: 1\nresources:\n"
        for number in 0..<4_000 {
            text +=
                "  - {id: host-\(number), address: \"ssh://ops@10.\(number / 65_536).\(number / 256 % 256).\(number % 256)\","
            text += " environment: production, criticality: high, labels: {pool: p\(number % 400), site: berlin}}\n"
        }
        text += "groups:\n"
        for number in 0..<400 { text += "  - {id: p\(number), select: {labels: {pool: p\(number)}}}\n" }
        let fleet = try FleetFile.parse(text).fleet
        #expect(fleet.resources.count == 4_000)
        #expect(fleet.groups.count == 400)
        #expect(fleet.groups.allSatisfy { $0.members.count == 10 })
    }
}
