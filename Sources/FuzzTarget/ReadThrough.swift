import Astronomy
import FITS
import Foundation
import NeuralNetwork
import PNG
import Tables

/// Reads a file to its end by the functions that `reber ingest` reads it by, or that a model's weights are read by.
///
/// - Parameter path: The file; its name says its format.
/// - Returns: The number of rows, pixels or tensors.
/// - Throws: A `Failure` of the readers.
public func readThrough(_ path: String) throws -> Int {
  if path.hasSuffix(".png") { return try PNGImage(path).values.count }
  if path.contains(".safetensors") { return try tensors(path) }
  guard path.contains(".f") else { return try rows(path) }
  guard let image = try? FITSImage(path) else { return try rows(path) }
  let pixels = try image.whole()
  return pixels.width * pixels.height
}

private func tensors(_ path: String) throws -> Int {
  let bytes = FileManager.default.contents(atPath: path) ?? Data()
  return try decodeSafetensors(Array(bytes)).tensors.count
}

private func rows(_ path: String) throws -> Int {
  var count = 0
  try openTable(path).read(chunk: 8192) { count += $0.count }
  return count
}
