// Curves of metrics. data: {series: [{name, points: [[x, y]]}], x_label, height}
const COLOURS = ["#4f6bed", "#e0763a", "#0d9488", "#b8479e", "#8a9a1b", "#7c5cf0", "#c2413a", "#2c8fc9"];
const WIDE = 640;

function nice(low, high, count) {
  const span = high - low || Math.abs(high) || 1;
  const power = 10 ** Math.floor(Math.log10(span / count));
  const step = [1, 2, 2.5, 5, 10].map((n) => n * power).find((n) => n >= span / count) || power;
  const marks = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step * 1e-6 && marks.length < 20; at += step) marks.push(at);
  return marks;
}

const short = (value) => Number(value.toPrecision(4)).toLocaleString("en", { maximumSignificantDigits: 4 });

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".root");
  const tall = data.height || 180;
  const pad = { left: 48, right: 10, top: 8, bottom: 20 };
  const points = data.series.flatMap((series) => series.points);
  if (!points.length) { root.replaceChildren(el("div", "soft", "No finite values.")); return; }
  let [x0, x1] = [Math.min(...points.map((p) => p[0])), Math.max(...points.map((p) => p[0]))];
  let [y0, y1] = [Math.min(...points.map((p) => p[1])), Math.max(...points.map((p) => p[1]))];
  if (x0 === x1) { x0 -= 0.5; x1 += 0.5; }
  const room = (y1 - y0 || Math.abs(y1) || 1) * 0.06;
  [y0, y1] = [y0 - room, y1 + room];
  const X = (x) => pad.left + ((x - x0) / (x1 - x0)) * (WIDE - pad.left - pad.right);
  const Y = (y) => tall - pad.bottom - ((y - y0) / (y1 - y0)) * (tall - pad.top - pad.bottom);
  const picture = svg("svg", { viewBox: `0 0 ${WIDE} ${tall}`, class: "picture" });
  for (const at of nice(y0, y1, 4)) {
    const text = svg("text", { x: pad.left - 6, y: Y(at) + 3.5, class: "tick end" });
    text.textContent = short(at);
    picture.append(svg("line", { x1: pad.left, x2: WIDE - pad.right, y1: Y(at), y2: Y(at), class: "grid" }), text);
  }
  for (const at of nice(x0, x1, 6)) {
    const text = svg("text", { x: X(at), y: tall - 5, class: "tick mid" });
    text.textContent = short(at);
    picture.append(text);
  }
  data.series.forEach((series, index) => {
    const colour = COLOURS[index % COLOURS.length];
    const line = svg("polyline", { class: "curve", points: series.points.map(([x, y]) => `${X(x).toFixed(1)},${Y(y).toFixed(1)}`).join(" ") });
    line.style.stroke = colour;
    picture.append(line);
    if (series.points.length <= 40) {
      for (const [x, y] of series.points) {
        const dot = svg("circle", { cx: X(x), cy: Y(y), r: 2.4 });
        dot.style.fill = colour;
        picture.append(dot);
      }
    }
  });
  const rule = svg("line", { y1: pad.top, y2: tall - pad.bottom, class: "rule" });
  rule.style.display = "none";
  picture.append(rule);
  const keys = el("div", "keys");
  const values = data.series.map((series, index) => {
    const value = el("b", "mono", "");
    const square = el("span", "square");
    square.style.background = COLOURS[index % COLOURS.length];
    keys.append(el("span", "entry", square, el("span", "label", series.name), value));
    return value;
  });
  const where = el("span", "soft");
  const show = (x) => data.series.forEach((series, index) => {
    const near = x === null ? series.points.at(-1)
      : series.points.reduce((best, p) => (Math.abs(p[0] - x) < Math.abs(best[0] - x) ? p : best), series.points[0]);
    values[index].textContent = near ? short(near[1]) : "";
  });
  picture.addEventListener("pointermove", (event) => {
    const box = picture.getBoundingClientRect();
    const x = x0 + (((event.clientX - box.left) / box.width) * WIDE - pad.left) / (WIDE - pad.left - pad.right) * (x1 - x0);
    const near = points.reduce((best, p) => (Math.abs(p[0] - x) < Math.abs(best[0] - x) ? p : best), points[0])[0];
    rule.style.display = "";
    rule.setAttribute("x1", X(near));
    rule.setAttribute("x2", X(near));
    where.textContent = `${data.x_label || "step"} ${short(near)}`;
    show(near);
  });
  picture.addEventListener("pointerleave", () => { rule.style.display = "none"; where.textContent = ""; show(null); });
  show(null);
  root.replaceChildren(el("div", "chart", el("div", "top", el("b", "", data.title || ""), where), picture, keys));
}
