'use strict';
// One page, no libraries: what is drawn comes from the JSON above it. Times are in nanoseconds.
const data = JSON.parse(document.getElementById('data').textContent);
const { analysis, timeline } = data;
const $ = (id) => document.getElementById(id);

// ---- figures, as in the text report
const short = (n) => n < 10 ? n.toFixed(2) : n < 100 ? n.toFixed(1) : n.toFixed(0);
const scaled = (n, steps, unit) => { for (const [one, name] of steps) if (n >= one) return short(n / one) + ' ' + name; return Math.round(n) + ' ' + unit; };
const time = (ns) => scaled(ns, [[1e9, 's'], [1e6, 'ms'], [1e3, 'µs']], 'ns');
const bytes = (n) => scaled(n, [[1e12, 'TB'], [1e9, 'GB'], [1e6, 'MB'], [1e3, 'kB']], 'B');
const share = (part) => { const p = part * 100; return p > 0 && p < 1 ? p.toFixed(1) + '%' : p.toFixed(0) + '%'; };
const count = (n) => n.toLocaleString('en-US');

// ---- small elements
function el(name, attributes, ...children) {
  const svg = ['svg', 'rect', 'path', 'text', 'line', 'title', 'g', 'pattern', 'defs'].includes(name);
  const one = svg ? document.createElementNS('http://www.w3.org/2000/svg', name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) one.setAttribute(key, value);
  one.append(...children.filter((child) => child !== null && child !== undefined));
  return one;
}
function table(heads, rows) {
  const head = el('tr', {}, ...heads.map((h) => el('th', { scope: 'col' }, h)));
  const body = rows.map((row) => el('tr', {}, ...row.map((cell) => el('td', {}, cell))));
  return el('div', { class: 'scroll' }, el('table', {}, el('thead', {}, head), el('tbody', {}, ...body)));
}

// ---- what an engine does at a moment, or why it does nothing: a colour, and a pattern that tells it without colours
const CLASSES = [
  ['running', 'runs codelets'], ['spawning', 'body of a scope'], ['runtime', "runtime's own work"], ['dependences', 'waits for dependences'],
  ['data', 'waits for data'], ['elsewhere', 'waits for the CE or a queue'], ['parked', 'parked: nothing is spawned'],
];
const PARTS = { running: (s) => s.running, spawning: (s) => s.body, runtime: (s) => s.runtime, dependences: (s) => s.why.dependences, data: (s) => s.why.data, elsewhere: (s) => s.why.ready_elsewhere, parked: (s) => s.why.nothing };
const SHARES = CLASSES.length, BIN = SHARES + 2;
let colours = {}, fills = {};
function pattern(context, name) {
  const tile = document.createElement('canvas'); tile.width = tile.height = 8;
  const c = tile.getContext('2d');
  c.fillStyle = colours[name]; c.fillRect(0, 0, 8, 8);
  c.strokeStyle = colours.paper; c.lineWidth = 1.5; c.beginPath();
  if (name === 'runtime') { c.moveTo(-2, 6); c.lineTo(6, -2); c.moveTo(2, 10); c.lineTo(10, 2); }
  if (name === 'spawning') { c.moveTo(0, 2); c.lineTo(8, 2); c.moveTo(0, 6); c.lineTo(8, 6); }
  if (name === 'dependences') { c.moveTo(0, 0); c.lineTo(8, 8); c.moveTo(8, 0); c.lineTo(0, 8); }
  if (name === 'elsewhere') { c.moveTo(2, 0); c.lineTo(2, 8); c.moveTo(6, 0); c.lineTo(6, 8); }
  if (name === 'data') { c.rect(1.5, 1.5, 2, 2); c.rect(5.5, 5.5, 2, 2); }
  c.stroke();
  return context.createPattern(tile, 'repeat');
}
function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ['paper', 'ink', 'soft', 'line', 'panel', 'mark', ...CLASSES.map((c) => c[0])]) colours[name] = style.getPropertyValue('--' + name).trim();
  for (const [name] of CLASSES) fills[name] = name === 'running' || name === 'parked' ? colours[name] : pattern(pen, name);
}

