import Catalogue
import Morphology
import NeuralNetwork
import Tensor

/// A prepared cutout without its image, as one rank tells the others of it.
struct SeenCutout: Sendable {
  let source: Int
  let cutout: Int

  /// The noise that was found when it was first prepared.
  let sigma: Float
}

extension SeenCutout {
  init(_ prepared: PreparedCutout) {
    self.init(source: prepared.source, cutout: prepared.cutout, sigma: prepared.image.sigma)
  }

  private static let numbers = 3

  /// Three numbers each.
  fileprivate static func bytes(of all: [SeenCutout]) -> [UInt8] {
    all.flatMap { [$0.source, $0.cutout, Int($0.sigma.bitPattern)] }
      .withUnsafeBytes { Array($0) }
  }

  fileprivate static func all(in bytes: [UInt8]) -> [SeenCutout] {
    bytes.withUnsafeBytes { bytes in
      let size = MemoryLayout<Int>.size
      func number(_ index: Int) -> Int {
        bytes.loadUnaligned(fromByteOffset: index * size, as: Int.self)
      }
      return (0..<bytes.count / size / numbers).map { index in
        SeenCutout(
          source: number(numbers * index), cutout: number(numbers * index + 1),
          sigma: Float(bitPattern: UInt32(number(numbers * index + 2))))
      }
    }
  }
}

extension Ranks {
  /// The cutouts of a survey that this rank reads and prepares.
  var cutouts: CutoutSelection { count > 1 ? .share(rank, of: count) : .all }

  /// What all ranks have prepared of a survey, in the order of its sources, with the images where these
  /// are given; a rank by itself has all of it already.
  func together(
    _ seen: [SeenCutout], _ images: [Prepared]?, by preprocessing: Preprocessing
  ) -> (seen: [SeenCutout], images: [Prepared]) {
    guard count > 1 else { return (seen, images ?? []) }
    meet()
    let parts = gather(SeenCutout.bytes(of: seen)).map { SeenCutout.all(in: $0) }
    guard let images else { return (parts.joined().sorted { $0.source < $1.source }, []) }
    let all = zip(
      parts.joined(), gather(images, counts: parts.map(\.count), by: preprocessing)
    ).sorted { $0.0.source < $1.0.source }
    return (all.map(\.0), all.map(\.1))
  }

  /// The images of all, rank by rank, some hundred megabytes at a time.
  private func gather(
    _ own: [Prepared], counts: [Int], by preprocessing: Preprocessing
  ) -> [Prepared] {
    let size = max(1, (1 << 29) / preprocessing.preparedBytes / count)
    var byRank = counts.map { _ in [Prepared]() }
    for start in stride(from: 0, to: counts.max() ?? 0, by: size) {
      let part = own[min(start, own.count)..<min(start + size, own.count)]
      let rows = gather(Tensor(part, side: preprocessing.workingSide)).rows
      var row = 0
      for rank in 0..<count {
        for _ in 0..<min(size, max(0, counts[rank] - start)) {
          byRank[rank].append(Prepared(rows.row(row), by: preprocessing))
          row += 1
        }
      }
    }
    return Array(byRank.joined())
  }
}

extension Tensor {
  /// A row for each image: its noise, the part of it that was not finite, and its pixels.
  fileprivate init(_ images: ArraySlice<Prepared>, side: Int) {
    self.init(
      shape: [images.count, 2 + side * side],
      values: images.flatMap { [$0.sigma, Float($0.nonFinite)] + $0.image.values })
  }
}

extension Prepared {
  fileprivate init(_ row: ArraySlice<Float>, by preprocessing: Preprocessing) {
    let (side, first) = (preprocessing.workingSide, row.startIndex)
    self.init(
      image: Tensor(shape: [side, side], values: Array(row.dropFirst(2))), sigma: row[first],
      nonFinite: Double(row[first + 1]), preprocessing: preprocessing)
  }
}
