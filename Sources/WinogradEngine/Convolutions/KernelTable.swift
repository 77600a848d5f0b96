/// The way that 3×3 convolutions of each class of shapes are done.
///
/// Numbers are tiles in a batch of `Winograd` or `StridedWinograd` where a core takes it by itself; 0
/// gathers windows by `Im2col`. What the former cannot do is done otherwise whatever stands here.
struct KernelTable: Sendable {
  /// By the channels of the wider end: 16, 32, 64, 128, 256, 512.
  ///
  /// A convolution belongs to the first class that it does not exceed, or to the last.
  typealias Classes = [Int]

  let forward: Classes
  let backward: Classes
  let stridedForward: Classes
  let stridedBackward: Classes

  /// The same number for all shapes.
  static func always(_ tiles: Int) -> KernelTable {
    KernelTable(
      forward: [tiles], backward: [tiles], stridedForward: [tiles], stridedBackward: [tiles])
  }

  /// Tiles in a block of a convolution.
  func tiles(_ pass: ConvolutionPass, _ convolution: Convolution) -> Int {
    let classes =
      switch (pass, convolution.stride) {
      case (.forward, 1): forward
      case (.backward, 1): backward
      case (.forward, _): stridedForward
      case (.backward, _): stridedBackward
      }
    let channels = max(convolution.inputs, convolution.outputs)
    let place = classes.indices.first { channels <= 16 << $0 }
    return classes[place ?? classes.count - 1]
  }
}

// swift-format-ignore
extension KernelTable {
  /// As `tools/bench kernels` printed it on an AMD EPYC (Zen 4, 1 MB of second-level cache a core); strided forward at
  /// 256 channels and backward at 256 and 512 were set by hand since, from timings of the kernels alone.
  /// Processor time there, beside the best of a class:
  ///
  ///                       tiles    14     28     56    112    224  gathered
  ///     forward           64 ch. 1.00   1.04   1.03   1.03   1.06   2.80
  ///                      512 ch. 1.24   1.12   1.03   1.00   1.02   2.75
  ///     backward          64 ch. 1.01   1.00   1.03   1.01   1.12   2.60
  ///                      512 ch. 1.42   1.14   1.05   1.05   1.00   2.54
  ///     strided forward   64 ch. 1.02   1.00   1.03   1.02   1.13   1.21
  ///                      512 ch. 1.02   1.08   1.04   1.07   1.00   1.10
  ///     strided backward  64 ch. 1.05   1.00   1.01   1.01   1.05   1.26
  ///                      512 ch. 1.19   1.10   1.11   1.10   1.07   1.00
  ///
  /// The side of the map does not stand in it: it changes the order of ways by less than a
  /// measurement repeats to.
  static let measured = KernelTable(
    // Channels:        16   32   64  128  256  512
    forward:         [ 56,  28,  28,  28,  14,  56],
    backward:        [ 56,  28,  28, 112, 112,  56],
    stridedForward:  [ 56,  28,  28,  28,  14,  56],
    stridedBackward: [ 28,  28,  28,  28,  28,  28])
}
