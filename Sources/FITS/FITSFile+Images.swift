internal import CFITSIO

extension FITSFile {
  /// Goes to the image of a number, or to the first with two axes longer than one pixel, and
  /// makes sure that the file has all of it.
  ///
  /// - Returns: Its number, the first being 1.
  func selectImage(_ wanted: Int?) throws(FITSError) -> Int {
    let number = if let wanted { try select(wanted) } else { try selectFirstImage() }
    do {
      if try ImageHeader.end(of: self) > pointer.pointee.Fptr.pointee.filesize {
        throw FITSError.truncated(path, hdu: number)
      }
    } catch let error as FITSStatus {
      throw FITSError(path, hdu: number, error)
    } catch let error as FITSError {
      throw error
    } catch {}
    return number
  }

  func imageHeader(hdu: Int) throws(FITSError) -> ImageHeader {
    do {
      return try ImageHeader(self)
    } catch {
      throw FITSError(path, hdu: hdu, error)
    }
  }

  private func select(_ number: Int) throws(FITSError) -> Int {
    guard let number = Int32(exactly: number), number > 0, try move(to: number) else {
      throw FITSError(path, hdu: number, "the file has no such HDU", advice: hduAdvice)
    }
    guard isImage, try imageHeader(hdu: Int(number)).axes.count >= 2 else {
      throw FITSError(path, hdu: Int(number), "this HDU is no image", advice: hduAdvice)
    }
    return Int(number)
  }

  private func selectFirstImage() throws(FITSError) -> Int {
    var fallback: Int32?
    var number: Int32 = 1
    while try move(to: number) {
      let axes = isImage ? try imageHeader(hdu: Int(number)).axes : []
      if axes.filter({ $0 > 1 }).count >= 2 { return Int(number) }
      if axes.count >= 2, !axes.contains(0) { fallback = fallback ?? number }
      number += 1
    }
    guard let fallback, try move(to: fallback) else {
      throw FITSError(path, "the file holds no image", advice: "Give a file with a 2-D image")
    }
    return Int(fallback)
  }

  /// Goes to an HDU; false beyond the last one.
  private func move(to number: Int32) throws(FITSError) -> Bool {
    var status: Int32 = 0
    ffpmrk()
    ffmahd(pointer, number, nil, &status)
    if status == 0 { return true }
    ffcmrk()
    if status == END_OF_FILE { return false }
    throw FITSError(path, hdu: Int(number), FITSStatus(taking: status))
  }

  private var isImage: Bool {
    var type: Int32 = 0
    guard succeeds({ ffghdt(pointer, &type, &$0) }) else { return false }
    var status: Int32 = 0
    return type == IMAGE_HDU || fits_is_compressed_image(pointer, &status) != 0
  }
}

private let hduAdvice = "Choose an image; 'fitsinfo' lists them, the first being 1 here"
