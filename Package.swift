// swift-tools-version: 6.1
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

/// Under `tools/sanitize`, C of the house stops where it does what the language does not define.
let checked =
  Context.environment["REBER_SANITIZE"] == nil
  ? [] : ["-fsanitize=undefined", "-fno-sanitize-recover=undefined"]

/// With `REBER_MPI=1` `pretrain` and `finetune` can be started by mpirun, and MPI has to be installed.
let hasMPI = Context.environment["REBER_MPI"] == "1"

/// With `REBER_ONEDNN=1` networks may be computed by oneDNN too, which has to be installed.
let hasOneDNN = Context.environment["REBER_ONEDNN"] == "1"

/// What programs use that ranks can run.
let optional: [Target.Dependency] = hasMPI ? ["MPI"] : []
let optionalSettings: [SwiftSetting] = hasMPI ? [.define("REBER_MPI")] : []

/// The engines besides the usual one.
let engines: [Target.Dependency] = hasOneDNN ? ["OneDNNEngine"] : []
let engineSettings: [SwiftSetting] = hasOneDNN ? [.define("REBER_ONEDNN")] : []

/// A library module of the house, and the modules below it that it may use.
func module(
  _ name: String, uses: [Target.Dependency] = [], resources: [Resource]? = nil,
  settings: [SwiftSetting] = []
) -> Target {
  .target(name: name, dependencies: uses, resources: resources, swiftSettings: strict + settings)
}

/// The tests of a module, which stand in a folder named alike.
func tests(
  of name: String, uses: [Target.Dependency] = [], resources: [Resource]? = nil
) -> Target {
  .testTarget(
    name: name + "Tests", dependencies: [.byName(name: name)] + uses, resources: resources,
    swiftSettings: strict)
}

