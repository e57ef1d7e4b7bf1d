"use strict";
// Everything that workers, models and tasks said reaches the page as text nodes and attribute values only, never as HTML.

const colors = ["#2563c9", "#d1495b", "#2a9d58", "#e0a030", "#7b61b5", "#17a2a2", "#b5651d", "#8c96a3"];
const outcomes = [["right", "right"], ["wrong", "wrong"], ["no_answer", "no-answer"], ["cut_off", "cut-off"]];
const token = location.hash.slice(1);
const byId = (id) => document.getElementById(id);
const isNumber = (value) => typeof value === "number" && isFinite(value);

function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key === "onclick") element.addEventListener("click", value); else element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function draw(name, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

// MARK: numbers

function short(value) {
  if (!isNumber(value)) return "–";
  const size = Math.abs(value);
  if (size >= 1e6) return (value / 1e6).toFixed(1) + " M";
  if (size >= 1e4) return (value / 1e3).toFixed(1) + " k";
  if (size >= 100 || Number.isInteger(value)) return String(Math.round(value));
  return size >= 0.001 || size === 0 ? String(Number(value.toFixed(size >= 1 ? 2 : 3))) : value.toExponential(1);
}
const percent = (value) => (isNumber(value) ? (100 * value).toFixed(1) + " %" : "–");
function time(seconds) {
  if (!isNumber(seconds)) return "–";
  if (seconds < 60) return seconds.toFixed(seconds < 10 ? 1 : 0) + " s";
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

// MARK: charts

const size = { width: 380, height: 170, left: 42, right: 8, top: 8, bottom: 20 };

function ticks(low, high) {
  const step = 10 ** Math.floor(Math.log10((high - low) / 3 || 1));
  const width = [1, 2, 5, 10].map((n) => n * step).find((w) => (high - low) / w <= 4.5);
  const found = [];
  for (let value = Math.ceil(low / width - 1e-9) * width; value <= high + width * 1e-6; value += width) {
    found.push(Math.abs(value) < width * 1e-6 ? 0 : value);
  }
  return found;
}

// series: [{name, color, points: [[x, y]], band: [[x, low, high]], area: bool}]; areas are drawn from the last to the first.
function chart(title, note, series, format, range) {
  const figure = make("figure", {}, make("figcaption", {}, title, make("span", {}, note)));
  series = series.map((s) => ({ ...s, points: s.points.filter((p) => isNumber(p[1])) })).filter((s) => s.points.length);
  const svg = draw("svg", { viewBox: `0 0 ${size.width} ${size.height}`, role: "img", "aria-label": title });
  figure.append(svg);
  if (!series.length) {
    svg.append(draw("text", { x: size.width / 2, y: size.height / 2, "text-anchor": "middle" }, "no data yet"));
    return figure;
  }
  const xs = series.flatMap((s) => s.points.map((p) => p[0]));
  const ys = series.flatMap((s) => s.points.map((p) => p[1]).concat((s.band || []).flatMap((b) => b.slice(1))));
  let [left, right] = [Math.min(...xs), Math.max(...xs)];
  if (left === right) { left -= 0.5; right += 0.5; }
  let [low, high] = range || [Math.min(...ys), Math.max(...ys)];
  if (!range) { const margin = (high - low) * 0.08 || Math.abs(high) * 0.1 || 1; low -= margin; high += margin;
    if (Math.min(...ys) >= 0 && low < 0) low = 0; }
  const x = (v) => size.left + (v - left) / (right - left) * (size.width - size.left - size.right);
  const y = (v) => size.height - size.bottom - (v - low) / (high - low) * (size.height - size.top - size.bottom);
  for (const value of ticks(low, high)) {
    svg.append(draw("line", { x1: size.left, x2: size.width - size.right, y1: y(value), y2: y(value),
      stroke: "currentColor", "stroke-opacity": 0.12 }));
    svg.append(draw("text", { x: size.left - 5, y: y(value) + 3, "text-anchor": "end" }, format(value)));
  }
  for (const value of ticks(left, right).filter(Number.isInteger)) {
    svg.append(draw("text", { x: x(value), y: size.height - 6, "text-anchor": "middle" }, short(value)));
  }
  const path = (points) => points.map((p, i) => `${i ? "L" : "M"}${x(p[0]).toFixed(1)} ${y(p[1]).toFixed(1)}`).join("");
  for (const s of series) {
    if (s.band) {
      const edge = s.band.map((b) => [b[0], b[2]]).concat(s.band.map((b) => [b[0], b[1]]).reverse());
      svg.append(draw("path", { d: path(edge) + "Z", fill: s.color, "fill-opacity": 0.13 }));
    }
    if (s.area) {
      const edge = s.points.concat([[s.points.at(-1)[0], low], [s.points[0][0], low]]);
      svg.append(draw("path", { d: path(edge) + "Z", fill: s.color }));
    } else {
      svg.append(draw("path", { d: path(s.points), fill: "none", stroke: s.color, "stroke-width": 1.6,
        "stroke-linejoin": "round" }));
    }
    if (!s.area && s.points.length < 25) {
      for (const p of s.points) svg.append(draw("circle", { cx: x(p[0]), cy: y(p[1]), r: 2.2, fill: s.color }));
    }
  }
  if (series.length > 1) {
    figure.append(make("div", { class: "legend" }, ...series.map((s) => {
      const mark = make("i"); mark.style.background = s.color;
      return make("span", {}, mark, s.name);
    })));
  }
  return figure;
}

function curves(history) {
  const runs = history.runs.map((run, index) => ({ ...run, color: colors[index % colors.length] }));
  const line = (key) => runs.map((run) => ({ name: run.name, color: run.color,
    points: run.steps.map((s) => [s.step, s[key]]) }));
  const charts = [
    chart("Validation accuracy", "95 % interval", runs.map((run) => ({ name: run.name, color: run.color,
      points: run.evaluations.map((e) => [e.step, e.accuracy]), band: run.evaluations.map((e) => [e.step, e.lower, e.upper]) })),
      (v) => Math.round(100 * v) + " %"),
    chart("Training accuracy", "right / sequences", line("accuracy"), (v) => Math.round(100 * v) + " %"),
    chart("Mean reward", "−1…1", line("reward_mean"), short),
    chart("KL divergence", "nats per token", line("kl"), short),
    chart("Gradient norm", "before clipping", line("gradient_norm"), short),
    chart("Speed", "tokens/s", line("tokens_per_second"), short),
  ];
  for (const run of runs) {
    // Stacked shares: each area reaches from its upper edge to the axis, the highest first.
    let below = run.steps.map(() => 0);
    const areas = outcomes.map(([key, name]) => {
      below = run.steps.map((s, i) => below[i] + s[key] / Math.max(1, s.sequences));
      return { name, color: `var(--${name})`, area: true, points: run.steps.map((s, i) => [s.step, below[i]]) };
    });
    charts.push(chart(runs.length > 1 ? `Outcomes of ${run.name}` : "Outcomes", "share of a step's sequences",
      areas.reverse(), (v) => Math.round(100 * v) + " %", [0, 1]));
  }
  byId("curves").replaceChildren(...charts);
  byId("load").replaceChildren(
    chart("Utilisation", "busy lanes / lanes", [{ name: "", color: colors[0],
      points: history.load.map((l) => [l.time, l.lanes ? l.lanes_busy / l.lanes : 0]) }],
      (v) => Math.round(100 * v) + " %", [0, 1]),
    chart("Cluster speed", "tokens/s, by second", [{ name: "", color: colors[2],
      points: history.load.map((l) => [l.time, l.tokens_per_second]) }], short));
}

// MARK: tables

function table(id, header, rows) {
  byId(id).replaceChildren(
    make("tr", {}, ...header.map(([name, kind]) => make("th", { class: kind || "" }, name))),
    ...rows.map((row) => make("tr", {}, ...row.map((cell, i) => make("td", { class: header[i][1] || "" }, cell ?? "–")))));
}

function show(status) {
  const state = status.is_stopping ? "stopping" : status.is_paused ? "paused" : status.workers.length ? "running" : "waits for workers";
  byId("state").textContent = state;
  byId("state").className = "badge " + state.split(" ")[0];
  byId("summary").textContent = `${status.program} · up ${time(status.up_seconds)} · ${status.workers.length} workers, ` +
    `${status.lanes_busy} of ${status.lanes} lanes busy · last result ${time(status.quiet_seconds)} ago`;
  byId("actions").replaceChildren(...(token ? [
    make("button", { id: "pause", onclick: () => act(status.is_paused ? "resume" : "pause") }, status.is_paused ? "Resume" : "Pause"),
    " ", make("button", { id: "stop", onclick: () => confirm("Stop the jobs? --resume continues them.") && act("stop") }, "Stop"),
  ] : []));
  byId("runs").replaceChildren(...status.runs.map(card));
  table("workers", [["worker"], ["state"], ["lanes", "number"], ["leases", "number"], ["tokens/s", "number"],
    ["units", "number"], ["here for", "number"], ["last heard", "number"], ["machine"], [""]],
    status.workers.map((w) => [w.name, w.state, `${w.lanes_busy}/${w.lanes}`, short(w.leases), short(w.tokens_per_second),
      short(w.units), time(w.joined_seconds), time(w.last_heard_seconds), w.machine,
      token && w.state !== "draining" ? make("button", { onclick: () => act("drain?worker=" + encodeURIComponent(w.name)) }, "Drain") : ""]));
  const names = ["", ...status.runs.map((run) => run.name)];
  const select = byId("filter-run");
  if ([...select.options].map((o) => o.value).join("\n") !== names.join("\n")) {
    const chosen = select.value;
    select.replaceChildren(...names.map((name) => make("option", { value: name }, name || "all")));
    select.value = names.includes(chosen) ? chosen : "";
  }
}

function card(run) {
  const round = run.round;
  const facts = [];
  if (isNumber(run.steps)) facts.push(["step", `${run.step} of ${run.steps}`], ["ETA", time(run.eta_seconds)]);
  if (round) facts.push([`round: ${round.phase}`, `${round.units_accepted} of ${round.units} units, ${short(round.tokens)} tokens`]);
  if (run.last_step) facts.push(["reward", run.last_step.reward_mean.toFixed(3)], ["accuracy", percent(run.last_step.accuracy)],
    ...(isNumber(run.last_step.kl) ? [["KL", short(run.last_step.kl)]] : []), ["step time", time(run.last_step.seconds)], ["tokens/s", short(run.last_step.tokens_per_second)]);
  if (run.last_evaluation) facts.push(["validation", percent(run.last_evaluation.accuracy)],
    ["best", `${percent(run.last_evaluation.best_accuracy)} at step ${run.last_evaluation.best_step}`]);
  const done = isNumber(run.steps) ? [run.step, run.steps] : round ? [round.completions, round.completions_total] : [0, 1];
  return make("div", { class: "card" }, make("h3", {}, run.name, make("span", { class: "badge" }, run.state)),
    make("progress", { value: done[0], max: Math.max(1, done[1]) }),
    make("dl", {}, ...facts.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)])));
}

