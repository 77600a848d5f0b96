public import ArgumentParser
public import NeuralNetwork

/// The encoder's shape.
struct ArchitectureOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Channels of the first stage; an embedding has eight times as many numbers, or sixteen times.",
      discussion: "Multiples of 16 are several times as fast as others."))
  var width = Architecture().width

  @Option(help: "Stride of the first convolution: 1 sees finer detail, 2 is four times as fast.")
  var stemStride = Architecture().stemStride

  @Option(
    help: ArgumentHelp(
      "What an embedding says of the last map: mean-largest, its means and its largest values; "
        + "its means alone without it.", valueName: "pooling"))
  var pooling: Architecture.Pooling?

  /// The shape for views of a size.
  func architecture(inputSize: Int) -> Architecture {
    var architecture = Architecture()
    architecture.inputSize = inputSize
    architecture.width = width
    architecture.stemStride = stemStride
    architecture.pooling = pooling
    return architecture
  }

  /// Whether it is the shape where nobody says another.
  var isUsual: Bool {
    let usual = Architecture()
    return width == usual.width && stemStride == usual.stemStride && pooling == usual.pooling
  }

  func validate() throws {
    guard width > 0, width <= 512, [1, 2].contains(stemStride) else {
      throw ValidationError("--width must be in 1…512, --stem-stride 1 or 2")
    }
  }
}

extension Architecture.Pooling: ExpressibleByArgument {}
