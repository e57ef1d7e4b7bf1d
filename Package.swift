// swift-tools-version: 6.1
import PackageDescription

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
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
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // C libraries of the system, and our own kernels.
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CLAPACKE", providers: [.apt(["liblapacke-dev"])]),
        // Without pkgConfig: the package manager warns of a flag in libutf8proc.pc, and the module map links the library.
        .systemLibrary(name: "CUTF8Proc", providers: [.apt(["libutf8proc-dev"])]),
        .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CKernels", cSettings: [.unsafeFlags(["-O3", "-fno-math-errno"])]),

        // A target imports only from rows above it; the coordinator never links the model.
        // Row 1
        .target(name: "T2Core", dependencies: [crypto]),

        // Row 2
        .target(name: "T2Numerics", dependencies: ["T2Core", "CKernels", "COpenBLAS", "CLAPACKE"]),
        .target(name: "T2Text", dependencies: ["T2Core", "CUTF8Proc"]),
        .target(
            name: "T2Tasks", dependencies: ["T2Core", "CZlib", yams],
            resources: [
                // The parts of the one program that SandboxCommand starts.
                .embedInCode("Sandbox/program_exchange.py"), .embedInCode("Sandbox/program_remote.py"),
                .embedInCode("Sandbox/program_tests.py"), .embedInCode("Sandbox/program_runner.py"),
            ],
            // Its verifiers are tested part by part, also in the release build that scripts/test makes.
            swiftSettings: [.unsafeFlags(["-enable-testing"])]),
        .target(name: "T2Transport", dependencies: ["T2Core", "CZeroMQ"]),

        // Row 3
        .target(name: "T2Model", dependencies: ["T2Core", "T2Numerics", "CKernels"]),
        .target(name: "T2Learning", dependencies: ["T2Core"]),

        .target(name: "T2Evaluation", dependencies: ["T2Core", "T2Text", "T2Tasks"]),

        // Row 4
        .target(
            name: "T2CommandLine",
            dependencies: ["T2Core", "T2Text", "T2Tasks", "T2Learning", "T2Evaluation", argumentParser]),
        .target(
            name: "T2Coordinator",
            dependencies: [
                "T2Core", "T2Text", "T2Tasks", "T2Transport", "T2Learning", "T2Evaluation", grdb, logging, yams,
            ]),
        .target(
            name: "T2Worker",
            dependencies: [
                "T2Core", "T2Numerics", "T2Text", "T2Tasks", "T2Transport", "T2Model", "T2Learning", "CKernels",
                logging,
            ],
            // Its parts are tested one by one, also in the release build that scripts/test makes.
            swiftSettings: [.unsafeFlags(["-enable-testing"])]),
        .target(
            name: "T2Adaptation",
            dependencies: [
                "T2Core", "T2Numerics", "T2Text", "T2Tasks", "T2Model", "T2Learning", "T2Evaluation",
            ]),
        .target(name: "T2Report", dependencies: ["T2Core"]),

        // Row 5
        .target(
            name: "T2Experiments",
            dependencies: [
                "T2Core", "T2Text", "T2Tasks", "T2Model", "T2Learning", "T2Evaluation", "T2Adaptation", "T2Report",
            ]),

        // Row 6
        .executableTarget(
            name: "t2-coord",
            dependencies: [
                "T2Core", "T2Numerics", "T2Text", "T2Tasks", "T2Transport", "T2Learning", "T2Evaluation",
                "T2Coordinator", "T2CommandLine",
                argumentParser, logging,
            ]),
        .executableTarget(
            name: "t2-worker",
            dependencies: [
                "T2Core", "T2Text", "T2Tasks", "T2Transport", "T2Model", "T2Worker", "T2CommandLine", argumentParser,
                logging,
            ]),
        .executableTarget(
            name: "t2",
            dependencies: [
                "T2Core", "T2Numerics", "T2Transport", "T2Model", "T2Text", "T2Tasks", "T2Learning", "T2Worker",
                "T2Evaluation", "T2Adaptation", "T2Report", "T2Experiments", "T2CommandLine", argumentParser,
            ]),
        .executableTarget(
            name: "t2-bench",
            dependencies: [
                "T2Core", "T2Numerics", "T2Tasks", "T2Model", "T2Learning", "CKernels", "T2CommandLine", argumentParser,
            ]),
        .target(name: "T2TestSupport", dependencies: ["T2Core"], resources: [.copy("Fixtures")]),

        .testTarget(name: "T2CoreTests", dependencies: ["T2Core", "T2TestSupport"]),
        .testTarget(name: "T2NumericsTests", dependencies: ["T2Core", "T2Numerics", "CKernels"]),
        .testTarget(name: "T2TextTests", dependencies: ["T2Core", "T2Text"], resources: [.copy("Fixtures")]),
        .testTarget(name: "T2TasksTests", dependencies: ["T2Core", "T2Tasks", "T2TestSupport"]),
        .testTarget(name: "T2TransportTests", dependencies: ["T2Core", "T2Transport", "CZeroMQ"]),
        .testTarget(name: "T2ModelTests", dependencies: ["T2Core", "T2Numerics", "T2Model", "T2TestSupport"]),
        .testTarget(
            name: "T2LearningTests", dependencies: ["T2Core", "T2Learning", "T2TestSupport"],
            resources: [.copy("Fixtures")]),
        .testTarget(
            name: "T2CoordinatorTests",
            dependencies: [
                "T2Core", "T2Text", "T2Tasks", "T2Learning", "T2Transport", "T2Coordinator", "T2TestSupport", grdb,
                logging,
            ]),
        .testTarget(
            name: "T2WorkerTests",
            dependencies: [
                "T2Core", "T2Numerics", "T2Text", "T2Tasks", "T2Transport", "T2Model", "T2Worker", "T2TestSupport",
                logging,
            ]),
        .testTarget(
            name: "T2AdaptationTests",
            dependencies: [
                "T2Core", "T2Model", "T2Tasks", "T2Text", "T2Evaluation", "T2Adaptation", "T2TestSupport",
            ]),
        .testTarget(
            name: "T2EvaluationTests", dependencies: ["T2Core", "T2Text", "T2Tasks", "T2Evaluation", "T2TestSupport"]),
        .testTarget(name: "T2ReportTests", dependencies: ["T2Core", "T2Report"]),
        .testTarget(name: "ProgramTests", dependencies: ["T2Core", "T2TestSupport", "t2", "t2-bench"]),
        .testTarget(
            name: "ClusterTests",
            dependencies: ["T2Core", "T2TestSupport", "T2Transport", "CZeroMQ", "t2-coord", "t2-worker", "t2"]),
        .testTarget(
            name: "ReferenceTests", dependencies: ["T2Core", "T2Numerics", "T2Model", "T2Learning", "T2TestSupport"]),
    ],
    swiftLanguageModes: [.v6]
)