// ---- the timeline's data: arrays in base64
function unpack(text, Kind) {
  const raw = atob(text), all = new Uint8Array(raw.length);
  for (let at = 0; at < raw.length; at++) all[at] = raw.charCodeAt(at);
  return new Kind(all.buffer);
}
const unit = timeline.unit_ns, wall = Math.max(analysis.wall_ns, 1);
const list = (one) => ({ start: unpack(one.start, Uint32Array), length: unpack(one.length, Uint32Array), kind: unpack(one.kind, Uint16Array), row: one.row ? unpack(one.row, Uint16Array) : null });
const nested = (one) => { const all = list(one); all.holders = []; for (let i = 0; i + 1 < all.start.length; i++) if (all.start[i + 1] < all.start[i] + all.length[i]) all.holders.push(i); return all; };
const rows = timeline.rows.map((row) => ({ name: row.name, whole: row.whole, tasks: nested(row.tasks), gaps: nested(row.gaps), levels: row.levels.map((level) => unpack(level, Uint8Array)) }));
const chain = nested(timeline.chain);
const names = timeline.names;

const canvas = $('timeline'), pen = canvas.getContext('2d');
const LEFT = 58, TOP = 20, ROW = rows.length > 24 ? 14 : 26;
// What `sprat serve` has told of the part that is looked at: all of it, where the page itself has levels of detail.
const served = data.served === true;
let detail = null, asked = null, chosen = null;
let from = 0, to = wall, match = null, found = [], at = -1, showChain = false, width = 0, height = 0;

