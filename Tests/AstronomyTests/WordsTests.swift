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
}
