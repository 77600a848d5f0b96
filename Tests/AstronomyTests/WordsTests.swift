import Astronomy
import Testing

@Suite("Words") struct WordsTests {
  @Test(arguments: [
    ("plain text", "plain text"), ("Brüggen, M.; Łokas, E.", "Bruggen, M.; Lokas, E."),
    ("10 μJy ± 3″", "10 uJy +/- 3\""), ("5 µJy", "5 uJy"), ("two\nlines ★", "two?lines ?"),
  ])
  func textIsBroughtToASCII(text: String, plain: String) {
    #expect(text.inASCII == plain)
  }

  @Test(arguments: [
    ("1.25D-02", 0.0125), ("1.25-02", 0.0125), ("1.25+102", 1.25e102), ("−1.5", -1.5), (" 3 ", 3),
    ("1.25q-2", 0.0125),
  ])
  func numbersOfCatalogues(text: String, number: Double) {
    #expect(Double(catalogue: text) == number)
  }

  @Test(arguments: [
    "0x10", "12-02", "1.5-1234", "12.5-3", "10.5-20", "1,5", "1_000", "nan", "", "1p3",
  ])
  func otherTextsAreNoNumbers(text: String) {
    #expect(Double(catalogue: text) == nil)
  }
}
