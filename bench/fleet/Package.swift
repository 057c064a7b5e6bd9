// swift-tools-version: 6.2
import PackageDescription

// A package of its own beside the root's, so that the benchmark needs none of its dependencies and burdens no other build.
// The sources of the libraries are links to the one tree.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, exclude: ["README.md"], swiftSettings: strict)
}

let package = Package(
    name: "fleet-bench",
    platforms: [.macOS(.v15)],
    targets: [
        library("FettleVersions"),
        library("FettleModel"),
        library("FettleIndex", ["FettleModel", "FettleVersions"]),
        library("FettleSoftware", ["FettleModel", "FettleVersions"]),
        library("FettleAssessment", ["FettleModel", "FettleVersions", "FettleIndex", "FettleSoftware"]),
        .executableTarget(
            name: "fleet-bench",
            dependencies: ["FettleModel", "FettleVersions", "FettleIndex", "FettleSoftware", "FettleAssessment"],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
