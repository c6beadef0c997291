// One column over another. data: {points: [[x, y]], kind: bar|line|dots, x, y, times}
const WIDE = 1000;
const TALL = 300;
const FOOT = 26;
const MOST_BARS = 60;

// Round numbers that divide a range into about n steps.
function steps(low, high, n) {
  const raw = (high - low) / n || 1;
  const size = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((times) => times * size).find((each) => each >= raw);
  const marks = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step * 1e-6; at += step) marks.push(Number(at.toPrecision(12)));
  return marks;
}

function short(number) {
  const size = Math.abs(number);
  if (size >= 1e9) return `${+(number / 1e9).toFixed(1)} B`;
  if (size >= 1e6) return `${+(number / 1e6).toFixed(1)} M`;
  if (size >= 1e4) return `${+(number / 1e3).toFixed(1)} k`;
  return String(+number.toPrecision(4));
}

function bars(data) {
  const shown = data.points.slice(0, MOST_BARS);
  const top = Math.max(...shown.map((point) => Math.abs(point[1])), 0) || 1;
  const rows = shown.map(([x, y]) => {
    const bar = el("span", y < 0 ? "fill t-red" : "fill");
    bar.style.width = `${(Math.abs(y) / top) * 100}%`;
    const name = el("span", "name", String(data.times ? clock(x).join(" ") : x));
    name.title = String(x);
    return el("div", "bar-row", name, el("span", "lane", bar), el("span", "num", short(y)));
  });
  const rest = data.points.length - shown.length;
  return el("div", "bars", ...rows, rest > 0 ? el("div", "soft", `${rest.toLocaleString("en")} more rows are not drawn`) : null);
}

function plot(data) {
  const texts = data.points.some((point) => typeof point[0] !== "number");
  const points = data.points.map(([x, y], index) => [texts ? index : x, y]);
  if (data.kind === "line") points.sort((a, b) => a[0] - b[0]);
  const range = (values) => values.reduce(([low, high], each) => [Math.min(low, each), Math.max(high, each)], [Infinity, -Infinity]);
  const [left, right] = range(points.map((point) => point[0]));
  let [low, high] = range(points.map((point) => point[1]));
  if (low > 0 && low < high / 2) low = 0;
  const atX = (x) => ((x - left) / (right - left || 1)) * WIDE;
  const atY = (y) => TALL - ((y - low) / (high - low || 1)) * (TALL - 12);
  const inner = svg("svg", { viewBox: `0 0 ${WIDE} ${TALL}`, preserveAspectRatio: "none", class: "plot-area" });
  const frame = el("div", "frame", inner);
  for (const mark of steps(low, high, 5)) {
    inner.append(svg("line", { x1: 0, x2: WIDE, y1: atY(mark), y2: atY(mark), class: "grid" }));
    const text = el("span", "y-mark", short(mark));
    text.style.top = `${(atY(mark) / TALL) * 100}%`;
    frame.append(text);
  }
  if (data.kind === "line") {
    inner.append(svg("polyline", { points: points.map(([x, y]) => `${atX(x).toFixed(1)},${atY(y).toFixed(1)}`).join(" "), class: "stroke" }));
  } else {
    for (const [x, y] of points) inner.append(svg("line", { x1: atX(x), x2: atX(x) + 0.01, y1: atY(y), y2: atY(y), class: "dot-mark" }));
  }
  const foot = el("div", "foot");
  foot.style.height = `${FOOT}px`;
  const ends = texts ? [data.points[0][0], data.points.at(-1)[0]] : data.times ? [left, right].map((ms) => clock(ms).join(" ")) : [short(left), short(right)];
  foot.append(el("span", "", String(ends[0])), el("span", "soft", data.x), el("span", "", String(ends[1])));
  const tip = el("div", "tip");
  tip.hidden = true;
  frame.append(tip);
  frame.addEventListener("pointermove", (event) => {
    const box = frame.getBoundingClientRect();
    const wanted = left + ((event.clientX - box.left) / box.width) * (right - left);
    let best = 0;
    points.forEach((point, index) => { if (Math.abs(point[0] - wanted) < Math.abs(points[best][0] - wanted)) best = index; });
    const [x, y] = points[best];
    const name = texts ? data.points[best][0] : data.times ? clock(x).join(" ") : short(x);
    tip.replaceChildren(el("b", "", short(y)), el("div", "soft", String(name)));
    tip.style.left = `${(atX(x) / WIDE) * 100}%`;
    tip.style.top = `${(atY(y) / TALL) * 100}%`;
    tip.hidden = false;
  });
  frame.addEventListener("pointerleave", () => { tip.hidden = true; });
  return el("div", "", frame, foot);
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".root");
  if (!data.points.length) { root.replaceChildren(el("div", "soft", "No rows to draw.")); return; }
  root.replaceChildren(el("div", "chart", el("div", "soft title", data.y), data.kind === "bar" ? bars(data) : plot(data)));
}
