import Testing
import FettleModel
@testable import FettleInventory
@Test func smoke() throws {
    let text = """
    version: 1
    defaults: {environment: dev}
    resources:
      - web-[1:3]
      - {id: lb-1, adress: x, id: lb-2}
    groups:
      - id: web
        members: [web-*]
        minimumAvailable: "75%"
        id: foo
        id: bar
    """
    do { print(try FleetFile.parse(text)) } catch { print(error) }
}
