import MeissonicStudio
import Testing

@Test func timeLeftIsKnownAfterTwoStepsAndEndsAtZero() {
    var left = TimeLeft()
    #expect(left.after(step: 4, of: 8, now: 30) == nil)
    #expect(left.after(step: 5, of: 8, now: 32) == 4)
    #expect(left.after(step: 6, of: 8, now: 34) == 2)
    #expect(left.after(step: 7, of: 8, now: 36) == 0)
}