function resize() {
  const scale = window.devicePixelRatio || 1;
  width = canvas.clientWidth; height = TOP + rows.length * ROW + 8;
  canvas.style.height = height + 'px';
  canvas.width = Math.round(width * scale); canvas.height = Math.round(height * scale);
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  draw();
}
const x = (ns) => LEFT + (ns - from) / (to - from) * (width - LEFT);
const ns = (px) => from + (px - LEFT) / (width - LEFT) * (to - from);
// The last one that begins before a moment. They come by their starts, and do not overlap but for those that hold others: see holders.
function first(tasks, moment) {
  let low = 0, high = tasks.start.length;
  while (low < high) { const mid = (low + high) >> 1; if (tasks.start[mid] * unit < moment) low = mid + 1; else high = mid; }
  return Math.max(0, low - 1);
}
// Those before a place that reach over others up to a moment: bodies of scopes that help.
const holders = (tasks, before, moment) => tasks.holders.filter((i) => i < before && (tasks.start[i] + tasks.length[i]) * unit >= moment);
function step(span) {
  const rough = span / 8, power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((m) => m * power).find((m) => m >= rough);
}
function draw() {
  pen.fillStyle = colours.paper; pen.fillRect(0, 0, width, height);
  pen.font = '12px system-ui, sans-serif'; pen.textBaseline = 'middle';
  const each = Math.max(1, step(to - from));
  for (let tick = Math.ceil(from / each) * each; tick < to; tick += each) {
    pen.fillStyle = colours.line; pen.fillRect(x(tick), TOP - 4, 1, height);
    pen.fillStyle = colours.soft; pen.fillText(time(tick), x(tick) + 3, 9);
  }
  const exact = detail !== null && detail.from <= from && detail.to >= to;
  (exact ? detail.rows : rows).forEach((row, number) => {
    const top = TOP + number * ROW, tall = ROW - 4;
    pen.save(); pen.beginPath(); pen.rect(LEFT, top, width - LEFT, tall); pen.clip();
    const begin = first(row.tasks, from), gap = first(row.gaps, from);
    let end = begin, gaps = gap;
    while (end < row.tasks.start.length && row.tasks.start[end] * unit < to && end - begin < 6000) end++;
    while (gaps < row.gaps.start.length && row.gaps.start[gaps] * unit < to && gaps - gap < 6000) gaps++;
    const few = end - begin < 6000 && gaps - gap < 6000;
    const finest = row.levels.length ? (row.levels[row.levels.length - 1].length / BIN) * (to - from) / wall : 0;
    // Where the shortest were left out what they took shows behind the others.
    if (!few || !row.whole) drawBins(row, top, tall);
    if (few && (row.whole || finest < 400)) {
      for (let i = gap; i < gaps; i++) { pen.fillStyle = fills[CLASSES[row.gaps.kind[i]][0]]; box(row.gaps, i, top, tall); }
      for (const i of holders(row.tasks, begin, from)) drawTask(row.tasks, i, top, tall);
      for (let i = begin; i < end; i++) drawTask(row.tasks, i, top, tall);
    }
    pen.restore();
    pen.fillStyle = colours.ink; pen.fillText(row.name, 4, top + tall / 2);
  });
  if (showChain) drawChain();
  if (served && !exact) ask();
  $('range').textContent = time(from) + ' – ' + time(to) + ' (' + time(to - from) + ')';
}
function box(tasks, i, top, tall) {
  const left = x(tasks.start[i] * unit), right = x((tasks.start[i] + tasks.length[i]) * unit);
  pen.fillRect(left, top, Math.max(right - left, .6), tall);
  return [left, right];
}
function drawTask(tasks, i, top, tall) {
  const hit = match === null || match.has(tasks.kind[i]);
  pen.globalAlpha = hit ? 1 : .18;
  pen.fillStyle = timeline.spawns.includes(tasks.kind[i]) ? fills.spawning : fills.running;
  const [left, right] = box(tasks, i, top, tall);
  if (right - left > 3) { pen.fillStyle = colours.paper; pen.fillRect(right - 1, top, 1, tall); }
  if (right - left > 34 && ROW > 20) {
    pen.save(); pen.beginPath(); pen.rect(left, top, right - left - 2, tall); pen.clip();
    pen.fillStyle = colours.paper; pen.fillText(names[tasks.kind[i]], Math.max(left, LEFT) + 4, top + tall / 2 + 1); pen.restore();
  }
  pen.globalAlpha = 1;
}
// Too many to draw each: of each piece of time, how much of it went where. A level is bins of nine bytes: seven shares and a kind.
function drawBins(row, top, tall) {
  const wanted = (width - LEFT) * wall / (to - from);
  const level = row.levels.find((one) => one.length / BIN >= wanted) || row.levels[row.levels.length - 1];
  if (!level) return;
  const bins = level.length / BIN, each = wall / bins;
  for (let bin = Math.max(0, Math.floor(from / each)); bin < bins && bin * each < to; bin++) {
    const kind = level[bin * BIN + SHARES] | level[bin * BIN + SHARES + 1] << 8;
    const left = x(bin * each), wide = Math.max(x((bin + 1) * each) - left, .6);
    let y = top + tall;
    CLASSES.forEach(([name], c) => {
      const part = level[bin * BIN + c] / 255 * tall;
      if (part === 0) return;
      pen.globalAlpha = name === 'running' && match !== null && !match.has(kind) ? .18 : 1;
      pen.fillStyle = fills[name]; y -= part; pen.fillRect(left, y, wide + .5, part);
    });
    pen.globalAlpha = 1;
  }
}
function drawChain() {
  pen.strokeStyle = colours.mark; pen.lineWidth = 2; pen.beginPath();
  let before = null;
  for (let i = first(chain, from); i < chain.start.length; i++) {
    const start = chain.start[i] * unit, end = start + chain.length[i] * unit;
    if (start > to && before !== null) break;
    if (chain.row[i] >= rows.length) { before = null; continue; }
    const y = TOP + chain.row[i] * ROW + ROW / 2 - 2;
    if (before) { pen.moveTo(before[0], before[1]); pen.lineTo(x(start), y); }
    pen.moveTo(x(start), y); pen.lineTo(Math.max(x(end), x(start) + 1), y);
    before = [x(end), y];
  }
  pen.stroke();
}
function look(a, b) {
  const span = Math.min(Math.max(b - a, 50), wall), start = Math.min(Math.max(a, 0), wall - span);
  [from, to] = [start, start + span]; draw();
}
function zoom(factor, around) { const centre = around ?? (from + to) / 2; look(centre - (centre - from) * factor, centre + (to - centre) * factor); }
const move = (part) => look(from + (to - from) * part, to + (to - from) * part);

