// Scores of two runs with their intervals. data: {names: [a, b], rows: [{name, unit, a, b, diff, verdict, n}]}
// a, b: {value, low, high, text}; diff: {text, tone}. Positions are shares of [0, 1] made in Python.
function interval(side, tone) {
  const lane = el("div", `lane t-${tone}`);
  if (!side) return el("div", "side", lane, el("span", "text none", "–"));
  if (side.low !== null && side.high !== null) {
    const range = el("span", "range");
    range.style.left = `${side.low * 100}%`;
    range.style.width = `max(2px, ${(side.high - side.low) * 100}%)`;
    lane.append(range);
  }
  const point = el("span", "point");
  point.style.left = `${side.value * 100}%`;
  lane.append(point);
  const text = el("span", "text", el("b", "", side.text), side.range ? el("span", "soft range-text", side.range) : null);
  if (side.hint) text.title = side.hint;
  return el("div", "side", lane, text);
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  const two = Boolean(data.names[1]);
  const frame = el("div", "frame");
  const head = el("div", "row head", el("span", "", "score"),
    el("span", "names", el("span", "t-gray who", el("span", "dot"), data.names[0]),
      two ? el("span", "t-violet who", el("span", "dot"), data.names[1]) : null),
    two ? el("span", "right", "difference") : null);
  if (!two) head.classList.add("single");
  frame.append(head);
  for (const row of data.rows) {
    const sides = el("div", "sides", interval(row.a, two ? "gray" : "violet"));
    if (two) sides.append(interval(row.b, "violet"));
    const node = el("div", `row${two ? "" : " single"}${row.name === data.selected ? " selected" : ""}`,
      el("div", "name", el("div", "clip", row.name), row.note ? el("div", "soft small clip", row.note) : null), sides);
    if (two) {
      const diff = el("div", `right diff t-${row.diff ? row.diff.tone : "gray"}`, row.diff ? row.diff.text : "–");
      if (row.diff && row.diff.note) diff.append(el("div", "soft small", row.diff.note));
      node.append(diff);
    }
    node.tabIndex = 0;
    node.addEventListener("click", () => setTriggerValue("open", row.name));
    node.addEventListener("keydown", (event) => { if (event.key === "Enter") setTriggerValue("open", row.name); });
    frame.append(node);
  }
  if (!data.rows.length) frame.append(el("div", "empty soft", "No scores in this run."));
  root.replaceChildren(frame);
}
