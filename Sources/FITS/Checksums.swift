internal import CFITSIO

/// Writes CHECKSUM and DATASUM of the current header-data unit.
///
/// CFITSIO's own routine notes the time in their comments, which would make every file another;
/// it keeps the comments and a sum that it finds there and right.
func writeChecksums(of file: UnsafeMutablePointer<fitsfile>, _ status: inout Int32) {
  var data: UInt = 0
  var unit: UInt = 0
  ffpkys(file, "CHECKSUM", "0000000000000000", "HDU checksum", &status)
  ffpkys(file, "DATASUM", "0", "data unit checksum", &status)
  // Closes the header, so that the sum is that of what will be in the file.
  ffrdef(file, &status)
  // And fills the last block: else the sum would be of whatever memory held there.
  ffflus(file, &status)
  ffgcks(file, &data, &unit, &status)
  ffmkys(file, "DATASUM", "\(data)", "&", &status)
  ffpcks(file, &status)
}
