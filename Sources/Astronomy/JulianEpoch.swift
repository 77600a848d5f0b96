/// Epochs as Julian years, and as modified Julian days: 2000.0 is 51544.5, and a year has 365.25 days.
public enum JulianEpoch {
  /// The Julian year of a modified Julian day.
  public static func year(ofDay day: Double) -> Double { 2000 + (day - 51_544.5) / 365.25 }

  /// The modified Julian day of a Julian year.
  public static func day(ofYear year: Double) -> Double { 51_544.5 + (year - 2000) * 365.25 }
}
