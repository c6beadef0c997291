// Runs as lines over parallel axes, coloured by the last one. Dragging along an axis keeps the runs in that range.
// data: {axes: [{name, names: [text] | null}], lines: [{id, name, values: [number | null]}]}; with names a value is a
// place in them. Events: keep [ids], open id.
const WIDE = 1000, TALL = 360, PAD = { left: 60, right: 90, top: 30, bottom: 14 };
const short = (value) => Number(value.toPrecision(3)).toLocaleString("en", { maximumSignificantDigits: 3 });
const clip = (text, length) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  const { axes, lines } = data;
  const X = (at) => PAD.left + (axes.length > 1 ? (at / (axes.length - 1)) * (WIDE - PAD.left - PAD.right) : 0);
  const ranges = axes.map((axis, at) => {
    let [low, high] = [Infinity, -Infinity];
    for (const { values: { [at]: value } } of lines) if (value !== null) { low = Math.min(low, value); high = Math.max(high, value); }
    if (low > high) return [0, 1];
    return low === high ? [low - 0.5, high + 0.5] : [low, high];
  });
  const Y = (at, value) => TALL - PAD.bottom - ((value - ranges[at][0]) / (ranges[at][1] - ranges[at][0])) * (TALL - PAD.top - PAD.bottom);
  const back = (at, y) => ranges[at][0] + ((TALL - PAD.bottom - y) / (TALL - PAD.top - PAD.bottom)) * (ranges[at][1] - ranges[at][0]);
  const colour = (share) => (share === null ? "var(--faint)" : `hsl(${(235 - share * 205).toFixed(0)} 68% 52%)`);
  const last = axes.length - 1;
  const shown = lines.map((line) => {
    let path = "", pen = false;
    line.values.forEach((value, at) => {
      if (value === null) { pen = false; return; }
      path += `${pen ? "L" : "M"}${X(at).toFixed(1)} ${Y(at, value).toFixed(1)}`;
      pen = true;
    });
    const end = line.values[last];
    const share = end === null ? null : (end - ranges[last][0]) / (ranges[last][1] - ranges[last][0]);
    const node = svg("path", { d: path || "M0 0", class: "curve" });
    node.style.stroke = colour(share);
    return { ...line, node };
  });
  const picture = svg("svg", { viewBox: `0 0 ${WIDE} ${TALL}`, class: "picture" }, ...shown.map((line) => line.node));
  const said = el("span", "name"), count = el("span", "soft");
  const keep = el("button", "", "Keep only these"), clear = el("button", "", "Clear");
  const chosen = axes.map(() => null);
  const inside = (line) => chosen.every((range, at) => range === null
    || (line.values[at] !== null && line.values[at] >= range[0] && line.values[at] <= range[1]));
  const marks = axes.map(() => svg("rect", { class: "chosen", width: 16, height: 0 }));
  const redraw = () => {
    const kept = shown.filter(inside);
    for (const line of shown) line.node.classList.toggle("out", !inside(line));
    const any = chosen.some(Boolean);
    count.textContent = any ? `${kept.length} of ${shown.length} runs` : `${shown.length} runs · drag along an axis to keep a range`;
    keep.hidden = !any || !kept.length;
    clear.hidden = !any;
    keep.onclick = () => setTriggerValue("keep", kept.map((line) => line.id));
  };
  clear.onclick = () => { chosen.fill(null); marks.forEach((mark) => mark.setAttribute("height", 0)); redraw(); };
  axes.forEach((axis, at) => {
    const title = svg("text", { x: X(at), y: 14, class: "title" });
    title.textContent = clip(axis.name, 22);
    picture.append(svg("line", { x1: X(at), x2: X(at), y1: PAD.top, y2: TALL - PAD.bottom, class: "axis" }), title);
    const [low, high] = ranges[at];
    const ticks = axis.names ? axis.names.slice(0, 24).map((name, place) => [place, clip(name, 14)])
      : [0, 0.25, 0.5, 0.75, 1].map((share) => low + (high - low) * share).map((value) => [value, short(value)]);
    for (const [value, text] of ticks) {
      if (value < low || value > high) continue;
      const node = svg("text", { x: X(at) + 7, y: Y(at, value) + 3.5, class: "tick" });
      node.textContent = text;
      picture.append(node);
    }
    const handle = svg("rect", { x: X(at) - 14, y: PAD.top - 8, width: 28, height: TALL - PAD.top - PAD.bottom + 16, class: "handle" });
    marks[at].setAttribute("x", X(at) - 8);
    let from = null;
    const place = (event) => {
      const box = picture.getBoundingClientRect();
      const y = ((event.clientY - box.top) / box.height) * TALL;
      return Math.max(PAD.top, Math.min(TALL - PAD.bottom, y));
    };
    handle.addEventListener("pointerdown", (event) => { from = place(event); handle.setPointerCapture(event.pointerId); });
    handle.addEventListener("pointermove", (event) => {
      if (from === null) return;
      const to = place(event);
      const [top, bottom] = [Math.min(from, to), Math.max(from, to)];
      if (bottom - top < 3) return;
      chosen[at] = [back(at, bottom), back(at, top)];
      marks[at].setAttribute("y", top);
      marks[at].setAttribute("height", bottom - top);
      redraw();
    });
    handle.addEventListener("pointerup", () => { from = null; });
    picture.append(marks[at], handle);
  });
  const near = (event) => {
    const box = picture.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * WIDE, y = ((event.clientY - box.top) / box.height) * TALL;
    const at = Math.max(0, Math.min(last - 1, Math.floor(((x - PAD.left) / (WIDE - PAD.left - PAD.right)) * last)));
    let best = null, least = 12;
    for (const line of shown) {
      const [a, b] = [line.values[at], line.values[at + 1]];
      if (a === null || b === null || a === undefined || b === undefined || !inside(line)) continue;
      const share = (x - X(at)) / (X(at + 1) - X(at));
      const off = Math.abs(Y(at, a) + (Y(at + 1, b) - Y(at, a)) * share - y);
      if (off < least) { least = off; best = line; }
    }
    return best;
  };
  let over = null;
  picture.addEventListener("pointermove", (event) => {
    const found = near(event);
    if (found === over) return;
    if (over) over.node.classList.remove("on");
    over = found;
    said.textContent = over ? over.name : "";
    if (over) { over.node.classList.add("on"); picture.insertBefore(over.node, picture.querySelector(".axis")); }
  });
  picture.addEventListener("dblclick", () => { if (over) setTriggerValue("open", over.id); });
  redraw();
  root.replaceChildren(el("div", "frame", el("div", "top", count, said, el("span", "grow"), keep, clear), picture));
}
