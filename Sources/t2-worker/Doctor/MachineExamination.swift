import Foundation
import T2CommandLine
import T2Core
import T2Engine
import T2Model
import T2Numerics
import T2Sandbox

/// The checks of `t2-worker doctor` that need nothing but this machine.
struct MachineExamination {
    private let resources = MachineResources()

    /// The vector instructions that our kernels use.
    func processor() -> Finding {
        let kernels = MachineFingerprint.kernels
        let found = "\(MachineFingerprint.processorModel), \(resources.cores) cores, kernels \(kernels)"
        guard kernels == "baseline" else { return .ok("processor", found) }
        return .warn(
            "processor", "\(found): AVX2 and FMA are not available, so that training takes several times as long",
            remedy: "Use a processor that has them; a virtual machine must be shown the host's (QEMU: -cpu host).")
    }

    /// Whether OpenBLAS chose kernels that suit the processor: an old version does not know a new one.
    func linearAlgebra() -> Finding {
        let nameAndVersion = MatrixMultiply.buildDescription.split(separator: " ").prefix(2).joined(separator: " ")
        let found = "\(nameAndVersion), core \(MatrixMultiply.coreName)"
        let cores = [
            "Katmai", "Prescott", "Core2", "Penryn", "Dunnington", "Nehalem", "Sandybridge", "Atom", "Generic",
        ]
        let isOld = cores.contains { $0.lowercased() == MatrixMultiply.coreName.lowercased() }
        guard isOld, MachineFingerprint.kernels != "baseline" else { return .ok("BLAS", found) }
        return .warn(
            "BLAS", "\(found), although the processor has AVX2",
            remedy: "Install a newer OpenBLAS, or start every worker with OPENBLAS_CORETYPE=Haswell.")
    }

    /// The speed of products of 512 × 512 matrices on one core: the best of several, since other programs may run too.
    func rate() -> Finding {
        MatrixMultiply.useThreads(1)
        let size = 512
        let buffers = (0..<3).map { _ in FloatBuffer([Float](repeating: 0.5, count: size * size)) }
        let clock = ContinuousClock()
        let best = withExtendedLifetime(buffers) {
            let matrices = buffers.map { $0.matrix(rows: size, columns: size) }
            return (0..<20).map { _ in
                clock.measure { MatrixMultiply.multiply(matrices[0], matrices[1], into: matrices[2]) }
            }.min()
        }
        let rate = 2 * pow(Double(size), 3) / (best ?? .seconds(1)).seconds / 1e9
        let found = String(format: "%.0f GFLOP/s on one core", rate)
        guard rate < 10 else { return .ok("rate", found) }
        return .warn(
            "rate", "\(found), of which 10 are usual even without AVX",
            remedy: "End what else runs here, and check that the processor is neither throttled nor emulated.")
    }

    /// Whether memory holds the weights and at least one lane.
    func memory(for model: ModelConfiguration, _ type: WeightType) -> Finding {
        let plan = LanePlan(requested: nil, resources: resources, model: model, type: type)
        guard let memory = resources.availableMemory else {
            return .ok("memory", "not reported by this system, so that it does not limit the lanes")
        }
        let (shared, lane) = (LanePlan.sharedBytes(model, type), LanePlan.laneBytes(model))
        let found =
            "\(PlainText.bytes(memory)) available; this model takes \(PlainText.bytes(shared)) "
            + "and \(PlainText.bytes(lane)) a lane, so that \(plan.lanes * plan.threads) of \(resources.cores) cores can work"
        if memory < shared + lane {
            return .fail(
                "memory",
                "\(PlainText.bytes(memory)) available; this model takes \(PlainText.bytes(shared + lane)) "
                    + "with one lane", remedy: "Free memory, or raise the control group's limit (memory.max).")
        }
        guard plan.lanes * plan.threads < resources.cores else { return .ok("memory", found) }
        return .warn("memory", found, remedy: "More memory would let all cores work.")
    }

    /// Whether the folder of kept decompositions can be written and has room for those of the model.
    func cache(for model: ModelConfiguration) -> Finding {
        let folder = SingularValueCache.standardFolder
        guard let free = CacheFolder.freeBytes(folder) else {
            return .warn(
                "cache", "\(folder) cannot be written, so that every start decomposes the model again",
                remedy: "Name another folder in T2_CACHE.")
        }
        let needed =
            4 * model.layerCount
            * MatrixKind.allCases.reduce(0) { sum, kind in
                let (rows, columns) = kind.shape(model)
                return sum + kind.rank(model) * (rows + columns + 1)
            }
        let found =
            "\(folder), \(PlainText.bytes(free)) free; this model's decomposition takes \(PlainText.bytes(needed))"
        guard free < needed else { return .ok("cache", found) }
        return .warn("cache", found, remedy: "Free disk space, or name another folder in T2_CACHE.")
    }

    /// Whether model-written programs can be run, by running two.
    func sandbox(_ isolation: ProgramIsolation) -> Finding {
        do {
            _ = try ProgramSandbox(parallelism: 1, isolation: isolation)
        } catch let error as any UserFacingError {
            return .fail("sandbox", error)
        } catch {
            return .fail("sandbox", "\(error)", remedy: "Install it with: apt-get install bubblewrap python3")
        }
        if isolation == .bubblewrap { return .ok("sandbox", "bubblewrap ran two trial programs") }
        return .warn(
            "sandbox", "programs run with this user's rights, as asked for",
            remedy: "Leave out --unsafe-no-sandbox where anything can be lost.")
    }

    /// Whether enough files can be opened: a worker has a few sockets, the model's files, and four pipes a lane.
    func descriptors() -> Finding {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let allowed = Int(clamping: limit.rlim_cur)
        let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
        let needed = 64 + 8 * resources.cores
        let found = "\(allowed) allowed, \(open) open"
        guard allowed - open < needed else { return .ok("descriptors", found) }
        return .fail(
            "descriptors", "\(found); a worker needs up to \(needed)",
            remedy: "Raise the limit: ulimit -n 1024, or LimitNOFILE= of a systemd unit.")
    }

    /// Whether the clock is later than this program, and not absurdly so.
    func clock(now: Date = Date()) -> Finding {
        let program = BundledExample.programFolder + "/t2-worker"
        let made =
            (try? FileManager.default.attributesOfItem(atPath: program)[.modificationDate] as? Date) ?? .distantPast
        let found = now.formatted(.iso8601)
        let remedy = "Set the clock, best by a time service such as chrony: keys and logs depend on it."
        if now < made.addingTimeInterval(-86_400) {
            return .fail(
                "clock", "\(found), before this program was made (\(made.formatted(.iso8601)))", remedy: remedy)
        }
        guard now < made.addingTimeInterval(20 * 365 * 86_400) || made == .distantPast else {
            return .fail("clock", "\(found), decades after this program was made", remedy: remedy)
        }
        return .ok("clock", found)
    }
}
