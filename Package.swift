// swift-tools-version: 6.1
import PackageDescription

let algorithms: Target.Dependency = .product(name: "Algorithms", package: "swift-algorithms")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let bits: Target.Dependency = .product(name: "BitCollections", package: "swift-collections")
let bigInt: Target.Dependency = .product(name: "BigInt", package: "BigInt")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let heap: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

let package = Package(
    name: "t2",
    products: [
        .executable(name: "t2-coord", targets: ["t2-coord"]),
        .executable(name: "t2-worker", targets: ["t2-worker"]),
        .executable(name: "t2", targets: ["t2"]),
        .executable(name: "t2-bench", targets: ["t2-bench"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-algorithms", from: "1.2.1"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/attaswift/BigInt", from: "6.0.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // C libraries of the system, and our own kernels.
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CLAPACKE", providers: [.apt(["liblapacke-dev"])]),
        .systemLibrary(name: "CUTF8Proc", providers: [.apt(["libutf8proc-dev"])]),
        .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CKernels", cSettings: [.unsafeFlags(["-O3", "-fno-math-errno"])]),
        .target(name: "COneDNN", cxxSettings: [.unsafeFlags(["-O2"])], linkerSettings: [.linkedLibrary("dnnl")]),
        // Records the commit that T2Version shows.
        .plugin(
            name: "RecordCommit", capability: .buildTool(), path: "Sources/RecordCommit", exclude: ["record_commit"]),

        // A target imports only from rows above it; the coordinator never links the model.
        // Row 1
        .target(name: "T2Core", dependencies: [crypto]),
        .target(name: "T2Version", plugins: ["RecordCommit"]),

        // Row 2
        .target(name: "T2Formats", dependencies: ["T2Core"]),
        .target(name: "T2Jinja"),
        .target(name: "T2Verifiers", dependencies: ["T2Core", bigInt]),
        .target(
            name: "T2Sandbox", dependencies: ["T2Core"],
            resources: [
                // The parts of the one program that SandboxCommand starts.
                .embedInCode("Python/program_exchange.py"), .embedInCode("Python/program_remote.py"),
                .embedInCode("Python/program_tests.py"), .embedInCode("Python/program_runner.py"),
            ]),

        // Row 3
        .target(
            name: "T2Numerics",
            dependencies: ["T2Core", "T2Formats", "CKernels", "COneDNN", "COpenBLAS", "CLAPACKE"]),
        .target(name: "T2Text", dependencies: ["T2Core", "T2Formats", "T2Jinja", "CUTF8Proc", heap]),
        .target(
            name: "T2Tasks", dependencies: ["T2Core", "T2Formats", "T2Verifiers", "T2Sandbox", "CZlib", yams],
            exclude: ["README.md"]),
        .target(
            name: "T2Transport", dependencies: ["T2Core", "T2Formats", "CZeroMQ", "CZlib", deque],
            exclude: ["README.md"]),
        .target(name: "T2Learning", dependencies: ["T2Core", "T2Formats"]),

        // Row 4
        .target(name: "T2Model", dependencies: ["T2Core", "T2Formats", "T2Numerics", "CKernels", algorithms]),
        .target(
            name: "T2Jobs",
            dependencies: [
                "T2Core", "T2Formats", "T2Text", "T2Verifiers", "T2Sandbox", "T2Tasks", "T2Learning", "T2Transport",
                algorithms, yams,
            ],
            exclude: ["README.md"]),

        // Row 5
        .target(
            name: "T2Engine",
            dependencies: [
                "T2Core", "T2Formats", "T2Numerics", "T2Text", "T2Verifiers", "T2Tasks", "T2Learning", "T2Model",
                "CKernels", algorithms,
            ]),
        .target(
            name: "T2Coordinator",
            dependencies: [
                "T2Core", "T2Formats", "T2Sandbox", "T2Tasks", "T2Transport", "T2Learning", "T2Jobs", algorithms,
                bits, grdb, heap, logging,
            ]),
        .target(
            name: "T2Report", dependencies: ["T2Core", "T2Formats", "T2Text", "T2Tasks", "T2Learning", "T2Jobs"]),

        // Row 6
        .target(
            name: "T2Worker", dependencies: ["T2Core", "T2Formats", "T2Numerics", "T2Transport", "T2Engine", logging]),
        .target(
            name: "T2CommandLine",
            dependencies: [
                "T2Core", "T2Formats", "T2Text", "T2Sandbox", "T2Tasks", "T2Learning", "T2Jobs", "T2Report",
                argumentParser, logging,
            ]),
        .target(
            name: "T2Monitor",
            dependencies: ["T2Core", "T2Formats", "T2Jobs", "T2Coordinator", hummingbird, hummingbirdCore, logging],
            exclude: ["README.md", "page.png"],
            resources: [
                .embedInCode("Page/page.html"), .embedInCode("Page/page.js"), .embedInCode("Page/page.css"),
            ]),

        // Row 7
        .executableTarget(
            name: "t2-coord",
            dependencies: [
                "T2Core", "T2Formats", "T2Numerics", "T2Text", "T2Sandbox", "T2Tasks", "T2Transport", "T2Learning",
                "T2Jobs", "T2Coordinator", "T2Monitor", "T2CommandLine", "T2Version", argumentParser, logging,
            ]),
        .executableTarget(
            name: "t2-worker",
            dependencies: [
                "T2Core", "T2Formats", "T2Numerics", "T2Text", "T2Sandbox", "T2Tasks", "T2Transport", "T2Model",
                "T2Engine", "T2Worker", "T2CommandLine", "T2Version", argumentParser, logging,
            ]),
        .executableTarget(
            name: "t2",
            dependencies: [
                "T2Core", "T2Formats", "T2Numerics", "T2Text", "T2Verifiers", "T2Sandbox", "T2Tasks", "T2Transport",
                "T2Learning", "T2Model", "T2Engine", "T2Worker", "T2Jobs", "T2Coordinator", "T2CommandLine",
                "T2Version", argumentParser, logging,
            ]),
        .executableTarget(
            name: "t2-bench",
            dependencies: [
                "T2Core", "T2Formats", "T2Numerics", "T2Verifiers", "T2Sandbox", "T2Tasks", "T2Transport", "T2Learning",
                "T2Text", "T2Model", "T2Engine", "T2Jobs", "T2Coordinator", "T2CommandLine", "T2Version", "CKernels",
                "CZeroMQ", argumentParser, heap,
            ]),

        // Tests, and what several of them use.
        .target(
            name: "T2TestSupport",
            dependencies: [
                "T2Core", "T2Formats", "T2Numerics", "T2Text", "T2Tasks", "T2Transport", "T2Model", "T2Engine",
                "T2Learning", "T2Jobs", "T2Verifiers",
            ], path: "Tests/T2TestSupport", resources: [.copy("Fixtures")]),
        .testTarget(name: "T2CoreTests", dependencies: ["T2Core", "T2TestSupport"]),
        .testTarget(name: "T2FormatsTests", dependencies: ["T2Core", "T2Formats", "T2TestSupport"]),
        .testTarget(name: "T2NumericsTests", dependencies: ["T2Core", "T2Formats", "T2Numerics", "CKernels"]),
        .testTarget(name: "T2JinjaTests", dependencies: ["T2Jinja"], resources: [.copy("Fixtures")]),
        .testTarget(
            name: "T2TextTests", dependencies: ["T2Core", "T2Formats", "T2Text", "T2TestSupport"],
            resources: [.copy("Fixtures")]),
        .testTarget(name: "T2VerifiersTests", dependencies: ["T2Core", "T2Verifiers", "T2TestSupport", bigInt]),
        .testTarget(name: "T2SandboxTests", dependencies: ["T2Core", "T2Formats", "T2Sandbox", "T2TestSupport"]),
        .testTarget(
            name: "T2TasksTests",
            dependencies: ["T2Core", "T2Formats", "T2Verifiers", "T2Sandbox", "T2Tasks", "T2TestSupport"]),
        .testTarget(
            name: "T2TransportTests", dependencies: ["T2Core", "T2Transport", "T2TestSupport", "CZeroMQ", "CZlib"]),
        .testTarget(
            name: "T2ModelTests", dependencies: ["T2Core", "T2Formats", "T2Numerics", "T2Model", "T2TestSupport"]),
        .testTarget(
            name: "T2LearningTests", dependencies: ["T2Core", "T2Formats", "T2Learning", "T2Engine", "T2TestSupport"],
            resources: [.copy("Fixtures")]),
        .testTarget(
            name: "T2EngineTests",
            dependencies: [
                "T2Core", "T2Formats", "T2Numerics", "T2Text", "T2Verifiers", "T2Tasks", "T2Learning", "T2Model",
                "T2Engine", "T2TestSupport",
            ]),
        .testTarget(
            name: "T2JobsTests",
            dependencies: [
                "T2Core", "T2Formats", "T2Text", "T2Tasks", "T2Learning", "T2Transport", "T2Model", "T2Engine",
                "T2Worker", "T2Jobs", "T2Coordinator", "T2TestSupport", logging,
            ]),
        .testTarget(
            name: "T2CoordinatorTests",
            dependencies: [
                "T2Core", "T2Formats", "T2Text", "T2Tasks", "T2Learning", "T2Transport", "T2Jobs", "T2Coordinator",
                "T2TestSupport", grdb, logging,
            ]),
        .testTarget(
            name: "T2WorkerTests",
            dependencies: [
                "T2Core", "T2Formats", "T2Numerics", "T2Text", "T2Tasks", "T2Transport", "T2Model", "T2Engine",
                "T2Worker", "T2TestSupport", logging,
            ]),
        .testTarget(
            name: "FaultTests",
            dependencies: [
                "T2Core", "T2Formats", "T2Text", "T2Tasks", "T2Learning", "T2Transport", "T2Model", "T2Engine",
                "T2Worker", "T2Jobs", "T2Coordinator", "T2TestSupport", logging,
            ]),
        .testTarget(
            name: "T2MonitorTests",
            dependencies: [
                "T2Core", "T2Jobs", "T2Transport", "T2Coordinator", "T2Monitor", "T2TestSupport", logging,
            ]),
        .testTarget(name: "T2ReportTests", dependencies: ["T2Core", "T2Report"]),
        .testTarget(
            name: "ProgramTests",
            dependencies: [
                "T2Core", "T2Formats", "T2TestSupport", "T2Version", "t2", "t2-bench", "t2-coord", "t2-worker",
            ]),
        .testTarget(
            name: "ClusterTests",
            dependencies: [
                "T2Core", "T2Formats", "T2Numerics", "T2TestSupport", "T2Transport", "CZeroMQ", "t2-coord", "t2-worker",
                "t2",
            ]),
        .testTarget(
            name: "ReferenceTests",
            dependencies: ["T2Core", "T2Formats", "T2Numerics", "T2Learning", "T2Model", "T2TestSupport"]),
    ],
    swiftLanguageModes: [.v6], cxxLanguageStandard: .cxx17
)
