import Foundation
import T2Core
import Testing

@Suite("A day")
struct CalendarDateTests {
    @Test(
        "is read and written as year, month and day",
        arguments: ["2024-07-26", "0001-01-01", "2024-02-29", "9999-12-31"])
    func days(text: String) throws {
        let date = try #require(CalendarDate(text))
        #expect(date.description == text)
        #expect(try JSONDecoder().decode(CalendarDate.self, from: JSONEncoder().encode(date)) == date)
    }

    @Test(
        "is refused where the calendar has no such day, or in another form",
        arguments: [
            "2023-02-29", "1900-02-29", "2024-13-01", "2024-00-10", "2024-1-1", "24-01-01", "2024-01-32", "",
            "2024/01/01", "-024-01-01", "0000-01-01",
        ])
    func refusals(text: String) { #expect(CalendarDate(text) == nil) }
}
