internal import CFITSIO
import Files

extension FITSFile {
  /// Goes to the image of a number, or to the first with two axes longer than one pixel, and
  /// makes sure that the file has all of it.
  ///
  /// - Returns: Its number, the first being 1.
  func selectImage(_ wanted: Int?) throws(FileError) -> Int {
    let number = if let wanted { try select(wanted) } else { try selectFirstImage() }
    guard try end(hdu: number) <= Double(pointer.pointee.Fptr.pointee.filesize) else {
      throw .truncated(path, hdu: number)
    }
    return number
  }

  /// The bytes that the file must have for all data of the HDU; the padding after them aside.
  private func end(hdu: Int) throws(FileError) -> Double {
    var start: Int64 = 0
    do {
      try check { ffghadll(pointer, nil, &start, nil, &$0) }
    } catch {
      throw FileError(path, hdu: hdu, error)
    }
    func number(_ keyword: String, or missing: Int) -> Double {
      Double(integer(keyword) ?? missing)
    }
    let axes = integer("NAXIS") ?? 0
    guard axes > 0 else { return Double(start) }
    let elements = (1...axes).reduce(1) { $0 * number("NAXIS\($1)", or: 0) }
    return Double(start) + (elements + number("PCOUNT", or: 0)) * number("GCOUNT", or: 1)
      * abs(number("BITPIX", or: 8)) / 8
  }

  func imageHeader(hdu: Int) throws(FileError) -> ImageHeader {
    do {
      return try ImageHeader(self)
    } catch {
      throw FileError(path, hdu: hdu, error)
    }
  }

  private func select(_ number: Int) throws(FileError) -> Int {
    guard let number = Int32(exactly: number), number > 0, try move(to: number) else {
      throw FileError(path, hdu: number, "the file has no such HDU", advice: hduAdvice)
    }
    guard isImage, try imageHeader(hdu: Int(number)).axes.count >= 2 else {
      throw FileError(path, hdu: Int(number), "this HDU is no image", advice: hduAdvice)
    }
    return Int(number)
  }

  private func selectFirstImage() throws(FileError) -> Int {
    var fallback: Int32?
    var number: Int32 = 1
    while try move(to: number) {
      let axes = isImage ? try imageHeader(hdu: Int(number)).axes : []
      if axes.filter({ $0 > 1 }).count >= 2 { return Int(number) }
      if axes.count >= 2, !axes.contains(0) { fallback = fallback ?? number }
      number += 1
    }
    guard let fallback, try move(to: fallback) else {
      throw FileError(path, "the file holds no image", advice: "Give a file with a 2-D image")
    }
    return Int(fallback)
  }

  /// Goes to an HDU; false beyond the last one.
  private func move(to number: Int32) throws(FileError) -> Bool {
    var status: Int32 = 0
    ffpmrk()
    ffmahd(pointer, number, nil, &status)
    if status == 0 { return true }
    ffcmrk()
    if status == END_OF_FILE { return false }
    throw FileError(path, hdu: Int(number), FITSStatus(taking: status))
  }

  private var isImage: Bool {
    var type: Int32 = 0
    guard succeeds({ ffghdt(pointer, &type, &$0) }) else { return false }
    var status: Int32 = 0
    return type == IMAGE_HDU || fits_is_compressed_image(pointer, &status) != 0
  }
}

private let hduAdvice = "Choose an image; 'fitsinfo' lists them, the first being 1 here"