// ---- what lies under the pointer
function under(px, py) {
  const number = Math.floor((py - TOP) / ROW);
  if (number < 0 || number >= rows.length || px < LEFT) return null;
  const exact = detail !== null && detail.from <= from && detail.to >= to;
  const row = (exact ? detail.rows : rows)[number], moment = ns(px), slack = (to - from) / (width - LEFT);
  for (const [tasks, work] of [[row.tasks, true], [row.gaps, false]]) {
    let best = -1;
    const begin = first(tasks, moment - slack), near = holders(tasks, begin, moment - slack);
    for (let i = begin; i < tasks.start.length && tasks.start[i] * unit <= moment + slack; i++) near.push(i);
    for (const i of near) {
      if ((tasks.start[i] + tasks.length[i]) * unit >= moment - slack) { if (best < 0 || tasks.length[i] < tasks.length[best]) best = i; }
    }
    if (best >= 0) {
      if (work && row.at) return { task: row.at[best], text: names[tasks.kind[best]] + ' (#' + row.at[best] + ')\n' + row.name + ', for ' + time(tasks.length[best] * unit) + ' from ' + time(tasks.start[best] * unit) + '\nEnter or a click tells its story' };
      const what = work ? names[tasks.kind[best]] : CLASSES[tasks.kind[best]][1];
      return { text: what + '\n' + row.name + ', for ' + time(tasks.length[best] * unit) + ' from ' + time(tasks.start[best] * unit) };
    }
  }
  return { text: row.name + ' at ' + time(moment) };
}
function tip(event) {
  const area = canvas.getBoundingClientRect(), what = under(event.clientX - area.left, event.clientY - area.top);
  $('tip').hidden = what === null;
  chosen = what && what.task !== undefined ? what.task : null;
  if (what === null) return;
  $('tip').textContent = what.text;
  $('tip').style.left = Math.min(event.clientX + 14, window.innerWidth - 260) + 'px';
  $('tip').style.top = event.clientY + 16 + 'px';
}
let held = null;
canvas.addEventListener('pointerdown', (e) => { held = [e.clientX, from, to]; canvas.setPointerCapture(e.pointerId); });
canvas.addEventListener('pointerup', (e) => { if (served && held && Math.abs(held[0] - e.clientX) < 3 && chosen !== null) story(chosen); held = null; });
canvas.addEventListener('pointermove', (e) => {
  if (held) { const by = (held[0] - e.clientX) / (width - LEFT) * (held[2] - held[1]); look(held[1] + by, held[2] + by); }
  tip(e);
});
canvas.addEventListener('pointerleave', () => { $('tip').hidden = true; });
canvas.addEventListener('wheel', (e) => { e.preventDefault(); zoom(e.deltaY > 0 ? 1.25 : .8, ns(e.clientX - canvas.getBoundingClientRect().left)); tip(e); }, { passive: false });

