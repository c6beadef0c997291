// Scores of runs with their intervals. data: {names, rows: [{name, note, sides, diffs}], selected}
// A side: {value, low, high, text, range}, places as shares of [0, 1] made in Python. A difference, of a run
// to the first: {text, range, word, tone, note}.
const RUN_TONES = ["gray", "violet", "blue", "orange", "green", "red"];

function runTone(place, runs) {
  return RUN_TONES[runs === 1 ? 1 : place % RUN_TONES.length];
}

function lane(side, tone) {
  const node = el("div", `lane t-${tone}`);
  if (!side) return node;
  if (side.low !== null && side.high !== null) {
    const range = el("span", "range");
    range.style.left = `${side.low * 100}%`;
    range.style.width = `max(2px, ${(side.high - side.low) * 100}%)`;
    node.append(range);
  }
  const point = el("span", "point");
  point.style.left = `${side.value * 100}%`;
  node.append(point);
  return node;
}

function texts(side) {
  if (!side) return el("span", "text none", "–");
  return el("span", "text", el("b", "", side.text), el("span", "soft", side.range || ""));
}

function change(diff) {
  if (!diff) return el("span", "diff");
  const node = el("span", `diff t-${diff.tone}`, el("b", "", diff.text), el("span", "soft", diff.range || ""),
    diff.word ? el("span", "chip", diff.word) : null);
  if (diff.note) node.title = diff.note;
  return node;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  const many = data.names.length > 1;
  const frame = el("div", "frame");
  const names = el("span", "names");
  data.names.forEach((name, place) => {
    const who = el("span", `t-${runTone(place, data.names.length)} who`, el("span", "dot"), el("span", "clip", name));
    who.title = name;
    names.append(who);
  });
  frame.append(el("div", `row head${many ? "" : " single"}`, el("span", "", "score"), names,
    many ? el("span", "", "against the first") : null));
  for (const row of data.rows) {
    const sides = el("div", "sides");
    row.sides.forEach((side, place) => {
      const line = el("div", `side${many ? "" : " single"}`, lane(side, runTone(place, data.names.length)), texts(side));
      if (many) line.append(place ? change(row.diffs[place]) : el("span", "diff soft", "base"));
      sides.append(line);
    });
    const node = el("div", `row two${row.name === data.selected ? " selected" : ""}`,
      el("div", "name", el("div", "clip", row.name), row.note ? el("div", "soft small clip", row.note) : null), sides);
    node.tabIndex = 0;
    node.setAttribute("role", "button");
    node.addEventListener("click", () => setTriggerValue("open", row.name));
    node.addEventListener("keydown", (event) => { if (event.key === "Enter") setTriggerValue("open", row.name); });
    frame.append(node);
  }
  if (!data.rows.length) frame.append(el("div", "empty soft", "No scores in this run."));
  root.replaceChildren(frame);
}