let package = Package(
  name: "reber",
  products: [
    .executable(name: "reber", targets: ["reber"]),
    .executable(name: "reber-serve", targets: ["reber-serve"]),
    .executable(name: "engine-bench", targets: ["EngineBench"]),
    .executable(name: "rows-bench", targets: ["RowsBench"]),
    // What tools/fuzz --guided links with libFuzzer.
    .library(name: "FuzzTarget", type: .static, targets: ["FuzzTarget"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
    .package(url: "https://github.com/apple/swift-log", from: "1.8.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // The C libraries from apt: module maps only.
    .systemLibrary(name: "CPostgreSQL", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CFITSIO", pkgConfig: "cfitsio", providers: [.apt(["libcfitsio-dev"])]),
    .systemLibrary(name: "CWCS", pkgConfig: "wcslib", providers: [.apt(["wcslib-dev"])]),
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(name: "CXML", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CBzip2", providers: [.apt(["libbz2-dev"])]),
    .systemLibrary(
      name: "CHEALPix", pkgConfig: "chealpix", providers: [.apt(["libchealpix-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),

    // What of libpng Swift cannot call, for its errors jump.
    .target(
      name: "CPNGCodec", dependencies: ["CPNG"], cSettings: [.unsafeFlags(checked)]),

    // The few hot loops in C.
    // Optimised in debug builds too: tests would take minutes otherwise.
    .target(name: "CKernels", cSettings: [.unsafeFlags(["-O3", "-Wno-psabi"] + checked)]),

    // What every module speaks of: what went wrong; positions, pixels, columns and cells; files that
    // are whole.
    module("Failures"),
    module("Astronomy"),
    module("Files", uses: ["Failures", "CBzip2", "CZlib"]),

    // Libraries made pleasant.
    module("PostgreSQL", uses: ["Astronomy", "Failures", "CPostgreSQL"]),
    module("FITS", uses: ["Astronomy", "Failures", "Files", "CFITSIO", "CWCS", "CZlib"]),
    module("Digest", uses: ["CCrypto"]),
    module("HEALPix", uses: ["Astronomy", "CHEALPix"]),
    module("PNG", uses: ["Files", "CPNGCodec"]),
    module(
      "Tables",
      uses: [
        "Astronomy", "Failures", "Files", "FITS", "HEALPix", "CXML", "CZstd",
        .product(name: "Yams", package: "Yams"),
      ]),
    module("Tensor", uses: ["COpenBLAS"]),

    // What Reber exists for.
    // Not "Network": NIO would take a module of that name for Apple's framework.
    module("NeuralNetwork", uses: ["Failures", "Tensor"]),
    module("WinogradEngine", uses: ["NeuralNetwork", "Tensor", "CKernels"]),
    // The engine that fits the processor.
    module(
      "Engines", uses: ["NeuralNetwork", "WinogradEngine", "CKernels"] + engines,
      settings: engineSettings),
    module("Morphology", uses: ["Failures", "NeuralNetwork", "Tensor", "CKernels"]),
    // Networks as files of ONNX.
    module("ONNX", uses: ["NeuralNetwork", "Tensor"]),
    module("Simulation", uses: ["Astronomy", "Failures", "Tensor"]),
    module("Catalogue", uses: ["Astronomy", "Digest", "Failures", "Files", "PostgreSQL"]),
    module(
      "Stages",
      uses: [
        "Astronomy", "Catalogue", "Digest", "Engines", "Failures", "Files", "FITS", "HEALPix",
        "Morphology", "NeuralNetwork", "ONNX", "PNG", "PostgreSQL", "Simulation", "Tables",
        "Tensor",
        .product(name: "Yams", package: "Yams"),
      ]),
    // Templates, and text that cannot become markup.
    module("Markup", uses: [.product(name: "Mustache", package: "swift-mustache")]),
    // What an evaluation shows, as a page that stands alone.
    module(
      "Report",
      uses: [
        "Astronomy", "Catalogue", "Failures", "Files", "Markup", "Morphology", "PNG", "PostgreSQL",
        "Stages", "Tables", "Tensor", .product(name: "Mustache", package: "swift-mustache"),
      ], resources: [.embedInCode("Templates")]),
    // Pages in a browser: nothing but `reber-serve` builds the HTTP server.
    module(
      "Web",
      uses: [
        "Astronomy", "Catalogue", "Digest", "Failures", "FITS", "Markup", "Morphology", "PNG",
        "PostgreSQL", "Tensor",
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "Mustache", package: "swift-mustache"),
        .product(name: "Logging", package: "swift-log"),
      ], resources: [.embedInCode("Templates"), .embedInCode("Assets")]),
    .executableTarget(
      name: "reber",
      dependencies: [
        "Astronomy", "Catalogue", "Digest", "Failures", "Files", "FITS", "Morphology",
        "NeuralNetwork", "PostgreSQL", "Report", "Simulation", "Stages", "Tables",
        // To say with which versions of them it runs.
        "CFITSIO", "COpenBLAS", "CPostgreSQL", "CWCS", "CZlib",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ] + optional,
      swiftSettings: strict + optionalSettings),

    // The engine's side of tools/bench engine.
    .executableTarget(
      name: "EngineBench",
      dependencies: ["Engines", "Morphology", "NeuralNetwork", "ONNX", "WinogradEngine", "Tensor"]
        + optional + engines,
      swiftSettings: strict + optionalSettings + engineSettings),
    // What tools/bench rows measures.
    .executableTarget(
      name: "RowsBench", dependencies: ["Catalogue", "PostgreSQL"], swiftSettings: strict),
    // What tools/fuzz runs: files changed at random, read by what ingest reads with.
    .target(
      name: "FuzzTarget",
      dependencies: ["Astronomy", "Failures", "FITS", "NeuralNetwork", "PNG", "Tables"],
      swiftSettings: strict),
    .executableTarget(
      name: "FuzzInput",
      dependencies: [
        "Catalogue", "Failures", "Files", "FITS", "FuzzTarget", "PostgreSQL", "Stages", "Tensor",
        "CZlib",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    // Apart from reber, so that nobody builds an HTTP server who does not serve pages.
    .executableTarget(
      name: "reber-serve",
      dependencies: ["Web", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      swiftSettings: strict),

    .target(
      name: "TestSupport", dependencies: ["PostgreSQL"], path: "Tests/TestSupport",
      swiftSettings: strict),
    // A small survey in a database of its own.
    .target(
      name: "StagesSupport",
      dependencies: [
        "Astronomy", "Catalogue", "Digest", "Morphology", "NeuralNetwork", "PostgreSQL", "Stages",
        "Tensor", "TestSupport",
      ],
      path: "Tests/StagesSupport", swiftSettings: strict),
    tests(of: "Astronomy"),
    tests(of: "Files", uses: ["Failures", "TestSupport"]),
    tests(of: "PostgreSQL", uses: ["Astronomy", "TestSupport"]),
    tests(of: "Digest", uses: ["TestSupport"]),
    tests(of: "HEALPix", uses: ["Astronomy"]),
    tests(
      of: "FITS", uses: ["Astronomy", "Digest", "Files", "TestSupport"],
      resources: [.copy("Fixtures")]),
    tests(of: "PNG", uses: ["Digest", "Files", "TestSupport"]),
    tests(of: "Tables", uses: ["Astronomy", "Files", "FITS", "HEALPix", "TestSupport"]),
    tests(of: "Tensor", uses: ["CKernels"]),
    // An engine of plain loops, and values by PyTorch, for the other engines to be held against.
    .target(
      name: "References", dependencies: ["NeuralNetwork", "Tensor"], path: "Tests/References",
      // Its loops would take minutes otherwise.
      swiftSettings: strict + [.unsafeFlags(["-O"])]),
    tests(of: "NeuralNetwork", uses: ["Tensor", "References"]),
    tests(of: "Engines", uses: ["NeuralNetwork", "CKernels"]),
    tests(of: "WinogradEngine", uses: ["NeuralNetwork", "Tensor", "CKernels", "References"]),
    tests(
      of: "Morphology",
      uses: ["NeuralNetwork", "WinogradEngine", "Tensor", "CKernels", "References"]),
    tests(
      of: "ONNX", uses: ["NeuralNetwork", "References", "Tensor", "TestSupport", "WinogradEngine"]),
    tests(of: "Simulation", uses: ["Astronomy", "Tensor"]),
    tests(of: "Catalogue", uses: ["Astronomy", "Digest", "PostgreSQL", "TestSupport"]),
    tests(
      of: "Stages",
      uses: [
        "Astronomy", "Catalogue", "Digest", "Files", "FITS", "Morphology", "NeuralNetwork", "PNG",
        "PostgreSQL", "References", "Simulation", "StagesSupport", "Tables", "Tensor",
        "TestSupport",
      ]),
    tests(
      of: "Report",
      uses: [
        "Astronomy", "Catalogue", "Markup", "PNG", "PostgreSQL", "Stages", "StagesSupport",
        "Tables", "TestSupport", .product(name: "Mustache", package: "swift-mustache"),
      ]),
    tests(
      of: "Web",
      uses: [
        "Astronomy", "Catalogue", "PostgreSQL", "Tensor", "TestSupport",
        .product(name: "HummingbirdTesting", package: "hummingbird"),
      ]),
    // The program itself, as a person or a script calls it.
    .testTarget(
      name: "EndToEndTests", dependencies: ["reber", "PostgreSQL", "TestSupport"],
      exclude: ["Help"], swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)

if hasOneDNN {
  package.targets += [
    .systemLibrary(name: "CDNNL", providers: [.apt(["libdnnl-dev"])]),
    module(
      "OneDNNEngine", uses: ["NeuralNetwork", "Tensor", "CKernels", "WinogradEngine", "CDNNL"]),
    tests(of: "OneDNNEngine", uses: ["NeuralNetwork", "Tensor", "References", "WinogradEngine"]),
  ]
}

if hasMPI {
  package.targets += [
    .systemLibrary(name: "CMPI", pkgConfig: "ompi-c", providers: [.apt(["libopenmpi-dev"])]),
    module("MPI", uses: ["Failures", "NeuralNetwork", "CMPI"]),
  ]
}
