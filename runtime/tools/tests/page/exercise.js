'use strict';
// Put into a report by .ci/stages/report: does what a reader would, and leaves what it found in the page's root element.
const wrong = [];
window.addEventListener('error', (e) => wrong.push('error: ' + e.message));
window.addEventListener('load', () => {
  const canvas = document.getElementById('timeline'), area = canvas.getBoundingClientRect(), range = document.getElementById('range');
  const pixels = () => canvas.toDataURL();
  const is = (what, so) => { if (!so) wrong.push(what); };
  const changes = (what, act) => { const before = pixels(), said = range.textContent; act(); is(what + ' changes nothing', pixels() !== before || range.textContent !== said); };
  const pointer = (kind, x, y) => canvas.dispatchEvent(new PointerEvent(kind, { clientX: area.left + x, clientY: area.top + y, pointerId: 1, bubbles: true }));
  const key = (name, on) => (on || document.body).dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true }));
  canvas.setPointerCapture = () => {};
  is('the page has not drawn itself', document.documentElement.dataset.ready === 'yes');
  is('no finding', document.querySelectorAll('#findings li').length > 0);
  is('no kind', document.querySelectorAll('#kinds tbody tr').length > 0);
  // Hover: over each pixel of the first row, until a codelet is told.
  const tip = document.getElementById('tip'), kind = document.querySelector('#kinds tbody td span').firstChild.textContent.trim();
  let told = false;
  for (let row = 0; row < 2; row++) for (let x = 60; x < area.width && !told; x += 2) { pointer('pointermove', x, 32 + row * 26); told = !tip.hidden && tip.textContent.includes(kind); }
  is('hovering tells of no ' + kind, told);
  const whole = range.textContent;
  changes('the wheel', () => canvas.dispatchEvent(new WheelEvent('wheel', { deltaY: -100, clientX: area.left + 300, clientY: area.top + 30, bubbles: true, cancelable: true })));
  is('the wheel does not zoom', range.textContent !== whole);
  changes('dragging', () => { pointer('pointerdown', 400, 30); pointer('pointermove', 300, 30); pointer('pointerup', 300, 30); });
  changes('the key +', () => key('+'));
  canvas.focus();
  changes('an arrow', () => key('ArrowRight', canvas));
  key('0'); is('0 does not show all', range.textContent === whole);
  // Close up each moment of a row is told of, also where a body of a scope holds many others.
  for (let i = 0; i < 12; i++) key('+');
  for (let x = 70; x < area.width; x += 20) { pointer('pointermove', x, 32); is('nothing is told of a moment: ' + tip.textContent, !/^XE \d+ at /.test(tip.textContent)); }
  key('0');
  changes('the chain', () => key('c'));
  const search = document.getElementById('search');
  changes('a search for nothing that is there', () => { search.value = 'no such codelet'; search.dispatchEvent(new Event('input')); });
  is('it is found', document.getElementById('found').textContent.startsWith('0 '));
  search.value = kind; search.dispatchEvent(new Event('input'));
  is('nothing found', parseInt(document.getElementById('found').textContent, 10) > 0);
  changes('the next match', () => key('n'));
  // The header has all that it should, and each diagnosis looks different without any colour.
  const facts = document.getElementById('facts').textContent;
  for (const fact of ['date', 'machine', 'XE 0: cpu', 'control engines', 'version']) is('the header has no ' + fact, facts.includes(fact));
  const greys = [...document.querySelectorAll('.legend canvas')].map((bar) => {
    const { data } = bar.getContext('2d').getImageData(0, 0, bar.width, bar.height);
    return Array.from({ length: data.length / 4 }, (_, i) => .3 * data[4 * i] + .59 * data[4 * i + 1] + .11 * data[4 * i + 2]);
  });
  is('there are no seven diagnoses', greys.length === 7);
  greys.forEach((one, i) => greys.slice(0, i).forEach((other, j) => {
    const apart = one.reduce((sum, grey, at) => sum + Math.abs(grey - other[at]), 0) / one.length;
    is(`diagnoses ${j} and ${i} look alike without colours: ${apart}`, apart > 8);
  }));
  // Each control can be reached by keyboard, and has a name.
  document.querySelectorAll('button, input, canvas[tabindex]').forEach((one) => is('a control without a name', (one.textContent || one.getAttribute('aria-label') || (one.labels && one.labels[0] && one.labels[0].textContent)) && one.tabIndex >= 0));
  document.documentElement.dataset.checked = wrong.length === 0 ? 'all is well' : wrong.join('; ');
});
