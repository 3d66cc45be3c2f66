// Runs inside the page at the end of loading, and leaves what it found in the document for the test to read.
(() => {
  const seen = (element) => {
    const style = getComputedStyle(element);
    if (style.visibility === 'hidden' || style.display === 'none') return false;
    const painted = (paint, opacity) => paint !== 'none' && !/, 0\)$/.test(paint) && Number(opacity) > 0;
    const box = element.getBBox();
    const filled = painted(style.fill, style.fillOpacity) && box.width > 0 && box.height > 0;
    const drawn = painted(style.stroke, style.strokeOpacity) && parseFloat(style.strokeWidth) > 0 &&
        (box.width > 0 || box.height > 0);
    return filled || drawn;
  };
  // Grid lines alone are no plot.
  const marks = [...document.querySelectorAll('svg')].map((svg) =>
    [...svg.querySelectorAll('rect, circle, path, line')]
        .filter((it) => !it.matches('.grid, .fault, .limit') && seen(it)).length);
  // What a box of its own scrolls does not widen the page.
  const scrolled = (element) => element.closest('figure, .scroll') !== null;
  const luminance = (colour) => {
    const [r, g, b] = colour.match(/[\d.]+/g).slice(0, 3).map((it) => {
      const share = Number(it) / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (element) => {
    for (let it = element; it; it = it.parentElement) {
      const colour = getComputedStyle(it).backgroundColor;
      if (!/, 0\)$/.test(colour)) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const contrast = (element) => {
    const svg = element.closest('svg') !== null;
    const a = luminance(svg ? getComputedStyle(element).fill : getComputedStyle(element).color);
    const b = luminance(background(element));
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
  const texts = [...document.querySelectorAll('h1, h2, h3, p, td, th, li, summary, pre, svg text, .pill, .tile b, .tile span')]
      .filter((it) => it.textContent.trim() !== '');
  // A drawing that does not fit loses its text at the edge.
  const cut = [...document.querySelectorAll('svg text')].filter((it) => {
    const box = it.getBBox();
    const view = it.ownerSVGElement.viewBox.baseVal;
    return box.x < -0.5 || box.x + box.width > view.width + 0.5 || box.y + box.height > view.height + 0.5;
  });
  const report = {
    dark: matchMedia('(prefers-color-scheme: dark)').matches,
    background: luminance(background(document.body)),
    width: innerWidth,
    overflow: document.documentElement.scrollWidth - innerWidth,
    widest: [...document.querySelectorAll('body *')].filter((it) => !scrolled(it))
        .filter((it) => it.getBoundingClientRect().right > innerWidth + 0.5)
        .map((it) => `${it.tagName} ${it.className} ${it.textContent.trim().slice(0, 40)}`),
    headings: [...document.querySelectorAll('h2')].map((it) => it.textContent),
    marks,
    cut: cut.map((it) => it.textContent),
    faint: texts.filter((it) => contrast(it) < 3).map((it) => `${it.textContent.trim().slice(0, 40)} ${contrast(it).toFixed(2)}`),
  };
  const place = document.createElement('template');
  place.id = 'inspected';
  place.dataset.found = encodeURIComponent(JSON.stringify(report));
  document.body.append(place);
})();