// ---- search
function search(text) {
  const asked = text.trim().toLowerCase();
  match = asked === '' ? null : new Set(names.map((name, kind) => [name, kind]).filter(([name]) => name.toLowerCase().includes(asked)).map(([, kind]) => kind));
  found = []; at = -1;
  let all = 0;
  if (match) {
    rows.forEach((row, number) => { for (let i = 0; i < row.tasks.start.length; i++) if (match.has(row.tasks.kind[i])) { if (found.length < 20000) found.push([row.tasks.start[i], row.tasks.length[i], number]); } });
    found.sort((a, b) => a[0] - b[0]);
    for (const row of analysis.kinds) if (match.has(row.kind)) all += row.count;
  }
  $('found').textContent = match ? count(all) + ' codelets of ' + match.size + ' kinds' : '';
  draw();
}
function next() {
  if (served) { further(); return; }
  if (found.length === 0) return;
  at = (at + 1) % found.length;
  const [start, length] = found[at], span = Math.min(to - from, Math.max(length * unit * 12, wall / 200));
  look(start * unit - span / 2 + length * unit / 2, start * unit + span / 2 + length * unit / 2);
}
function toggleChain() { showChain = !showChain; $('path').setAttribute('aria-pressed', showChain); draw(); }
$('search').addEventListener('input', (e) => search(e.target.value));
$('search').addEventListener('keydown', (e) => { if (e.key === 'Enter') next(); });
$('next').addEventListener('click', next); $('path').addEventListener('click', toggleChain);
$('in').addEventListener('click', () => zoom(.5)); $('out').addEventListener('click', () => zoom(2)); $('all').addEventListener('click', () => look(0, wall));
document.addEventListener('keydown', (e) => {
  if (e.target.tagName === 'INPUT' || e.ctrlKey || e.metaKey || e.altKey) return;
  const keys = { '+': () => zoom(.5), '=': () => zoom(.5), '-': () => zoom(2), '0': () => look(0, wall), n: next, c: toggleChain, '/': () => $('search').focus() };
  if (document.activeElement === canvas) Object.assign(keys, { ArrowLeft: () => move(-.2), ArrowRight: () => move(.2), ArrowUp: () => zoom(.5), ArrowDown: () => zoom(2) });
  if (keys[e.key]) { e.preventDefault(); keys[e.key](); }
});

// ---- what `sprat serve` knows beyond this page
const get = (address) => fetch(address).then((answer) => answer.ok ? answer.json() : answer.text().then((why) => { throw new Error(why); })).catch((e) => { $('found').textContent = 'sprat serve: ' + e.message; return null; });
function ask() {
  clearTimeout(asked);
  asked = setTimeout(async () => {
    // A little more than is seen, so that small moves need no answer.
    const span = to - from, a = Math.max(0, Math.floor(from - span / 4)), b = Math.min(wall, Math.ceil(to + span / 4));
    if (detail && detail.tooMuch && a <= detail.from && b >= detail.to) return;
    const told = await get(`timeline?from=${a}&to=${b}`);
    if (!told) return;
    if (told.too_much) { detail = { from: a, to: a, tooMuch: true, rows: [] }; return; }
    detail = { from: a, to: b >= wall ? Infinity : b, rows: told.rows.map((row, i) => ({ name: rows[i].name, whole: true, tasks: nested(row.tasks), gaps: nested(row.gaps), levels: rows[i].levels, at: unpack(row.at, Uint32Array) })) };
    draw();
    document.documentElement.dataset.detail = 'yes';
  }, 100);
}
let nextFrom = 0;
async function further() {
  const text = $('search').value.trim();
  if (text === '') return;
  let hit = await get(`next?text=${encodeURIComponent(text)}&from=${nextFrom}`);
  if (!hit && nextFrom > 0) hit = await get(`next?text=${encodeURIComponent(text)}&from=0`);
  if (!hit) { $('found').textContent = 'nothing is called so'; return; }
  nextFrom = hit.task + 1;
  const length = hit.end_ns - hit.start_ns, span = Math.min(to - from, Math.max(length * 12, 2000));
  look(hit.start_ns - span / 2 + length / 2, hit.start_ns + span / 2 + length / 2);
  story(hit.task);
}
async function story(task) {
  const told = await get(`task?at=${task}`);
  if (!told) return;
  const link = (one) => { const b = el('button', { type: 'button' }, `${one.name} (#${one.task})`); b.addEventListener('click', () => story(one.task)); return b; };
  const several = (some) => some.count === 0 ? 'none' : el('span', {}, count(some.count) + ': ', ...some.first.flatMap((one) => [link(one), ' ']));
  const wait = REASONS.filter(([reason]) => told.waits[reason] > 0).map(([reason, text]) => `${time(told.waits[reason])} ${text}`).join(', ') || 'not at all';
  const lines = [
    ['what', `${told.sort} #${told.task} ${told.name}` + (told.graph === null ? '' : `, graph ${told.graph}` + (told.round === null ? '' : `, round ${told.round}`))], ['spawned at', told.place || '?'],
    ['spawned', `${time(told.spawn_ns)} after the start`], ['by', told.spawned_by ? link(told.spawned_by) : 'nobody that the trace names'],
    ['ready', `${time(told.ready_ns - told.spawn_ns)} later`], ['made ready by', told.made_ready_by ? link(told.made_ready_by) : 'its spawn, or something outside'],
    ['ran', `on XE ${told.engine}, ${time(told.start_ns - told.ready_ns)} later, for ${time(told.end_ns - told.start_ns)}` + (told.stolen ? ', taken from another engine' : '')],
    ['waited', wait], ['asked for', told.asked_for.join(', ') || 'no place'], ['critical path', told.on_critical_path ? 'is on it' : 'is not on it'],
    ['blocks', told.accesses.length ? table(['block', 'how', 'bytes', 'home'], told.accesses.map((a) => [a.block, a.mode, bytes(a.bytes), a.home === null ? '?' : a.home])) : 'none'],
    ['spawned these', several(told.spawned)], ['made these ready', several(told.made_ready)],
    ['spans', told.spans.map((s) => `${s.name} for ${time(s.end_ns - s.start_ns)}`).join(', ') || 'none'],
  ];
  $('story').replaceChildren(...lines.flatMap(([key, value]) => [el('dt', {}, key), el('dd', {}, value)]));
  $('h-story').hidden = $('story').hidden = false;
  $('story').dataset.task = told.task;
}
// By keyboard: what is in the middle of the first row that runs something there.
function middle() {
  for (let number = 0; number < rows.length; number++) {
    const what = under(x((from + to) / 2), TOP + number * ROW + 2);
    if (what && what.task !== undefined) { story(what.task); return; }
  }
}
if (served) canvas.addEventListener('keydown', (e) => { if (e.key === 'Enter') middle(); });
$('search').addEventListener('input', () => { nextFrom = 0; });
if (served) $('search').placeholder = 'codelet, block, or #number';