function showWaits(report) {
  byId("why").textContent = report.summary;
  table("waits", [["run"], ["what"], ["worker"], ["since", "number"], ["tokens", "number"], ["how it stands", "wide"]],
    report.waits.slice(0, 50).map((w) => [w.run, w.what, w.worker, time(w.since_seconds), short(w.tokens), w.verdict]));
}

function showRollouts(report) {
  const found = report.rollouts.map(({ run, completion: c, reason }) => make("div", { class: "rollout" },
    make("div", {}, make("span", { class: "badge " + c.outcome }, c.outcome), make("strong", {}, c.problem),
      make("span", { class: "quiet" }, `${run} · step ${c.step} · ${c.phase} · sample ${c.sample} · ${c.tokens} tokens · by ${c.worker}`),
      isNumber(c.reward) ? make("span", {}, `reward ${c.reward > 0 ? "+" : ""}${c.reward}, advantage ${c.advantage.toFixed(3)}`) : null),
    make("div", { class: "quiet reason" }, reason),
    make("pre", { class: "prompt" }, c.prompt), make("pre", { class: "completion" }, c.completion)));
  const missing = report.missing.map((m) => make("div", { class: "rollout" }, make("div", {},
    make("span", { class: "badge missing" }, "missing"), `step ${m.step}, unit ${m.phase}/${m.unit}, attempt ${m.attempt} on ${m.worker}`),
    ...Object.entries(m.missing).map(([reason, count]) => make("div", { class: "quiet" }, `${count} times: ${reason}`))));
  byId("rollouts").replaceChildren(...missing, ...found);
  if (!missing.length && !found.length) byId("rollouts").append(make("p", { class: "quiet" }, "no completions match"));
}

