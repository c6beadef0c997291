// Runs as points. data: {x, y, colour, points: [{id, name, x, y, c}], log_x, log_y}; c is a share of 1 or null.
// Event: open id.
const WIDE = 1000, TALL = 420, PAD = { left: 64, right: 20, top: 12, bottom: 40 };
const short = (value) => Number(value.toPrecision(4)).toLocaleString("en", { maximumSignificantDigits: 4 });

function nice(low, high, count) {
  const span = high - low || Math.abs(high) || 1;
  const power = 10 ** Math.floor(Math.log10(span / count));
  const step = [1, 2, 2.5, 5, 10].map((n) => n * power).find((n) => n >= span / count) || power;
  const marks = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step * 1e-6 && marks.length < 20; at += step) marks.push(at);
  return marks;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  const points = data.points;
  const said = el("span", "name"), head = el("div", "top", el("span", "soft", `${points.length} runs`), said);
  if (!points.length) {
    root.replaceChildren(el("div", "frame", head, el("div", "soft", "No run has a number for both.")));
    return;
  }
  const range = (key) => {
    let [low, high] = [Infinity, -Infinity];
    for (const point of points) { low = Math.min(low, point[key]); high = Math.max(high, point[key]); }
    const room = (high - low || Math.abs(high) || 1) * 0.05;
    return [low - room, high + room];
  };
  const [x0, x1] = range("x"), [y0, y1] = range("y");
  const X = (x) => PAD.left + ((x - x0) / (x1 - x0)) * (WIDE - PAD.left - PAD.right);
  const Y = (y) => TALL - PAD.bottom - ((y - y0) / (y1 - y0)) * (TALL - PAD.top - PAD.bottom);
  const picture = svg("svg", { viewBox: `0 0 ${WIDE} ${TALL}`, class: "picture" });
  const label = (text, attributes) => { const node = svg("text", attributes); node.textContent = text; picture.append(node); };
  for (const at of nice(y0, y1, 5)) {
    picture.append(svg("line", { x1: PAD.left, x2: WIDE - PAD.right, y1: Y(at), y2: Y(at), class: "grid" }));
    label(short(at), { x: PAD.left - 8, y: Y(at) + 3.5, class: "tick end" });
  }
  for (const at of nice(x0, x1, 8)) label(short(at), { x: X(at), y: TALL - PAD.bottom + 16, class: "tick mid" });
  label(data.x, { x: (WIDE + PAD.left) / 2, y: TALL - 6, class: "title" });
  label(data.y, { x: 0, y: 0, class: "title", transform: `translate(12 ${TALL / 2}) rotate(-90)` });
  for (const point of points) {
    const dot = svg("circle", { cx: X(point.x).toFixed(1), cy: Y(point.y).toFixed(1), r: points.length > 80 ? 3.4 : 5, class: "dot", tabindex: 0, role: "button" });
    dot.setAttribute("aria-label", point.name);
    dot.style.fill = point.c === null || point.c === undefined ? "var(--accent)" : `hsl(${(235 - point.c * 205).toFixed(0)} 68% 52%)`;
    const tell = () => { said.textContent = `${point.name} · ${data.x} ${short(point.x)} · ${data.y} ${short(point.y)}`; };
    dot.addEventListener("pointerenter", tell);
    dot.addEventListener("focus", tell);
    dot.addEventListener("click", () => setTriggerValue("open", point.id));
    dot.addEventListener("keydown", (event) => { if (event.key === "Enter") setTriggerValue("open", point.id); });
    picture.append(dot);
  }
  root.replaceChildren(el("div", "frame", head, picture));
}