// ---- the rest of the page
const about = analysis.about;
document.title = 'Sprat: ' + (about.program || 'a run');
$('title').textContent = (about.program || 'a run') + ' ' + (about.arguments || '');
$('about').textContent = `${count(analysis.codelets)} codelets on ${analysis.xes} engines in ${time(analysis.in_scopes_ns)}; trace of ${time(wall)}`;
const where = Array.from({ length: analysis.xes }, (_, xe) => (about['xe ' + xe] || '').match(/^cpu (\d+) core (\d+) region (\d+) domain (\d+)/)).map((m, xe) => m ? `XE ${xe}: cpu ${m[1]} (region ${m[3]}, domain ${m[4]})` : `XE ${xe}: ?`);
const pinned = (about.pinned === 'no' ? 'not pinned; planned: ' : '') + where.slice(0, 64).join('; ') + (where.length > 64 ? `; and ${where.length - 64} more, below` : '');
for (const [key, value] of [
  ['date', about.started ? new Date(about.started * 1000).toISOString().slice(0, 19).replace('T', ' ') + ' UTC' : '?'], ['machine', about.machine || '?'], ['engines', pinned],
  ['control engines', `${about['ce mode'] || '?'} (${about['ce reason'] || '?'})`], ['version', `Sprat ${about.version || '?'}`],
]) $('facts').append(el('dt', {}, key), el('dd', {}, value));
$('findings').append(...analysis.findings.map((f) => el('li', { 'data-id': f.id }, f.text + '.', el('span', { class: 'next' }, 'Next: ' + f.next + '.'))));

