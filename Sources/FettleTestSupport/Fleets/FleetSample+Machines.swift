public import FettleModel

/// Virtual machines that are made anew from an image of the catalogue.
extension FleetSample {
    /// Three web servers on two hypervisors.
    public static var machines: FleetSample {
        var builder = FleetBuilder()
        builder.host("hv-1", kind: .hypervisor)
        builder.host("hv-2", kind: .hypervisor)
        let members = ["web-1", "web-2", "web-3"].map { builder.host($0, kind: .virtualMachine) }
        builder.host("lb-1")
        builder.group(
            "web", members, minimum: .count(2),
            strategy: .replace(
                image: "web-base", maxUnavailable: .count(1), maxSurge: .count(0),
                machines: ImageMachines(
                    driver: "libvirt", images: "/srv/images", bakeSeconds: 120, keepSeconds: 3_600)),
            traffic: FleetBuilder.traffic("web"))
        var sample = FleetSample(fleet: builder.fleet, selected: Set(members))
        sample.put([machine(1), machine(2)], on: "hv-1", gibibytes: 32)
        sample.put([machine(3)], on: "hv-2", gibibytes: 32)
        return sample
    }

    /// The same three, patched where they are behind snapshots.
    public static var snapshots: FleetSample {
        var sample = machines
        sample.fleet.groups[0].strategy = .rolling(maxUnavailable: .count(1))
        sample.fleet.groups[0].snapshot = SnapshotRules(driver: "libvirt")
        return sample
    }

    private static func machine(_ number: Int) -> ResidentMachine {
        var machine = ResidentMachine.sample("web-\(number)", gibibytes: 2, isDeclared: true)
        machine.uuid = "00000000-0000-4000-8000-00000000000\(number)"
        machine.writableDisks = 1
        return machine
    }

    /// Two versions, of which the second has what is wanted and is promoted to production.
    public static var catalogue: [ImageStanding] {
        let (old, new) = (image(1, changes: [], parent: nil), image(2, changes: resolution.changes, parent: "image-1"))
        let notes = [("imagenote-1", old.id), ("imagenote-2", new.id)].enumerated().map { number, note in
            ImageNote(
                id: note.0, image: note.1, kind: .promoted, stage: "production", text: "", by: "alice",
                at: FactSample.now.adding(seconds: number - 10))
        }
        return [old, new].map { ImageStanding($0, notes: notes) }
    }

    public static func image(_ number: Int, changes: [PackageChange], parent: ImageID?) -> ImageRecord {
        let digest = Digest(rawValue: String(repeating: "\(number)", count: 64))
        return ImageRecord(
            id: ImageID("image-\(number)"), name: "web-base", path: "/images/\(number).qcow2", digest: digest,
            source: digest, parent: parent, bill: digest, signer: digest, platform: "debian:12", packages: 100,
            changes: changes, isBootTested: true, addedBy: "alice", addedAt: FactSample.now.adding(seconds: -100))
    }
}