// MARK: requests

const headers = token ? { Authorization: "Bearer " + token } : {};

async function get(path) {
  const answer = await fetch("/api/" + path, { headers });
  if (!answer.ok) throw new Error(answer.status === 401 ? "the token is missing: use the address that t2-coord status shows" : answer.statusText);
  return answer.json();
}

async function act(path) {
  const answer = await fetch("/api/" + path, { method: "POST", headers });
  const body = await answer.json().catch(() => ({}));
  byId("summary").textContent = body.message || body.error?.message || answer.statusText;
}

async function loadRollouts() {
  const query = new URLSearchParams({ limit: "20", run: byId("filter-run").value, outcome: byId("filter-outcome").value,
    phase: byId("filter-phase").value });
  showRollouts(await get("rollouts?" + query));
}

let shownSteps = "";
async function refresh(status) {
  show(status);
  showWaits(await get("why"));
  curves(await get("history"));
  const steps = JSON.stringify(status.runs.map((run) => [run.name, run.step, run.last_evaluation?.step]));
  if (steps !== shownSteps) { shownSteps = steps; await loadRollouts(); }
}

// The events are read from a request of our own, because EventSource cannot send the token.
async function follow() {
  const answer = await fetch("/api/events", { headers });
  if (!answer.ok) throw new Error(answer.status === 401 ? "the token is missing: use the address that t2-coord status shows" : answer.statusText);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error("the coordinator has ended");
    buffer += value;
    const events = buffer.split("\n\n");
    buffer = events.pop();
    if (!events.length) continue;
    const data = events.at(-1).split("\n").find((line) => line.startsWith("data: "));
    await refresh(JSON.parse(data.slice(6)));
  }
}

async function forever() {
  for (;;) {
    try { await follow(); } catch (error) {
      byId("state").textContent = "no connection";
      byId("state").className = "badge lost";
      byId("summary").textContent = String(error.message || error);
    }
    await new Promise((resolve) => setTimeout(resolve, 3000));
  }
}

byId("reload").addEventListener("click", loadRollouts);
for (const id of ["filter-run", "filter-outcome", "filter-phase"]) byId(id).addEventListener("change", loadRollouts);
byId("filter").addEventListener("submit", (event) => event.preventDefault());
forever();