function split(one) {
  const parts = CLASSES.map(([name]) => PARTS[name](one)), all = parts.reduce((sum, part) => sum + part, 0) || 1, bar = el('canvas', { width: 420, height: 18, role: 'img' });
  bar.style.cssText = 'width:420px;height:18px;cursor:default'; bar.dataset.split = JSON.stringify(parts.map((part) => part / all));
  bar.setAttribute('aria-label', CLASSES.map(([, text], i) => text + ' ' + share(parts[i] / all)).join(', '));
  return ['XE ' + one.xe, bar, ...parts.map((part) => share(part / all)), share(one.parked / all)];
}
$('engines').append(table(['engine', '', ...CLASSES.map((c) => c[1]), '(asleep)'], analysis.engines.map(split)));
function paintBars() {
  document.querySelectorAll('canvas[data-split]').forEach((bar) => {
    const c = bar.getContext('2d'); let left = 0;
    c.clearRect(0, 0, bar.width, bar.height);
    JSON.parse(bar.dataset.split).forEach((part, i) => { c.fillStyle = fills[CLASSES[i][0]]; c.fillRect(left, 0, part * bar.width, bar.height); left += part * bar.width; });
  });
  document.querySelectorAll('.legend canvas').forEach((bar) => { const c = bar.getContext('2d'); c.fillStyle = fills[bar.dataset.name]; c.fillRect(0, 0, bar.width, bar.height); });
}
$('legend').append(...CLASSES.map(([name, text]) => { const c = el('canvas', { width: 26, height: 13 }); c.dataset.name = name; return el('li', {}, c, text); }));

function series() {
  const { running, ready } = analysis.series, wide = 1200, tall = 150, most = Math.max(1, analysis.xes, ...running, ...ready);
  const line = (values) => values.map((v, i) => `${i ? 'L' : 'M'}${(i / values.length * wide).toFixed(1)},${(tall - v / most * (tall - 14)).toFixed(1)}`).join('');
  const xes = tall - analysis.xes / most * (tall - 14);
  return el('svg', { viewBox: `0 0 ${wide} ${tall + 22}`, width: '100%', role: 'img', 'aria-label': 'how many codelets were ready and running over time' },
    el('line', { x1: 0, x2: wide, y1: xes, y2: xes, stroke: 'var(--line)', 'stroke-dasharray': '2 4' }),
    el('path', { d: line(ready), fill: 'none', stroke: 'var(--runtime)', 'stroke-width': 1.5, 'stroke-dasharray': '5 3' }),
    el('path', { d: line(running), fill: 'none', stroke: 'var(--running)', 'stroke-width': 2 }),
    el('text', { x: 2, y: 11, fill: 'var(--soft)', 'font-size': 12 }, short(most)),
    el('text', { x: 2, y: tall + 18, fill: 'var(--running)', 'font-size': 13 }, '— running'),
    el('text', { x: 90, y: tall + 18, fill: 'var(--runtime)', 'font-size': 13 }, '- - ready, not begun'),
    el('text', { x: wide, y: tall + 18, 'text-anchor': 'end', fill: 'var(--soft)', 'font-size': 12 }, time(wall)));
}
$('series').append(series());

const bounds = analysis.bounds, idle = analysis.idle;
$('bounds').append(
  el('p', {}, `It took ${time(bounds.took_ns)}. No fewer than ${time(bounds.by_work_ns)} are needed for the work on ${analysis.xes} engines, and ${time(bounds.by_path_ns)} for the longest chain of tasks that wait for each other, the critical path, of which there are ${count(analysis.chain.tasks)}; those were ready and had not begun for ${time(analysis.chain.queued_ns)}.`),
  el('p', {}, `Engines had nothing to run for ${time(idle.ready_elsewhere + idle.dependences + idle.data + idle.nothing)}: for ${time(idle.dependences)} all that was spawned waited for others, for ${time(idle.data)} for data on its way, for ${time(idle.ready_elsewhere)} something was ready in another queue or with the control engine, for ${time(idle.nothing)} nothing was spawned.`),
  ...(analysis.awaited.length ? [table(['engines waited until one of these had ended', 'time of engines'], analysis.awaited.slice(0, 12).map((w) => [w.name, time(w.time_ns)]))] : []),
  table(['of the longest chain', 'tasks', 'time', 'share'], analysis.chain.links.slice(0, 12).map((l) => [l.name, count(l.count), time(l.time_ns), share(l.time_ns / Math.max(1, bounds.by_path_ns))])),
  el('p', {}, 'If a kind cost nothing, the run would take about:'),
  table(['kind', 'bound', 'run'], analysis.free.slice(0, 50).map((f) => [f.name, time(f.least_ns), time(f.takes_ns)])));

