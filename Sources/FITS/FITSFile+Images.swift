internal import CFITSIO
import Files

extension FITSFile {
  /// Goes to the image of a number, or to the first with two axes longer than one pixel, and
  /// makes sure that the file has all of it.
  ///
  /// - Returns: Its number, the first being 1.
  func selectImage(_ wanted: Int?) throws(FileError) -> Int {
    let number = if let wanted { try select(wanted) } else { try selectFirstImage() }
    try checkIsWhole(hdu: number)
    return number
  }

  func imageHeader(hdu: Int) throws(FileError) -> ImageHeader {
    do {
      return try ImageHeader(self)
    } catch {
      throw FileError(path, hdu: hdu, error)
    }
  }

  private func select(_ number: Int) throws(FileError) -> Int {
    guard number > 0, try move(to: number) else {
      throw FileError(path, hdu: number, "the file has no such HDU", advice: hduAdvice)
    }
    guard isImage, try imageHeader(hdu: number).axes.count >= 2 else {
      throw FileError(path, hdu: number, "this HDU is no image", advice: hduAdvice)
    }
    return number
  }

  private func selectFirstImage() throws(FileError) -> Int {
    var fallback: Int?
    var number = 1
    while try move(to: number) {
      let axes = isImage ? try imageHeader(hdu: number).axes : []
      if axes.filter({ $0 > 1 }).count >= 2 { return number }
      if axes.count >= 2, !axes.contains(0) { fallback = fallback ?? number }
      number += 1
    }
    guard let fallback, try move(to: fallback) else {
      throw FileError(path, "the file holds no image", advice: "Give a file with a 2-D image")
    }
    return fallback
  }

  private var isImage: Bool {
    var type: Int32 = 0
    guard succeeds({ ffghdt(pointer, &type, &$0) }) else { return false }
    var status: Int32 = 0
    return type == IMAGE_HDU || fits_is_compressed_image(pointer, &status) != 0
  }
}

private let hduAdvice = "Choose an image; 'fitsinfo' lists them, the first being 1 here"
