import FettleInventory
import FettleModel
import Testing

/// The names of a fleet that is not to be used.
@Suite struct FleetNamesTests {
    @Test func whatIsDeclaredIsKnownHoweverWrongItIs() {
        let names = FleetNames(
            parsing: """
                version: 7
                environments: [dev, {name: production, protected: perhaps}]
                resources:
                  - dev-1
                  - {id: "web-[1:3]", environment: moon, colour: red}
                groups:
                  - {id: web, members: [nobody], minimumAvailable: lots}
                """)
        #expect(names.environments == ["dev", "production"])
        #expect(names.resources == ["dev-1", "web-1", "web-2", "web-3"])
        #expect(names.groups == ["web"])
    }

    @Test func withoutTheKeyThereAreTheDefaultEnvironmentsAndNoGroups() {
        let names = FleetNames(parsing: "version: 1\nresources: [a]\n")
        #expect(names.environments == ["dev", "qa", "staging", "production"])
        #expect(names.groups == [])
    }

    /// Otherwise a name would be called unknown that is there, behind the mistake.
    @Test(arguments: [
        "resources: [a, {address: local}]", "resources: {a: b}", "resources: [a, \"web-[9:1]\"]", "resorces: [a]",
        "resources: [a", "[]", "",
    ])
    func whereNotAllCanBeToldNoneIsUnknown(text: String) {
        #expect(FleetNames(parsing: text).resources == nil)
    }

    @Test(arguments: ["environments: []", "environments:", "environments: [{protected: true}]", "enviroments: [a]"])
    func environmentsThatCannotBeToldAreNotTheDefaults(text: String) {
        #expect(FleetNames(parsing: text).environments == nil)
    }
}
