import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

/// Members of a group that would come out at different versions are told before anybody approves.
@Suite struct PlannedLevelsTests {
    private func sample(_ edit: (inout FleetSample) -> Void = { _ in }) -> FleetSample {
        var sample = FleetSample.threeWebServers
        edit(&sample)
        return sample
    }

    @Test func whereAllGoToOneVersionNothingIsTold() throws {
        let sample = sample()
        #expect(PlannedLevels.warnings(try sample.plan(), facts: sample.facts) == [])
    }

    @Test func whoGoesWhereIsTold() throws {
        let sample = sample { sample in
            for place in sample.selection.hosts[1].resolution.changes.indices {
                sample.selection.hosts[1].resolution.changes[place].to = "3.0.21-1~deb12u1"
            }
        }
        let warnings = PlannedLevels.warnings(try sample.plan(), facts: sample.facts)
        #expect(warnings.count == 2)
        #expect(
            warnings.last?.hasPrefix(
                "group web: openssl goes to 3.0.21-1~deb12u1 on web-2 and to \(FleetSample.newVersion) on web-1, web-3")
                == true,
            "\(warnings)")
    }

    @Test func otherPlatformsAreNotComparedWith() throws {
        let sample = sample { sample in
            for place in sample.selection.hosts[1].resolution.changes.indices {
                sample.selection.hosts[1].resolution.changes[place].to = "3.0.21-1~deb12u1"
            }
            for place in sample.facts.hosts.indices where sample.facts.hosts[place].resource == "web-2" {
                guard var platform = sample.facts.hosts[place].platform.value else { continue }
                platform.version = "11"
                sample.facts.hosts[place].platform = .observed(platform)
            }
        }
        #expect(PlannedLevels.warnings(try sample.plan(), facts: sample.facts) == [])
    }
}
