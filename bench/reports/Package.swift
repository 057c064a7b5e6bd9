// swift-tools-version: 6.2
import PackageDescription

// A package of its own beside the root's, so that the benchmark needs none of its dependencies and burdens no other build.
// The sources are links to the one tree: the libraries, and of FettleControl what makes reports of values.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, exclude: ["README.md"], swiftSettings: strict)
}

let package = Package(
    name: "report-bench",
    platforms: [.macOS(.v15)],
    targets: [
        library("FettleVersions"),
        library("FettleModel"),
        library("FettleIndex", ["FettleModel", "FettleVersions"]),
        library("FettleSoftware", ["FettleModel", "FettleVersions"]),
        library("FettleAssessment", ["FettleModel", "FettleVersions", "FettleIndex", "FettleSoftware"]),
        library("FettleReporting", ["FettleModel"]),
        .target(name: "CLoading", exclude: ["README.md"]),
        .target(name: "CArchive", dependencies: ["CLoading"], exclude: ["README.md"]),
        library("FettleSpreadsheets", ["FettleModel", "FettleReporting", "FettleSoftware", "CArchive"]),
        .executableTarget(
            name: "report-bench",
            dependencies: ["FettleModel", "FettleAssessment", "FettleReporting", "FettleSpreadsheets"],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
