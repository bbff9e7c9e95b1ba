'use strict';
// Put into the page of `sprat serve` by .ci/stages/report, as exercise.js is into a report: asks for details, and for a codelet's story.
const wrong = [];
window.addEventListener('error', (e) => wrong.push('error: ' + e.message));
window.addEventListener('unhandledrejection', (e) => wrong.push('rejected: ' + e.reason));
const until = async (what, is) => { for (let i = 0; i < 400; i++) { if (is()) return; await new Promise((done) => setTimeout(done, 10)); } wrong.push(what); };
window.addEventListener('load', async () => {
  const $ = (id) => document.getElementById(id), canvas = $('timeline'), area = canvas.getBoundingClientRect();
  const pointer = (kind, x, y) => canvas.dispatchEvent(new PointerEvent(kind, { clientX: area.left + x, clientY: area.top + y, pointerId: 1, bubbles: true }));
  canvas.setPointerCapture = () => {};
  const kind = document.querySelector('#kinds tbody td span').firstChild.textContent.trim();
  // A search goes to the first codelet of that name, close up, and tells its story.
  $('search').value = kind; $('search').dispatchEvent(new Event('input'));
  $('next').click();
  await until('no story comes', () => !$('story').hidden && $('story').textContent.includes(kind));
  const first = $('story').dataset.task;
  await until('no detail comes', () => document.documentElement.dataset.detail === 'yes');
  // It is in the middle, on one of the rows: hovering has its number, and a click its story.
  let told = false;
  for (let row = 0; row < 2 && !told; row++) { pointer('pointermove', 58 + (area.width - 58) / 2, 32 + row * 26); told = $('tip').textContent.includes('(#' + first + ')'); }
  if (!told) wrong.push('hovering does not tell of #' + first + ': ' + $('tip').textContent);
  $('next').click();
  await until('there is no next one', () => $('story').dataset.task !== first);
  // Who made it ready, or spawned it, is a button that leads to that one's story.
  const link = $('story').querySelector('button'), now = $('story').dataset.task;
  if (!link) wrong.push('the story names no other codelet'); else { link.click(); await until('a link leads nowhere', () => $('story').dataset.task !== now); }
  // By keyboard.
  canvas.focus();
  canvas.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
  $('search').value = 'nobody is called so'; $('search').dispatchEvent(new Event('input')); $('next').click();
  await until('nobody is found', () => $('found').textContent === 'nothing is called so');
  document.documentElement.dataset.checked = wrong.length === 0 ? 'all is well' : wrong.join('; ');
});
