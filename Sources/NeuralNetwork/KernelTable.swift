/// The way that 3×3 convolutions of each class of shapes are done.
///
/// Numbers are tiles in a block of `Winograd` or `StridedWinograd`; 0 gathers windows by `Im2col`.
/// What the former cannot do, such as 1×1 convolutions, `Im2col` does whatever stands here.
struct KernelTable: Sendable {
  /// The two passes want blocks of different sizes.
  enum Pass {
    case forward
    case backward
  }

  /// By the channels of the wider end (16, 32, 64, 128, 256, 512) and the side of the map that is
  /// read (4, 8, 16, 32, 64), a shape belongs to the first class that it does not exceed.
  typealias Classes = [[Int]]

  let forward: Classes
  let backward: Classes
  let stridedForward: Classes
  let stridedBackward: Classes

  /// The same number for all shapes.
  static func always(_ tiles: Int) -> KernelTable {
    let all = [[tiles]]
    return KernelTable(forward: all, backward: all, stridedForward: all, stridedBackward: all)
  }

  /// Tiles in a block of a convolution over a map.
  func tiles(_ pass: Pass, _ convolution: Convolution, over map: FeatureMap) -> Int {
    let classes =
      switch (pass, convolution.stride) {
      case (.forward, 1): forward
      case (.backward, 1): backward
      case (.forward, _): stridedForward
      case (.backward, _): stridedBackward
      }
    let row = Self.place(max(convolution.inputs, convolution.outputs), from: 16, in: classes.count)
    let places = classes[row]
    return places[Self.place(max(map.height, map.width), from: 4, in: places.count)]
  }

  /// The place of a number among `first`, twice that, and so on.
  private static func place(_ number: Int, from first: Int, in count: Int) -> Int {
    var (place, limit) = (0, first)
    while limit < number, place < count - 1 { (place, limit) = (place + 1, limit * 2) }
    return place
  }
}

// swift-format-ignore
extension KernelTable {
  /// Processor time of a pass in ms on an AMD EPYC (Zen 4, 1 MB of second-level cache a core):
  ///
  ///                                  gathered     14     28     56    112    224
  ///     stride 1, forward    64 ch.               8.9    8.7    9.3    9.7    9.8
  ///                         128 ch.                17     16     16     16     18
  ///                         512 ch.                51     39     31     32     30
  ///     stride 1, backward   64 ch.                19     19     20     23     24
  ///                         128 ch.                51     47     42     41     40
  ///                         512 ch.               151    124    103     84     63
  ///     stride 2, backward   64 ch.        55      42     42     46     46     50
  ///                         128 ch.        50      39     42     47     42     39
  ///                         256 ch.        98      97     86     84     81     78
  ///                         512 ch.       248     196    171    162    152    147
  ///
  /// `tools/bench kernels` makes such a table for every class on the machine it runs on. Of ways within
  /// a few per cent of each other the one with the smaller blocks stands here, and the same one for
  /// neighbours that hardly differ.
  static let measured = KernelTable(
    // Sides:    4    8   16   32   64      Channels:
    forward: [
               [28,  28,  28,  28,  28],    // 16
               [28,  28,  28,  28,  28],    // 32
               [28,  28,  28,  28,  28],    // 64
               [56,  56,  56,  56,  56],    // 128
               [56,  56,  56,  56,  56],    // 256
               [56,  56,  56,  56,  56],    // 512
    ],
    backward: [
               [28,  28,  28,  28,  28],    // 16
               [28,  28,  28,  28,  28],    // 32
               [28,  28,  28,  28,  28],    // 64
              [112, 112, 112, 112, 112],    // 128
              [112, 112, 112, 112, 112],    // 256
              [224, 224, 224, 224, 224],    // 512
    ],
    stridedForward: [
               [28,  28,  28,  28,  28],    // 16
               [28,  28,  28,  28,  28],    // 32
               [28,  28,  28,  28,  28],    // 64
               [28,  28,  28,  28,  28],    // 128
               [28,  28,  28,  28,  28],    // 256
               [28,  28,  28,  28,  28],    // 512
    ],
    stridedBackward: [
               [28,  28,  28,  28,  28],    // 16
               [28,  28,  28,  28,  28],    // 32
               [28,  28,  28,  28,  28],    // 64
               [28,  28,  28,  28,  28],    // 128
               [56,  56,  56,  56,  56],    // 256
              [112, 112, 112, 112, 112],    // 512
    ])
}
