import Foundation
import T2TestSupport
import Testing

@Suite("Audits among real workers", .serialized)
struct AuditRunTests {
    /// Whether this processor runs the kernels of both machine kinds.
    private static let hasBothKinds: Bool = {
        let information = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        return ["avx2", "avx512f", "avx512bw", "avx512dq", "avx512vl"].allSatisfy { information.contains($0) }
    }()

    @Test(
        "an honest worker of another machine kind is confirmed, and confirms",
        .enabled(if: hasBothKinds, "this processor lacks AVX-512, and so the kernels of a second machine kind"))
    func otherKind() async throws {
        let cluster = try Cluster()
        let coordinator = try cluster.coordinator(extra: ["--set", "audit=1", "--verbose"])
        let endpoint = try await cluster.endpoint(coordinator)
        let workers = try [("ann", "Haswell"), ("bob", "SkylakeX")].map { name, core in
            try RunningProgram(
                "t2-worker", ["join", endpoint, "--model", Cluster.model, "--lanes", "1", "--name", name, "--verbose"],
                environment: ["OPENBLAS_CORETYPE": core])
        }
        #expect(await coordinator.status(seconds: 600) == 0, "\(coordinator.text)")
        for (worker, core) in zip(workers, ["Haswell", "SkylakeX"]) {
            #expect(await worker.status(seconds: 30) == 0, "\(worker.text)")
            #expect(worker.text.contains("BLAS \(core)"), "\(worker.text)")
        }
        let agreed = coordinator.lines.filter { $0.contains("results of two machine kinds agree") }
        #expect(agreed.count >= 18, "\(coordinator.text)")
        #expect(!coordinator.text.contains("worker refused"), "\(coordinator.text)")
        #expect(workers.contains { $0.text.contains("leased to check") })
    }
}
