/// A worker that has no base model yet asks which one is wanted. It may come before HELLO.
package struct GetModel: Sendable, Equatable, Codable {
    package init() {}
}
