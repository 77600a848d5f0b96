public import Astronomy
public import PostgreSQL

/// A source in a list.
///
/// What is `nil` is not known: no position or size in the catalogue, no label, no prediction.
public struct ListedSource: Sendable {
  /// Its picture.
  public var cell: MontageCell
  /// ICRS, degrees.
  public var position: SkyPosition?
  /// Jy.
  public var totalFlux: Double?
  /// Arcsec.
  public var majorAxis: Double?
  /// Peak flux over the local noise.
  public var signalToNoise: Double?
  /// By consensus of the annotators; several only in a scheme of tags.
  public var labelledAs: [Int16]
  /// By the newest classification.
  public var predictedAs: Int16?
  /// Of that class.
  public var probability: Float?
  /// Larger is less like anything else.
  public var outlierScore: Float?
}

extension ListedSource: QueryRow {
  public static let columns = Columns<Self>(
    .group(\.cell, MontageCell.columns),
    .group(\.position, optional: SkyPosition.columns),
    .column("total_flux", \.totalFlux), .column("major_axis", \.majorAxis),
    .expression(SourceSearch.signalToNoise, as: "signal_to_noise", \.signalToNoise),
    .column("said.class_ids", \.labelledAs), .column("prediction.class_id", \.predictedAs),
    .column("prediction.probability", \.probability),
    .column("member.outlier_score", \.outlierScore), make: ListedSource.init)
}

/// A number of rows that is counted only so far.
public struct BoundedCount: Sendable, Equatable {
  /// How many there are at least.
  public var count: Int

  /// Whether there are more.
  public var isExceeded: Bool

  /// Wraps what was counted; of more than the bound only that is told.
  public init(counted: Int, bound: Int = .max) {
    count = min(counted, bound)
    isExceeded = counted > bound
  }
}
