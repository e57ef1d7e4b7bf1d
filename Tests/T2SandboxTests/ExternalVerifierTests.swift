import Foundation
import T2Core
import T2Sandbox
import T2TestSupport
import Testing

/// Real programs in Python and sh. A timeout is short only where the program hangs.
@Suite("An external verifier", .timeLimit(.minutes(20)))
struct ExternalVerifierTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func request(
        _ response: String, id: String = "p1", record: String = #"{"answer": "4"}"#, finished: Bool = true
    ) -> ExternalVerifier.Request {
        ExternalVerifier.Request(id: id, prompt: "2 + 2?", response: response, record: record, finished: finished)
    }

    /// For each request `r` it runs `act`, then prints the text that the expression `answer` gives.
    private func python(
        _ answer: String, act: String = "pass", seconds: Double = 60, parallelism: Int = 1
    ) throws -> ExternalVerifier {
        try folder.write(
            """
            import json, os, signal, subprocess, sys, time
            count = 0
            for line in sys.stdin:
                r = json.loads(line)
                count += 1
                \(act.replacing("\n", with: "\n    "))
                print(\(answer), flush=True)
            """, to: "verify.py")
        return try ExternalVerifier(
            command: ["python3", "verify.py"], folder: folder.path, timeout: .seconds(seconds), parallelism: parallelism
        )
    }

    private func shell(_ script: String) throws -> ExternalVerifier {
        try folder.writeExecutable("#!/bin/sh\n" + script, to: "verify")
        return try ExternalVerifier(
            command: ["./verify"], folder: folder.path, timeout: .seconds(60), parallelism: 1)
    }

    private func missing(_ result: ExternalReply) -> String? {
        guard case .missing(let reason) = result.reward else { return nil }
        return reason
    }

    @Test("tells it everything about a completion")
    func everything() throws {
        let verifier = try python("json.dumps({'outcome': 'right', 'extracted': json.dumps(r, sort_keys=True)})")
        let record = "{\n  \"answer\": \"4\\n\",\r\n  \"n\": [1, {\"é\": null}]\n}"
        let result = verifier.judge([request("four \"4\"\n😀\u{0}", record: record, finished: false)])[0]
        let told = try JSONSerialization.jsonObject(with: Data(try #require(result.extracted).utf8)) as? NSDictionary
        #expect(
            told == [
                "id": "p1", "prompt": "2 + 2?", "response": "four \"4\"\n😀\u{0}", "finished": false,
                "record": ["answer": "4\n", "n": [1, ["é": NSNull()] as NSDictionary] as NSArray] as NSDictionary,
            ])
        #expect(result.reward == .judged(.right))
    }

    @Test(
        "takes an outcome or a score",
        arguments: [
            (#"{"outcome": "right"}"#, Reward.judged(.right)), (#"{"outcome": "wrong"}"#, .judged(.wrong)),
            (#"{"outcome": "no-answer"}"#, .judged(.noAnswer)), (#"{"score": 1}"#, .judged(.right)),
            (#"{"score": 0.25, "other": [1]}"#, .judged(.right)), (#"{"score": 0}"#, .judged(.wrong)),
            (#"{"score": -1.0, "id": "p1"}"#, .judged(.wrong)),
            (#"{"outcome": "missing", "reason": "no network"}"#, .missing(reason: "python3 verify.py: no network")),
        ])
    func outcomes(answer: String, reward: Reward) throws {
        let verifier = try python("r['response']")
        #expect(verifier.judge([request(answer)])[0].reward == reward)
    }

    @Test("passes on what it found and why")
    func explanation() throws {
        let verifier = try python("json.dumps({'score': 1, 'extracted': '4', 'reason': 'equal'})")
        let result = verifier.judge([request("4")])[0]
        #expect(result.extracted == "4")
        #expect(result.reason == "equal")
    }

    @Test(
        "calls missing what is no judgement, and says what it was",
        arguments: [
            ("hello", "printed 'hello'"), ("", "printed ''"), ("[1]", "printed '[1]'"), ("4", "printed '4'"),
            ("{}", "expected an \"outcome\" or a \"score\""),
            (#"{"score": "1"}"#, "score: "), (#"{"score": true}"#, "score: "), (#"{"score": null}"#, "expected an"),
            (#"{"score": NaN}"#, "printed"), (#"{"score": Infinity}"#, "printed"), (#"{"score": 1e999}"#, "printed"),
            (#"{"outcome": "maybe"}"#, "the outcome 'maybe', expected right, wrong, no-answer or missing"),
            (#"{"outcome": 1}"#, "outcome: "), (#"{"outcome": "right", "score": 1}"#, "not both"),
            (#"{"outcome": "right", "id": "p2"}"#, "answered 'p2' when asked about 'p1'"),
            (#"{"outcome": "right", "extracted": 4}"#, "extracted: "), (#"{"outcome": "right""#, "printed"),
            ("{\"outcome\": \"right\"}\n{\"outcome\": \"right\"}", "more than one line"),
        ])
    func malformed(answer: String, problem: String) throws {
        let verifier = try python("r['response']")
        let results = verifier.judge([request(answer), request(#"{"score": 1}"#)])
        let reason = try #require(missing(results[0]))
        #expect(reason.hasPrefix("python3 verify.py "))
        #expect(reason.contains(problem), "\(reason)")
        #expect(results[1].reward == .judged(.right))
    }

    @Test(
        "calls missing the completion at which the program ends, with the last line of its errors, and starts it again",
        arguments: [
            ("sys.exit(3)", "ended with status 3 instead of answering"),
            ("sys.exit(0)", "ended with status 0 instead of answering"),
            ("print('one\\nlast', file=sys.stderr)\n    sys.exit(1)", "the last line on its standard error is 'last'"),
            ("raise ValueError('odd')", "the last line on its standard error is 'ValueError: odd'"),
            ("os.kill(os.getpid(), signal.SIGTERM)", "was killed by signal 15"),
            ("os.close(1)\n    time.sleep(600)", "closed its output"),
        ])
    func ends(act: String, problem: String) throws {
        let verifier = try python("'{\"score\": %d}' % (count == 1)", act: "if r['response'] == 'end':\n    \(act)")
        let results = verifier.judge([request("end"), request("x"), request("x")])
        let reason = try #require(missing(results[0]))
        #expect(reason.contains(problem), "\(reason)")
        // Counted from its new start: it is kept afterwards.
        #expect(results[1...].map(\.reward) == [.judged(.right), .judged(.wrong)])
    }

    @Test("ends a program that hangs, with its children, and asks another one")
    func hangs() throws {
        let act = """
            if r['response'] == 'hang':
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                child = subprocess.Popen(['sleep', '600'])
                open('child', 'w').write(str(child.pid))
                print('waiting', file=sys.stderr, flush=True)
                time.sleep(600)
            """
        let verifier = try python("'{\"score\": 1}'", act: act, seconds: 3)
        let results = verifier.judge([request("hang"), request("x")])
        #expect(
            results[0].reward
                == .missing(
                    reason:
                        "python3 verify.py did not answer within 3.0 s; the last line on its standard error is 'waiting'"
                ))
        #expect(results[1].reward == .judged(.right))
        let child = try #require(pid_t(try String(contentsOfFile: "\(folder.path)/child", encoding: .utf8)))
        // The suite's time limit is what fails if it never ends. A zombie has ended.
        while let status = try? String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8), !status.contains(") Z")
        {
            sched_yield()
        }
    }

    @Test(
        "bounds a flood",
        arguments: [
            ("while True: os.write(1, b'x' * 65536)", "a line of more than 1048576 bytes"),
            ("while True: os.write(1, b'{}\\n' * 1000)", "more than one line"),
        ])
    func flood(act: String, problem: String) throws {
        let verifier = try python("'{\"score\": 1}'", act: "if r['response'] == 'flood':\n    \(act)")
        let results = verifier.judge([request("flood"), request("x")])
        #expect(try #require(missing(results[0])).contains(problem))
        #expect(results[1].reward == .judged(.right))
    }

    @Test("reads what it writes to standard error, however much")
    func diagnostics() throws {
        let verifier = try python("'{\"score\": 1}'", act: "os.write(2, b'x' * (8 << 20))")
        #expect(verifier.judge([request("x"), request("x")]).map(\.reward) == [.judged(.right), .judged(.right)])
        let endless = try python("'{\"score\": 1}'", act: "while True: os.write(2, b'x' * 65536)", seconds: 2)
        #expect(try #require(missing(endless.judge([request("x")])[0])).contains("did not answer"))
    }

    @Test("survives a program that does not read its request")
    func unread() throws {
        let long = String(repeating: "x", count: 4 << 20)
        let ended = try shell("echo no >&2\nexit 0")
        let reason = try #require(missing(ended.judge([request(long)])[0]))
        #expect(
            reason.contains("ended with status 0") && reason.hasSuffix("the last line on its standard error is 'no'"),
            "\(reason)")
        let eager = try shell("while true; do echo '{\"score\": 1}'; sleep 600; done")
        #expect(try #require(missing(eager.judge([request(long)])[0])).contains("before it had read its request"))
    }

    @Test("passes long completions on whole")
    func long() throws {
        let verifier = try python("json.dumps({'score': len(r['response']) == 4 << 20 and 1})")
        #expect(verifier.judge([request(String(repeating: "é", count: 4 << 20))])[0].reward == .judged(.right))
    }

    @Test("may be any program, and finds its files in the folder")
    func shellProgram() throws {
        try folder.write("4", to: "golds")
        let verifier = try shell(
            """
            while read -r line; do
                case $line in
                *"\\"response\\":\\"$(cat golds)\\""*) echo '{"outcome": "right"}' ;;
                *) echo '{"outcome": "wrong"}' > /dev/stdout ;;
                esac
            done
            """)
        #expect(
            verifier.judge([request("4"), request("5"), request("4")]).map(\.reward)
                == [.judged(.right), .judged(.wrong), .judged(.right)])
    }

    @Test("keeps the order of a batch, and starts as many programs as may run at once")
    func order() throws {
        // Each answers only once both run.
        let act = """
            open(f'running-{os.getpid()}', 'w').close()
            while len([name for name in os.listdir() if name.startswith('running-')]) < 2: time.sleep(0.001)
            """
        let verifier = try python("json.dumps({'score': 1, 'extracted': r['response']})", act: act, parallelism: 2)
        let results = verifier.judge((0..<40).map { request("\($0)") })
        #expect(results.map(\.extracted) == (0..<40).map { "\($0)" })
        let running = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
            $0.hasPrefix("running-")
        }
        #expect(running.count == 2)
        #expect(verifier.judge([]) == [])
    }

    @Test("lets a program write what it holds when its input ends")
    func end() throws {
        try folder.write(
            "import sys\nfor line in sys.stdin: print('{\"score\": 1}', flush=True)\nopen('end', 'w').write('whole')\n",
            to: "verify.py")
        do {
            let verifier = try ExternalVerifier(
                command: ["python3", "verify.py"], folder: folder.path, timeout: .seconds(60), parallelism: 1)
            #expect(verifier.judge([request("x")])[0].reward == .judged(.right))
        }
        // A thread of the last judgement may hold the verifier for a moment more, and the program takes its time.
        let deadline = ContinuousClock.now + .seconds(60)
        func written() -> String? { try? String(contentsOfFile: "\(folder.path)/end", encoding: .utf8) }
        while written() != "whole", .now < deadline { sched_yield() }
        #expect(written() == "whole")
    }

    @Test("refuses a command or a folder that is not there")
    func absent() throws {
        func problem(_ command: [String], in folder: String) -> InputError? {
            #expect(throws: InputError.self) {
                try ExternalVerifier(command: command, folder: folder, timeout: .seconds(1), parallelism: 1)
            }
        }
        #expect(problem([], in: folder.path)?.description.contains("its command is empty") == true)
        #expect(
            problem(["no-such-program"], in: folder.path)?.description.contains("'no-such-program' in PATH") == true)
        #expect(problem(["./absent"], in: folder.path)?.description.contains("'./absent' in \(folder.path)") == true)
        #expect(problem(["sh"], in: "\(folder.path)/absent")?.exitStatus == .configuration)
    }
}