function histogram(bins) {
  const most = Math.max(...bins, 1), lowest = bins.findIndex((n) => n > 0), shown = bins.slice(lowest), one = 7;
  return el('svg', { width: shown.length * one + 2, height: 26, role: 'img', 'aria-label': 'how long they took' }, ...shown.map((n, i) =>
    el('rect', { x: i * one, y: 26 - Math.max(n > 0 ? 2 : 0, n / most * 26), width: one - 1, height: Math.max(n > 0 ? 2 : 0, n / most * 26), fill: 'var(--running)' },
      el('title', {}, `${count(n)} took ${time(2 ** (lowest + i))} to ${time(2 ** (lowest + i + 1))}`))));
}
const REASONS = [['dependences', 'for others'], ['data', 'for data'], ['engines', 'no engine free'], ['control', 'for the CE or a queue'], ['affinity', 'bound'], ['priority', 'low priority']];
$('kinds').append(table(['kind', 'count', 'total', 'least', 'median', '99%', 'most', 'how long'], analysis.kinds.slice(0, 200).map((k) => [
  el('span', {}, k.name + ' ', el('span', { class: 'place' }, k.place)), count(k.count), time(k.total_ns), time(k.min_ns), time(k.median_ns), time(k.p99_ns), time(k.max_ns), histogram(k.histogram)])),
  el('h3', {}, 'How long each waited on average, and for what'),
  table(['kind', ...REASONS.map((r) => r[1])], analysis.kinds.slice(0, 200).map((k) => [k.name, ...REASONS.map(([reason]) => time(k.waits[reason] / k.count))])),
  ...Object.entries(analysis.left_out || {}).map(([name, more]) => el('p', { class: 'hint' }, `${count(more)} more of ${name} are not on this page; sprat serve shows all.`)));
if (analysis.memory.length) $('memory').append(table(['memory region', 'blocks', 'bytes', 'read', 'written', 'of both from other regions', 'blocks that came', 'that left'], analysis.memory.map((m) => [
  m.region === 65535 ? '?' : m.region, count(m.blocks), bytes(m.bytes), bytes(m.read_bytes), bytes(m.written_bytes), bytes(m.remote_bytes), bytes(m.came_bytes), bytes(m.left_bytes)])));
else $('memory').append(el('p', {}, 'No block was used.'));
$('blocks').append(analysis.blocks.length === 0 ? el('p', {}, 'None was used.') :
  table(['block', 'home', 'used', 'changed', 'read', 'written', 'from other regions', 'by'], analysis.blocks.slice(0, 50).map((b) => [
    b.name, b.home === 65535 ? '?' : b.home, count(b.times), count(b.writes), bytes(b.read_bytes), bytes(b.written_bytes), bytes(b.remote_bytes), b.by])));
const region = (r) => r === 65535 ? '?' : r, value = (n) => n === null ? '?' : String(+n.toPrecision(6));
$('moves').append(analysis.moves.length === 0 ? el('p', {}, 'None moved.') :
  table(['from region', 'to region', 'moved', 'bytes', 'copied', 'bytes'], analysis.moves.map((m) => [region(m.from), region(m.to), count(m.moved), bytes(m.moved_bytes), count(m.copied), bytes(m.copied_bytes)])));
if (analysis.counters.length + analysis.spans.length === 0) $('users').append(el('p', {}, 'The program has none.'));
if (analysis.counters.length) $('users').append(table(['counter', 'values', 'least', 'mean', 'most', 'last'], analysis.counters.map((c) => [c.name, count(c.samples), value(c.least), value(c.mean), value(c.most), value(c.last)])));
if (analysis.spans.length) $('users').append(table(['span', 'count', 'total', 'median', 'most'], analysis.spans.map((s) => [s.name, count(s.count), time(s.total_ns), time(s.median_ns), time(s.max_ns)])));
$('machine').append(table(['', ''], Object.entries(about).map(([key, value]) => [key, el('span', { class: 'left' }, value)])));

// ---- at last
function theme() { readColours(); paintBars(); draw(); }
readColours(); resize(); paintBars();
window.addEventListener('resize', resize);
window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', theme);
document.documentElement.dataset.ready = 'yes';
