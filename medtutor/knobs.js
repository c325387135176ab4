// A figure that moves without a kernel: sliders choose among states that were computed beforehand.
// `script` follows an empty element and the figure in words, which knobs.py wrote and translations
// replace; `figure` is what knobs.py packed. All text goes in as text, never as HTML.
function knob(script, figure) {
  const words = script.previousElementSibling;
  const root = words.previousElementSibling;
  const places = figure.knobs.map((turned) => turned.start);
  const value = (k) => figure.knobs[k].values[places[k]];
  const minus = (text) => String(text).replace(/^-/, "\u2212");

  // Make an element from its attributes and children.
  const fill = (element, attributes, children) => {
    for (const name in attributes) element.setAttribute(name, attributes[name]);
    element.append(...children);
    return element;
  };
  const html = (name, attributes, ...children) =>
    fill(document.createElement(name), attributes, children);
  const svg = (name, attributes, ...children) =>
    fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
  const page = (panel, width, height, ...children) =>
    svg("svg", { width, height, role: "img", "aria-label": panel.title }, ...children);
  const write = (text, x, y, anchor, more) =>
    svg("text", { x, y, "text-anchor": anchor, fill: "currentColor", ...more }, minus(text));
  const outline = (d, more) => svg("path", { d, fill: "none", stroke: "currentColor", ...more });

  // The numbers of the present state; -32768 stands for NaN.
  const now = (array) => {
    array.all ??= array.values || unpack(array);
    const size = array.shape.reduce((a, b) => a * b, 1);
    const at = array.moves.reduce((sum, n, k) => sum * n + (places[k] % n), 0);
    return array.all.slice(at * size, (at + 1) * size);
  };
  const unpack = ({ data, digits }) => {
    const bytes = new DataView(Uint8Array.from(atob(data), (c) => c.charCodeAt(0)).buffer);
    return Array.from({ length: bytes.byteLength / 2 }, (_, k) => {
      const whole = bytes.getInt16(2 * k, true);
      return whole === -32768 ? NaN : whole / 10 ** digits;
    });
  };

  const draw = {
    // An image; the first two knobs are centre and width of its grey scale.
    window(panel) {
      const [rows, columns] = panel.image.shape;
      const [low, range] = [value(0) - value(1) / 2, +value(1)];
      const about = { width: columns, height: rows, role: "img", "aria-label": panel.title };
      const canvas = html("canvas", about);
      const picture = new ImageData(columns, rows);
      now(panel.image).forEach((number, k) => {
        const grey = (255 * (number - low)) / range;
        picture.data.set([grey, grey, grey, 255], 4 * k);
      });
      canvas.getContext("2d").putImageData(picture, 0, 0);
      const [black, white] = [low, low + range].map((end) => `${minus(end)} ${panel.unit}`);
      return html("div", {}, canvas, html("p", {}, black, html("i", {}), white));
    },

    // Curves and points on axes that stay.
    curves(panel, width) {
      const [left, right, top] = [56, width - 14, 14 + 18 * panel.curves.length];
      const bottom = top + 200;
      const place = (v, [low, high], from, to) =>
        from + ((Math.min(high, Math.max(low, v)) - low) / (high - low)) * (to - from);
      const x = (v) => place(v, panel.xlim, left, right);
      const y = (v) => place(v, panel.ylim, bottom, top);
      const drawn = page(panel, width, bottom + 44, outline(`M${left},${top}V${bottom}H${right}`),
        write(panel.xlabel, (left + right) / 2, bottom + 36, "middle"),
        write(panel.ylabel, 0, 0, "middle", { transform: `translate(13,${bottom - 100}) rotate(-90)` }));
      panel.xticks.forEach((tick) => drawn.append(
        outline(`M${x(tick)},${bottom}v4`), write(tick, x(tick), bottom + 17, "middle")));
      panel.yticks.forEach((tick) => drawn.append(
        outline(`M${left},${y(tick)}h-4`), write(tick, left - 7, y(tick) + 4, "end")));
      const line = (points) => "M" + points.map((at) => at.map((n) => n.toFixed(1))).join("L");
      const dots = (points) => points.map((at) => `M${at}m-5,0a5,5 0 1 0 10,0a5,5 0 1 0-10,0`).join("");
      panel.curves.forEach((curve, k) => {
        const ys = now(curve.y);
        const points = now(curve.x).map((v, n) => [x(v), y(ys[n])]).filter((at) => at.every(isFinite));
        const [key, shape] = [18 * k + 9, curve.dots ? dots : line];
        const look = { stroke: curve.ink, "stroke-width": 2, "stroke-dasharray": curve.dash,
          fill: curve.dots ? curve.ink : "none" };
        drawn.append(outline(shape(points.concat(curve.dots ? [[left + 16, key]] : [])), look),
          write(curve.name, left + 40, key + 4, "start"));
        if (!curve.dots) drawn.append(outline(`M${left},${key}h32`, look));
      });
      return drawn;
    },

    // A table of numbers, tinted by sign and size; NaN is no cell. A frame shows a window.
    cells(panel, width) {
      const [rows, columns] = panel.cells.shape;
      const [down, across] = panel.heads;
      const left = down.length ? 12 + 7.5 * Math.max(...down.map((name) => name.length)) : 2;
      const top = across.length ? 22 : 2;
      const side = Math.min(panel.side, (width - left - 2) / columns);
      const size = { "font-size": Math.min(13, side * 0.42) };
      const [numbers, tinted] = [now(panel.cells), now(panel.tinted)];
      const most = Math.max(...numbers.filter(isFinite).map(Math.abs)) || 1;
      const drawn = page(panel, left + side * columns + 2, top + side * rows + 2);
      numbers.forEach((number, n) => {
        if (isNaN(number)) return;
        const [x, y] = [left + side * (n % columns), top + side * Math.floor(n / columns)];
        const ink = tinted[n] ? "#767676" : number > 0 ? "#56B4E9" : "#E69F00";
        const strength = tinted[n] ? 0.35 : (0.4 * Math.abs(number)) / most;
        drawn.append(
          outline(`M${x},${y}h${side}v${side}h-${side}z`, { stroke: "#767676", fill: ink, "fill-opacity": strength }),
          write(+number.toFixed(2), x + side / 2, y + side / 2 + 4, "middle", size));
      });
      down.forEach((name, k) => drawn.append(write(name, left - 6, top + side * (k + 0.5) + 4, "end")));
      across.forEach((name, k) => drawn.append(write(name, left + side * (k + 0.5), 15, "middle")));
      const [i, j, h, w] = now(panel.frame).map((n) => n * side);
      if (h) drawn.append(outline(`M${left + j},${top + i}h${w}v${h}h-${w}z`, { stroke: "#D55E00", "stroke-width": 3 }));
      return drawn;
    },
  };

  const says = html("output", { class: "says" });
  const drawings = html("div", { class: "panels" });
  const show = () => {
    const told = figure.numbers.map((array) => now(array)[0]);
    says.textContent = figure.says.replace(/\{:\.(\d)f\}/g, (_, digits) => {
      const number = told.shift();
      return number === null ? "?" : minus(number.toFixed(digits));
    });
    drawings.replaceChildren(...figure.panels.map((panel) => {
      const width = Math.min(panel.wide, root.clientWidth || 320);
      return html("div", {}, html("b", {}, panel.title), draw[panel.kind](panel, width));
    }));
  };
  const sliders = figure.knobs.map((turned, k) => {
    const shown = html("output", { "aria-live": "off" }); // the slider itself says its value
    const ends = { min: 0, max: turned.values.length - 1, value: turned.start };
    const slider = html("input", { type: "range", ...ends, "aria-label": turned.label });
    const turn = () => {
      places[k] = +slider.value;
      shown.textContent = minus(value(k));
      slider.setAttribute("aria-valuetext", shown.textContent);
    };
    turn();
    slider.addEventListener("input", () => { turn(); show(); });
    return html("label", {}, html("span", {}, turned.label), slider, shown);
  });
  // On a screen the still picture before this one is hidden, on paper this one.
  const style = html("style", {}, `
    .knob { max-width: 47rem; margin: 0.5em 0; }
    .knob label { display: flex; flex-wrap: wrap; align-items: center; gap: 0 0.8em; margin: 0.3em 0; }
    .knob label span { flex: 0 1 13em; }
    .knob input { flex: 1 1 9em; height: 1.8em; accent-color: #0072B2; }
    .knob label output { flex: 0 0 6.5em; }
    .knob .says { display: block; margin: 0.6em 0; min-height: 1.6em; }
    .knob .panels { display: flex; flex-wrap: wrap; gap: 0.5em 1em; }
    .knob svg, .knob canvas { display: block; max-width: 100%; font: 13px sans-serif; }
    .knob canvas { width: 320px; image-rendering: pixelated; }
    .knob p { display: flex; gap: 0.5em; align-items: center; margin: 0.4em 0; }
    .knob i { flex: 1; height: 0.9em; border: 1px solid #767676; background: linear-gradient(to right, black, white); }
    @media screen { .cell_output > :has(+ * .knob), .jp-OutputArea-child:has(+ * .knob) { display: none; } }
    @media print { .knob { display: none; } }`);
  const about = { class: "knob", role: "group", "aria-label": words.lastChild.textContent, "data-lm-suppress-shortcuts": true };
  fill(root, about, [style, ...sliders, says, drawings]);
  root.addEventListener("keydown", (event) => event.stopPropagation()); // arrows are the slider's
  new ResizeObserver(() => requestAnimationFrame(show)).observe(root);
  show();
}
