// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// What the simulator plays through, thousands of times in one test: without the optimiser four fifths of all that the tests compute goes
/// into copies. Nothing else is lost by it, since no check of ours is left out of an optimised build.
let played: [SwiftSetting] = strict + [.unsafeFlags(["-O"], .when(configuration: .debug))]

/// A library target with the house's settings. Its folder's README.md says what belongs in it.
func library(
    _ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource]? = nil,
    alsoExcluding others: [String] = [], settings: [SwiftSetting] = strict
) -> Target {
    .target(
        name: name, dependencies: dependencies, exclude: ["README.md"] + others, resources: resources,
        swiftSettings: settings)
}

/// A target in C, with what Swift cannot say.
func shim(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, exclude: ["README.md"])
}

func tests(
    _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [], resources: [Resource]? = nil
) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, exclude: exclude, resources: resources, swiftSettings: strict)
}

let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let jwtKit: Target.Dependency = .product(name: "JWTKit", package: "jwt-kit")
let nio: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioHTTP: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "fettle",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "fettle", targets: ["fettle"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        // The layers, from the bottom up. CI builds with
        // `--explicit-target-dependency-import-check error`, so an import that is not listed here fails.
        library("FettleVersions"),
        library("FettleStatistics", settings: played),
        library("FettleModel", settings: played),
        library("FettleDriverKit", ["FettleModel", logging]),
        library("FettleStore", ["FettleModel"]),
        library("FettleEvidence", ["FettleModel", "FettleStore", crypto]),
        library("FettleIdentity", ["FettleModel", jwtKit]),
        library("FettleChecking", ["FettleModel"], settings: played),
        library("FettleJudgement", ["FettleModel", "FettleStatistics"]),

        library(
            "FettleInventory", ["FettleModel", "FettleDriverKit", yams],
            resources: ["fleet", "policy", "feeds", "problems"].map { .embedInCode("Resources/\($0).schema.json") }),
        library("FettleIndex", ["FettleModel", "FettleVersions"]),
        library("FettleAssessment", ["FettleModel", "FettleVersions", "FettleIndex", "FettleSoftware"]),
        library("FettlePlanning", ["FettleModel", "FettleVersions"], settings: played),
        library(
            "FettleExecution", ["FettleModel", "FettleDriverKit", "FettleStore", logging], settings: played),
        library("FettleReporting", ["FettleModel"]),
        library("FettleSpreadsheets", ["FettleModel", "FettleReporting", "FettleSoftware", "CArchive"]),

        library(
            "FettleControl",
            [
                "FettleModel", "FettleDriverKit", "FettleStore", "FettleChecking", "FettleInventory",
                "FettleAssessment", "FettleIndex", "FettlePlanning", "FettleExecution", "FettleReporting",
                "FettleSoftware", "FettleEvidence", crypto, logging,
            ],
            resources: ["facts", "findings", "selection", "plan", "journal", "report"].map {
                .embedInCode("Schemas/\($0).schema.json")
            }),
        library("FettleServer", ["FettleModel", "FettleControl", "FettleReporting", hummingbird, logging]),
        library(
            "FettleCommands",
            [
                "FettleModel", "FettleVersions", "FettleDriverKit", "FettleStore", "FettleInventory",
                "FettleAssessment", "FettlePlanning", "FettleChecking", "FettleExecution", "FettleReporting",
                "FettleControl", "FettleServer", "FettleDrivers", "FettleDatabase", "FettleSimulation",
                "FettleIndex", "FettleFeeds", "FettleFeedSync", "FettleSoftware", "FettleEvidence", "FettleMessaging",
                "FettleIdentity", "FettleSpreadsheets", "FettleImages",
                arguments, logging,
            ]),
        .executableTarget(
            name: "fettle", dependencies: ["FettleCommands"], exclude: ["README.md"], swiftSettings: strict),

        // Beside the layers.
        library(
            "FettleDrivers", ["FettleModel", "FettleDriverKit", "FettleJudgement", logging],
            alsoExcluding: ["HAProxy/README.md", "Packages/README.md", "Probes/README.md", "RpmPackages/README.md"]),
        shim("CLoading"),
        shim("CArchive", ["CLoading"]),
        library(
            "FettleFeeds",
            ["FettleModel", "FettleVersions", "FettleIndex", "FettleSoftware", "CArchive", yams]),
        library("FettleSoftware", ["FettleModel", "FettleVersions"]),
        library(
            "FettleImages", ["FettleModel", "FettleEvidence", "FettleSoftware", crypto],
            resources: ["common", "guard", "leash", "patch", "boot", "fill", "pour"].map {
                .embedInCode("Scripts/\($0).sh")
            }),
        library("FettleFeedSync", ["FettleModel", "CArchive", crypto, httpClient, nio, nioHTTP, nioSSL, logging]),
        library(
            "FettleMessaging", ["FettleModel", crypto, httpClient, nio, nioHTTP, nioSSL]),
        shim("CLibPQ", ["CLoading"]),
        library("FettleDatabase", ["FettleModel", "FettleStore", "FettleEvidence", "CLibPQ", grdb]),
        library(
            "FettleSimulation",
            ["FettleModel", "FettleStore", "FettleChecking", "FettleExecution"], settings: played),
        library(
            "FettleTestSupport",
            ["FettleModel", "FettleDriverKit", "FettleStore", "FettleEvidence"]),

        tests("FettleVersionsTests", ["FettleVersions", "FettleTestSupport"]),
        tests("FettleStatisticsTests", ["FettleStatistics"], exclude: ["Fixtures", "reference.py"]),
        tests("FettleModelTests", ["FettleModel"]),
        tests("FettleEvidenceTests", ["FettleEvidence", "FettleStore", "FettleModel", "FettleTestSupport"]),
        tests("FettleImagesTests", ["FettleImages", "FettleEvidence", "FettleSoftware", "FettleModel"]),
        tests("FettleIdentityTests", ["FettleIdentity", "FettleModel", jwtKit]),
        tests("FettleJudgementTests", ["FettleJudgement", "FettleModel"]),
        tests(
            "FettleInventoryTests",
            ["FettleInventory", "FettleDriverKit", "FettleModel", "FettleTestSupport"]),
        tests("FettleIndexTests", ["FettleIndex", "FettleVersions", "FettleModel"]),
        tests(
            "FettleFeedsTests",
            [
                "FettleFeeds", "FettleIndex", "FettleSoftware", "FettleVersions", "FettleModel", "CLoading",
                "FettleTestSupport",
            ]),
        tests("FettleSoftwareTests", ["FettleSoftware", "FettleVersions", "FettleModel", "FettleTestSupport"]),
        tests(
            "FettleAssessmentTests",
            [
                "FettleAssessment", "FettleFeeds", "FettleIndex", "FettleSoftware", "FettleVersions", "FettleModel",
                "FettleTestSupport",
            ]),
        tests("FettleFeedSyncTests", ["FettleFeedSync", "FettleModel", nio, nioHTTP, nioPosix, nioSSL]),
        tests("FettleMessagingTests", ["FettleMessaging", "FettleModel", crypto, nio, nioPosix]),
        tests(
            "FettlePlanningTests",
            ["FettlePlanning", "FettleChecking", "FettleVersions", "FettleModel", "FettleTestSupport"],
            exclude: ["Goldens"]),
        tests("FettleCheckingTests", ["FettleChecking", "FettleModel", "FettleTestSupport"]),
        tests(
            "FettleExecutionTests",
            [
                "FettleExecution", "FettleEvidence", "FettleModel", "FettleStore", "FettleDriverKit",
                "FettleTestSupport",
            ]),
        tests(
            "FettleReportingTests",
            ["FettleReporting", "FettleSpreadsheets", "FettleModel", "FettleTestSupport"], exclude: ["Goldens"]),
        tests(
            "FettleSpreadsheetsTests", ["FettleSpreadsheets", "FettleReporting", "FettleModel"], exclude: ["Fixtures"]),
        tests(
            "FettleDriversTests",
            [
                "FettleDrivers", "FettleDriverKit", "FettleInventory", "FettleJudgement", "FettlePlanning",
                "FettleChecking", "FettleModel", "FettleTestSupport",
            ]),
        tests(
            "FettleDatabaseTests",
            [
                "FettleDatabase", "FettleEvidence", "FettleExecution", "FettleDriverKit", "FettleStore", "FettleModel",
                "FettleTestSupport", grdb,
            ], exclude: ["Fixtures"]),
        tests(
            "FettleSimulationTests",
            [
                "FettleSimulation", "FettleExecution", "FettlePlanning", "FettleChecking", "FettleStore",
                "FettleModel", "FettleTestSupport",
            ]),
        tests(
            "FettleControlTests",
            [
                "FettleControl", "FettleModel", "FettleStore", "FettleDriverKit", "FettleTestSupport",
                "FettleExecution", "FettleSimulation", "FettleAssessment", "FettleSoftware", "FettlePlanning",
                "FettleReporting", "FettleEvidence",
            ], exclude: ["Goldens"]),
        tests(
            "FettleServerTests",
            ["FettleServer", "FettleControl", "FettleReporting", "FettleModel", "FettleTestSupport"]),
        tests(
            "FettleCommandsTests",
            [
                "FettleCommands", "FettleControl", "FettleDatabase", "FettleInventory", "FettleSimulation",
                "FettleStore", "FettleEvidence", "FettleImages", "FettleSoftware", "FettleDrivers", "FettleDriverKit",
                "FettleModel", "FettleVersions", "FettleAssessment", "FettleFeeds", "FettleFeedSync", "FettleIndex",
                "FettleReporting", "FettleTestSupport",
                arguments, jwtKit,
            ]),
        tests(
            "FettleLabTests",
            [
                "FettleControl", "FettleDrivers", "FettleDriverKit", "FettleDatabase", "FettleStore",
                "FettleExecution", "FettleInventory", "FettleModel", "FettleTestSupport",
            ]),
    ],
    swiftLanguageModes: [.v6]
)
