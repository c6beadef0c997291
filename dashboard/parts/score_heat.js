// Rows of evaluations as a strip of colours, one line a run. data: {columns: [{id, name}], lines: [{name, kind,
// cells: [share | null], texts}], selected, note}. A share is a place in [0, 1]; kind "change" is in [-1, 1].
const TALL = 18;
const GAP = 3;

function fill(cell, share, kind) {
  if (share === null) { cell.setAttribute("class", "cell lacking"); return; }
  if (kind === "change") {
    cell.setAttribute("class", `cell ${share < 0 ? "worse" : share > 0 ? "better" : "same"}`);
    cell.setAttribute("fill-opacity", share ? (0.25 + 0.75 * Math.min(1, Math.abs(share))).toFixed(3) : "1");
  } else {
    cell.setAttribute("class", "cell value");
    cell.setAttribute("fill-opacity", (0.06 + 0.94 * share).toFixed(3));
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  const n = data.columns.length;
  const tall = data.lines.length * (TALL + GAP) - GAP;
  const picture = svg("svg", { viewBox: `0 0 ${n} ${tall}`, preserveAspectRatio: "none", class: "picture", height: tall });
  const room = n > 150 ? 0 : 0.08;
  data.lines.forEach((line, at) => line.cells.forEach((share, column) => {
    const cell = svg("rect", { x: column + room / 2, y: at * (TALL + GAP), width: 1 - room, height: TALL });
    fill(cell, share, line.kind);
    picture.append(cell);
  }));
  const frame = (kind) => {
    const node = svg("rect", { y: -1, height: tall + 2, width: 1, class: kind });
    node.style.display = "none";
    picture.append(node);
    return node;
  };
  const [chosen, under] = [frame("chosen"), frame("under")];
  const place = (node, column) => { node.style.display = column < 0 ? "none" : ""; node.setAttribute("x", column); };
  place(chosen, data.columns.findIndex((column) => column.id === data.selected));
  const said = el("div", "said soft", data.note || "");
  const labels = el("div", "labels");
  for (const line of data.lines) {
    const label = el("div", "label", line.name);
    label.title = line.name;
    labels.append(label);
  }
  const columnAt = (event) => {
    const box = picture.getBoundingClientRect();
    return Math.max(0, Math.min(n - 1, Math.floor(((event.clientX - box.left) / box.width) * n)));
  };
  picture.addEventListener("pointermove", (event) => {
    const column = columnAt(event);
    place(under, column);
    const parts = data.lines.map((line) => `${line.name} ${line.texts[column]}`);
    said.textContent = `${data.columns[column].name} · ${parts.join(" · ")}`;
  });
  picture.addEventListener("pointerleave", () => { place(under, -1); said.textContent = data.note || ""; });
  picture.addEventListener("click", (event) => setTriggerValue("row", data.columns[columnAt(event)].id));
  root.replaceChildren(el("div", "heat", labels, el("div", "plot", picture)), said);
}
