import Foundation

extension Float {
  /// The number as PostgreSQL writes a `real`.
  var postgresText: String { shortestText(of: self, plainBelow: 6) }
}

extension Double {
  /// The number as PostgreSQL writes a `double precision`.
  var postgresText: String { shortestText(of: self, plainBelow: 15) }
}

/// The fewest digits that read back to the number, written as PostgreSQL does: plain where the
/// exponent is from −4 to below `plainBelow`, else as `1.5e+20`.
private func shortestText<Number: BinaryFloatingPoint & LosslessStringConvertible>(
  of number: Number, plainBelow: Int
) -> String {
  let sign = number.sign == .minus ? "-" : ""
  if number.isNaN { return "NaN" }
  if number.isInfinite { return sign + "Infinity" }
  if number == 0 { return sign + "0" }
  let (digits, exponent) = decimal(shortestDigits(of: number.magnitude))
  return sign + written(digits, exponent, plainBelow)
}

/// The digits without zeros at either end, and the power of ten of the first.
private func decimal(_ text: String) -> (digits: Substring, exponent: Int) {
  let parts = text.split(separator: "e")
  let halves = parts[0].split(separator: ".")
  let all = halves.joined()
  let digits = all.drop { $0 == "0" }
  let exponent = halves[0].count - 1 - (all.count - digits.count)
  let end = digits.lastIndex { $0 != "0" } ?? digits.startIndex
  return (digits[...end], exponent + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0))
}

private func written(_ digits: Substring, _ exponent: Int, _ plainBelow: Int) -> String {
  switch exponent {
  case plainBelow..., ..<(-4):
    let fraction = digits.count > 1 ? "." + digits.dropFirst() : ""
    let size = abs(exponent)
    return
      "\(digits.prefix(1))\(fraction)e\(exponent < 0 ? "-" : "+")\(size < 10 ? "0" : "")\(size)"
  case ..<0:
    return "0." + String(repeating: "0", count: -exponent - 1) + digits
  default:
    let whole = digits.prefix(exponent + 1)
    let zeros = String(repeating: "0", count: max(0, exponent + 1 - digits.count))
    let fraction = digits.dropFirst(exponent + 1)
    return whole + zeros + (fraction.isEmpty ? "" : "." + fraction)
  }
}

/// The shortest decimal that lies strictly between the midpoints to the neighbouring numbers.
///
/// Swift takes a midpoint too where that reads back to the number. Only where numbers are whole and
/// farther than 1 apart are midpoints short enough to be met.
private func shortestDigits<Number: BinaryFloatingPoint & LosslessStringConvertible>(
  of number: Number
) -> String {
  let swift = "\(number)"
  guard number.exponent > Number.significandBitCount, number.significandBitPattern % 2 == 0 else {
    return swift
  }
  let longer = (1...16).lazy.map { String(format: "%.*e", $0, Double(number)) }
  return isInside(swift, number) ? swift : longer.first { isInside($0, number) } ?? swift
}

/// Whether a decimal a little above and one a little below read back to the number as well.
///
/// The little is 10⁻⁴⁵ of the number; no decimal of 17 digits is so near to a midpoint without
/// being one.
private func isInside<Number: BinaryFloatingPoint & LosslessStringConvertible>(
  _ text: String, _ number: Number
) -> Bool {
  let parts = text.split(separator: "e")
  let mantissa = parts[0].contains(".") ? parts[0] + "" : parts[0] + "."
  let power = parts.count > 1 ? "e" + parts[1] : ""
  let above = mantissa + String(repeating: "0", count: 45) + "1" + power
  let digits = mantissa.reversed().drop { $0 == "0" || $0 == "." }
  guard let last = digits.first?.wholeNumberValue else { return true }
  let zeros = mantissa.dropFirst(digits.count).map { $0 == "." ? "." : "9" }.joined()
  let below =
    digits.dropFirst().reversed() + "\(last - 1)" + zeros + String(repeating: "9", count: 45)
    + power
  return Number(above) == number && Number(String(below)) == number
}
