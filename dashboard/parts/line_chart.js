// Curves of metrics. data: {title, series: [{name, points: [[x, y, low, high]], raw: [[x, y]]}], x_label, height, log}
// Low and high (of the values that a point stands for) are drawn as a band, raw is what was smoothed.
const COLOURS = ["#4f6bed", "#e0763a", "#0d9488", "#b8479e", "#8a9a1b", "#7c5cf0", "#c2413a", "#2c8fc9"];
const WIDE = 640;
const NAMED = 12;

function nice(low, high, count) {
  const span = high - low || Math.abs(high) || 1;
  const power = 10 ** Math.floor(Math.log10(span / count));
  const step = [1, 2, 2.5, 5, 10].map((n) => n * power).find((n) => n >= span / count) || power;
  const marks = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step * 1e-6 && marks.length < 20; at += step) marks.push(at);
  return marks;
}

function decades(low, high) {
  const marks = [];
  const step = Math.max(1, Math.ceil((high - low) / 6));
  for (let at = Math.ceil(low); at <= high; at += step) marks.push(at);
  return marks.length > 1 ? marks : nice(low, high, 3);
}

const short = (value) => Number(value.toPrecision(4)).toLocaleString("en", { maximumSignificantDigits: 4 });

function ends(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) { if (value < low) low = value; if (value > high) high = value; }
  return [low, high];
}

const nearest = (points, x) =>
  points.reduce((best, p) => (Math.abs(p[0] - x) < Math.abs(best[0] - x) ? p : best), points[0]);

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".root");
  const tall = data.height || 180;
  const pad = { left: 52, right: 10, top: 8, bottom: 20 };
  const drawn = (y) => (data.log ? y > 0 : true);
  const scale = (y) => (data.log ? Math.log10(y) : y);
  const series = data.series.map((one) => ({ ...one, points: one.points.filter((p) => drawn(p[1])) }));
  const points = series.flatMap((one) => one.points);
  const top = el("div", "top", el("b", "", data.title || ""));
  if (!points.length) {
    const why = data.log && data.series.some((one) => one.points.length) ? "No value above zero to draw on a logarithmic axis." : "No finite values.";
    root.replaceChildren(el("div", "chart", top, el("div", "soft", why)));
    return;
  }
  let [x0, x1] = ends(points.map((p) => p[0]));
  let [y0, y1] = ends(points.flatMap((p) => [p[1], p[2] ?? p[1], p[3] ?? p[1]]).filter(drawn).map(scale));
  if (x0 === x1) { x0 -= 0.5; x1 += 0.5; }
  const room = (y1 - y0 || Math.abs(y1) || 1) * 0.06;
  [y0, y1] = [y0 - room, y1 + room];
  const X = (x) => pad.left + ((x - x0) / (x1 - x0)) * (WIDE - pad.left - pad.right);
  const Y = (y) => tall - pad.bottom - ((scale(y) - y0) / (y1 - y0)) * (tall - pad.top - pad.bottom);
  const level = (at) => Y(data.log ? 10 ** at : at);
  const path = (line) => line.filter((p) => drawn(p[1])).map((p) => `${X(p[0]).toFixed(1)},${Y(p[1]).toFixed(1)}`).join(" ");
  const picture = svg("svg", { viewBox: `0 0 ${WIDE} ${tall}`, class: "picture" });
  for (const at of data.log ? decades(y0, y1) : nice(y0, y1, 4)) {
    const text = svg("text", { x: pad.left - 6, y: level(at) + 3.5, class: "tick end" });
    text.textContent = short(data.log ? 10 ** at : at);
    picture.append(svg("line", { x1: pad.left, x2: WIDE - pad.right, y1: level(at), y2: level(at), class: "grid" }), text);
  }
  for (const at of nice(x0, x1, 6)) {
    const text = svg("text", { x: X(at), y: tall - 5, class: "tick mid" });
    text.textContent = short(at);
    picture.append(text);
  }
  series.forEach((one, index) => {
    const colour = COLOURS[index % COLOURS.length];
    const banded = one.points.filter((p) => p.length > 3 && p[2] !== null && drawn(p[2]));
    if (banded.length > 1) {
      const low = banded.map((p) => [p[0], p[2]]);
      const band = svg("polygon", { class: "band", points: `${path(banded.map((p) => [p[0], p[3]]))} ${path(low.reverse())}` });
      band.style.fill = colour;
      picture.append(band);
    }
    if (one.raw) {
      const raw = svg("polyline", { class: "curve raw", points: path(one.raw) });
      raw.style.stroke = colour;
      picture.append(raw);
    }
    const line = svg("polyline", { class: series.length > NAMED ? "curve thin" : "curve", points: path(one.points) });
    line.style.stroke = colour;
    picture.append(line);
    if (one.points.length <= 40 && series.length <= NAMED) {
      for (const [x, y] of one.points) {
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
  const values = series.slice(0, NAMED).map((one, index) => {
    const value = el("b", "mono", "");
    const square = el("span", "square");
    square.style.background = COLOURS[index % COLOURS.length];
    keys.append(el("span", "entry", square, el("span", "label", one.name), value));
    return value;
  });
  if (series.length > NAMED) keys.append(el("span", "soft", `and ${series.length - NAMED} more`));
  const where = el("span", "soft");
  const show = (x) => values.forEach((value, index) => {
    const own = series[index].points;
    value.textContent = own.length ? short((x === null ? own.at(-1) : nearest(own, x))[1]) : "";
  });
  picture.addEventListener("pointermove", (event) => {
    const box = picture.getBoundingClientRect();
    const x = x0 + (((event.clientX - box.left) / box.width) * WIDE - pad.left) / (WIDE - pad.left - pad.right) * (x1 - x0);
    const near = nearest(points, x)[0];
    rule.style.display = "";
    rule.setAttribute("x1", X(near));
    rule.setAttribute("x2", X(near));
    where.textContent = `${data.x_label || "step"} ${short(near)}`;
    show(near);
  });
  picture.addEventListener("pointerleave", () => { rule.style.display = "none"; where.textContent = ""; show(null); });
  show(null);
  top.append(where);
  root.replaceChildren(el("div", "chart", top, picture, keys));
}
