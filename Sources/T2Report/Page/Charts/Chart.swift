/// What draws itself as an image.
protocol Chart {
    /// - Parameter id: a name that no other element of the page has.
    func image(id: String) -> Markup
}
